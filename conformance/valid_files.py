"""The valid files of the conformance set, each with the height that its expected picture is painted at.

Numbers are drawn evenly, without functions whose last bit depends on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chunks import join, split
from imagegs import Grain, encode
from imagegs.codec import Bits
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.lattice import Lattice
from imagegs.gaussians import Gaussians

USUAL = Lattice(10, -40, -64, -11, -66, cell=2)
NAMES = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}

NORMAL_MAP = {  # its whole numbers are written as 16.0 and 3.0, which are the same numbers in JSON
    "name": "Normal",
    "file": "Normal.png",
    "kind": "normal",
    "bit_depth": 16.0,
    "channels": 3.0,
    "color_space": "linear",
    "unit_length": True,
}


def drawn(n: int, channels: int = 3, seed: int = 0, **changes: Any) -> Gaussians:
    """n Gaussians at random on a canvas of 48 x 36 pixels."""
    rng = np.random.default_rng(seed)
    width, height = changes.get("width", 48), changes.get("height", 36)
    weight = 0 if changes.get("blend") == "paper" else 2
    names = NAMES.get(channels, tuple(f"channel {i}" for i in range(channels)))
    fields: dict[str, Any] = {
        "xy": rng.uniform(0, (width, height), (n, 2)),
        "scale": rng.uniform(0.02 * max(width, height) + 0.2, 0.2 * max(width, height) + 0.3, (n, 2)),
        "angle": rng.uniform(0, 3.1, n),
        "log_weight": rng.uniform(-weight, weight, n),
        "color": rng.uniform(0, 1, (n, channels)),
        "height": height,
        "width": width,
        "channels": names,
    }
    return Gaussians(**{**fields, **changes})


def coded(g: Gaussians, lattice: Lattice = USUAL, layers: Sequence[int] = (), **options: Any) -> bytes:
    """A coded file whose layers have so many Gaussians each, in the order given; one layer by default."""
    return encode(g.replace(layers=tuple(layers)), lattice, **options)


def with_unknown_chunks(data: bytes) -> bytes:
    """With skippable chunks of an unknown type behind every chunk but the last; an empty one too."""
    chunks = []
    for number, part in enumerate(split(data)):
        chunks += [part, (bytes([97 + number]) + b"xTr", bytes(range(5 * number)))]
    return join(chunks[:-1])


def at_the_limits() -> Gaussians:
    """The least and the greatest of all numbers, beside some in between that paint the picture."""
    g = drawn(6, seed=9)
    far = 2.0**20
    return g.replace(
        xy=[(-far, far), (far, -far), *g.xy[2:]],
        scale=[(far, 2**-10), (far, far), *g.scale[2:]],
        angle=[0, 3.14159, *g.angle[2:]],
        log_weight=[128, -128, *g.log_weight[2:]],
        color=[(-far, far, far), (far, -far, -far), *g.color[2:]],
    )


def far_outside() -> Any:
    """Centres of six Gaussians, canvases of 48 x 36 away."""
    return np.random.default_rng(12).uniform(-300, 300, (6, 2))


def fixed_point() -> Iterator[tuple[str, bytes, int]]:
    """Files with chunk GAUS."""
    eight, paper = Bits.parse("12,8,8,8,8"), drawn(7, blend="paper", seed=1)
    yield "fixed-softmax", encode(drawn(7), eight), 6
    yield "fixed-paper", encode(paper, eight), 6
    yield "fixed-one-gaussian", encode(drawn(1, seed=2), eight), 6
    yield "fixed-without-weights", encode(drawn(5, log_weight=np.zeros(5)), Bits(12, 8, 8, 0, 8)), 6
    yield "fixed-1-to-24-bits", encode(drawn(5, seed=4), Bits(24, 1, 7, 23, 9)), 6
    yield "fixed-gray-16-bit", encode(drawn(5, 1, seed=3, bit_depth=16), Bits()), 6
    yield "fixed-32-channels-1-pixel", encode(drawn(3, 32, seed=5, width=1, height=1), eight), 1
    yield "fixed-wrapping", encode(drawn(6, seed=11, wrap=True), eight), 6
    yield (
        "fixed-wrapping-from-outside",
        encode(drawn(6, seed=12, xy=far_outside(), wrap=True), Bits.parse("24")),
        6,
    )
    yield "fixed-at-the-limits", encode(at_the_limits(), Bits.parse("24")), 6
    metadata = {"software": "conformance", "nested": [{"ä": None}, 1.5, True]}
    yield (
        "fixed-metadata-unknown-chunks",
        with_unknown_chunks(encode(drawn(4, seed=6), eight, metadata=metadata)),
        6,
    )
    stack = drawn(4, seed=13, channels=3).replace(channels=("Normal.R", "Normal.G", "Normal.B"))
    yield "fixed-maps-with-decimal-points", encode(stack, eight, metadata={"maps": [NORMAL_MAP]}), 6


def with_color_transform(n: int) -> Lattice:
    """A lattice with a colour transform of n channels that has an inverse."""
    rng = np.random.default_rng(n)
    entries = np.clip(rng.integers(-40, 41, (n, n)) + 80 * np.eye(n, dtype=int), -128, 127)
    transform = ColorTransform(tuple(range(-2 * n, 2 * n, 4)), tuple(map(tuple, entries.tolist())))
    return replace(USUAL, color_transform=transform)


def at_the_limits_of_the_color_transform() -> bytes:
    """Colours that the transform makes larger than colours can be: they are clipped."""
    head, lattice, *rest = split(coded(drawn(6, seed=20), replace(USUAL, color=127)))
    return join([head, lattice, (b"TURN", b"\x7f" * 6 + b"\x80" * 6), *rest])


def grained() -> Iterator[tuple[str, bytes, int]]:
    """Files with chunk gRAN."""

    def levels(n: int) -> tuple[int, ...]:
        return tuple(np.random.default_rng(n).integers(0, 8, n).tolist())

    small = {"width": 27, "height": 18}
    data = coded(drawn(9, seed=30, **small), grain=Grain(4, 3, 60, levels(12)))
    yield "grain-coded", data, 6
    deep = drawn(4, 2, seed=31, bit_depth=16, **small)
    yield "grain-fixed-gray-alpha-16-bit", encode(deep, Bits(), grain=Grain(1, 1, 255, (1,))), 6
    data = coded(drawn(9, seed=32, wrap=True, **small), grain=Grain(5, 2, 33, levels(10)))
    yield "grain-wrapping-unknown-chunks", with_unknown_chunks(data), 6


def in_layers() -> Iterator[tuple[str, bytes, int]]:
    """Files with chunks LATT and LAYR."""
    yield "coded-one-layer", coded(drawn(20)), 6
    yield "coded-four-layers", coded(drawn(36, seed=1), layers=(1, 4, 9, 22)), 6
    yield "coded-one-gaussian", coded(drawn(1, seed=2)), 6
    yield "coded-without-weights", coded(drawn(9, log_weight=np.zeros(9)), layers=(3, 6)), 6
    yield "coded-gray-16-bit", coded(drawn(9, 1, seed=3, bit_depth=16)), 6
    yield "coded-gray-alpha", coded(drawn(9, 2, seed=4)), 6
    yield "coded-rgb-alpha", coded(drawn(9, 4, seed=5), layers=(4, 5)), 6
    yield "coded-32-channels", coded(drawn(3, 32, seed=6, width=8, height=6)), 3
    yield "coded-odd-canvas", coded(drawn(9, seed=7, width=501, height=13)), 1
    yield "coded-coarsest-lattice", coded(drawn(9, seed=8), Lattice(1, 40, 127, 40, -20, cell=15)), 6
    yield "coded-finest-lattice", coded(drawn(9, seed=9), Lattice(64, -128, -128, -128, -128, cell=0)), 6
    yield "coded-turned-colors", coded(drawn(12, 5, seed=20), with_color_transform(5), layers=(4, 8)), 6
    yield "coded-turned-beyond-all-limits", at_the_limits_of_the_color_transform(), 6
    yield "coded-wrapping", coded(drawn(20, seed=11, wrap=True), layers=(4, 16)), 6
    data = coded(drawn(20, seed=10), layers=(5, 15), metadata={"seed": 10})
    yield "coded-metadata-unknown-chunks", with_unknown_chunks(data), 6


def in_blocks() -> Iterator[tuple[str, bytes, int]]:
    """Files with chunk BLKS: 12 blocks, the last ones of a row and a column smaller."""
    yield "blocks-one-layer", coded(drawn(60, seed=41), block_side=16), 6
    yield "blocks-empty-in-layers", coded(drawn(40, seed=43), layers=(2, 9, 29), block_side=16), 6
    turned = coded(drawn(48, 5, seed=44), with_color_transform(5), layers=(8, 40), block_side=16)
    yield "blocks-turned-colors", turned, 6
    yield "blocks-wrapping", coded(drawn(40, seed=44, wrap=True), layers=(10, 30), block_side=32), 6
    yield "blocks-of-a-cell", coded(drawn(30, 1, seed=45, width=13, height=7), block_side=4), 6
    data = coded(drawn(40, seed=46), layers=(9, 31), block_side=32, metadata={"seed": 46})
    yield "blocks-metadata-unknown-chunks", with_unknown_chunks(data), 6
