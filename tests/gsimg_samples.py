"""Gaussians and .gsimg bytes that the codec's tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import chunks
from imagegs.codec import Bits, Lattice, encode, save
from imagegs.files import PathLike
from imagegs.gaussians import Gaussians

bits_of_any_size = st.builds(
    Bits,
    position=st.integers(1, 24),
    scale=st.integers(1, 24),
    angle=st.integers(1, 24),
    weight=st.integers(1, 24),
    color=st.integers(1, 24),
)


def encode_fixed(
    gaussians: Gaussians, coding: Bits | Lattice | None = None, metadata: dict[str, Any] | None = None
) -> bytes:
    """`encode`, in fixed point by default: any Gaussians, in their order, at little loss."""
    return encode(gaussians, coding or Bits(), metadata=metadata)


def save_fixed(
    path: PathLike,
    gaussians: Gaussians,
    coding: Bits | Lattice | None = None,
    metadata: dict[str, Any] | None = None,
) -> int:
    """`save`, in fixed point by default."""
    return save(path, gaussians, coding or Bits(), metadata=metadata)


def sample_gaussians(n: int = 5, blend: str = "softmax", seed: int = 1, **changes: Any) -> Gaussians:
    """n random Gaussians, RGB, on a canvas of 48 x 32 pixels; some centres lie outside."""
    random = np.random.default_rng(seed)
    fields: dict[str, Any] = {
        "xy": random.uniform(-5, 50, (n, 2)),
        "scale": np.exp(random.normal(1, 1, (n, 2))).clip(0.01, 99),
        "angle": random.uniform(-7, 7, n),
        "log_weight": random.normal(0, 2, n) if blend == "softmax" else np.zeros(n),
        "color": random.uniform(-0.1, 1.1, (n, 3)),
        "height": 32,
        "width": 48,
        "blend": blend,
    }
    return Gaussians(**{**fields, **changes})


def chunks_of(data: bytes) -> dict[bytes, bytes]:
    """The payloads of a valid file by type."""
    return dict(chunks.split(data))


def file_of(payloads: dict[bytes, bytes]) -> bytes:
    """A file of these chunks."""
    return chunks.join(payloads.items())


def _table(n: int, columns: int, lowest: float, highest: float) -> st.SearchStrategy[Any]:
    values = st.floats(lowest, highest, width=32)
    return arrays(np.float32, (n, columns), elements=values)


@st.composite
def any_gaussians(draw: st.DrawFn) -> Gaussians:
    """Whatever a file can hold: all limits reached, ties, one Gaussian, many channels."""
    n = draw(st.integers(1, 12))
    characters = st.characters(exclude_categories=("Cs", "Cc"))
    names = draw(st.lists(st.text(characters, min_size=1, max_size=9), min_size=1, max_size=32, unique=True))
    blend = draw(st.sampled_from(("paper", "softmax")))
    weight = 0.0 if blend == "paper" else 128.0
    return Gaussians(
        xy=draw(_table(n, 2, -(2.0**20), 2.0**20)),
        scale=draw(_table(n, 2, 2.0**-10, 2.0**20)),
        angle=draw(_table(n, 1, -1024, 1024))[:, 0],
        log_weight=draw(_table(n, 1, -weight, weight))[:, 0],
        color=draw(_table(n, len(names), -(2.0**20), 2.0**20)),
        height=draw(st.integers(1, 65535)),
        width=draw(st.integers(1, 4096)),
        channels=tuple(names),
        blend=blend,
        bit_depth=draw(st.sampled_from((8, 16))),
    )


def same(a: Gaussians, b: Gaussians) -> bool:
    """Whether two Gaussians are equal to the bit."""
    arrays_equal = all(
        getattr(a, name).tobytes() == getattr(b, name).tobytes()
        for name in ("xy", "scale", "angle", "log_weight", "color")
    )
    rest = ("height", "width", "channels", "blend", "bit_depth")
    return arrays_equal and all(getattr(a, name) == getattr(b, name) for name in rest)


def on_canvas(gaussians: Gaussians) -> Gaussians:
    """With centres moved to the edge where they lie beyond it, as coded files need."""
    return gaussians.replace(xy=gaussians.xy.clip(0, (gaussians.width, gaussians.height)))


def nested(depth: int) -> dict[str, Any]:
    """Metadata of objects within objects."""
    return {"a": nested(depth - 1)} if depth > 1 else {}
