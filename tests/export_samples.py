"""Scenes to export, with what `imagegs.sample` gives of them and where that is no matter of rounding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import imagegs
import oracle
from conftest import texture_pixels
from imagegs.cli import main
from imagegs.codec import Bits, save
from imagegs.gaussians import Gaussians
from imagegs.textures.map_list import TextureMap, to_metadata
from imagegs.textures.normals import with_unit_normals

SAFE = 1e-4  # nats between a point and a change of what it keeps
MOST_UNSAFE = 0.01  # share of the points
TOLERANCE = 1e-4  # a fortieth of a level of 8 bits
POINTS = 2048  # a multiple of 64

STACK = (
    TextureMap("AO", "AO.png", "occlusion", 8, 1, "linear", False),
    TextureMap("Color", "Color.png", "color", 8, 4, "srgb", False),
    TextureMap("rock height", "height.png", "displacement", 16, 1, "linear", False),
    TextureMap("Normal", "Normal.png", "normal", 8, 3, "linear", True),
)


class Scene(NamedTuple):
    gaussians: Gaussians
    maps: tuple[TextureMap, ...] = ()
    options: tuple[Any, ...] = ()


def stack() -> Scene:
    """9 channels, 300 Gaussians, some of them long and thin."""
    g = oracle.random_gaussians(np.random.default_rng(1), 300, 61, 97, 9, scales=(0.5, 20))
    return Scene(g.replace(channels=tuple(c for each in STACK for c in each.stack_channels)), STACK)


def picture() -> Scene:
    """A fit of an RGB picture, with small tiles."""
    return Scene(imagegs.fit(texture_pixels(), 200, steps=20, threads=1), (), ("--tile", 8))


def wrapping() -> Scene:
    """A canvas that repeats, with Gaussians that reach over its borders."""
    g = oracle.random_gaussians(np.random.default_rng(7), 60, 45, 70, 3, scales=(2, 25))
    return Scene(g.replace(channels=("R", "G", "B"), wrap=True))


def paper() -> Scene:
    """The other blend, with places where nothing is seen."""
    g = oracle.random_gaussians(np.random.default_rng(2), 60, 90, 130, 4, "paper", scales=(0.5, 5))
    return Scene(g.replace(channels=("R", "G", "B", "A")))


def sparse() -> Scene:
    """So few Gaussians that the cutoff decides what is seen."""
    g = oracle.random_gaussians(np.random.default_rng(6), 40, 90, 120, 3, scales=(3, 9))
    return Scene(g.replace(channels=("R", "G", "B")))


def channels() -> Scene:
    """32 maps of one channel; many Gaussians a point, tiles of 5 pixels."""
    g = oracle.random_gaussians(np.random.default_rng(3), 90, 40, 33, 32, scales=(6, 9))
    return Scene(g, (), ("--tile", 5))


def single() -> Scene:
    """One Gaussian."""
    one = Gaussians([[1, 2]], [[3, 0.5]], [0.3], [-2], [[0.25, 1.5]], height=3, width=5, channels=("Y", "A"))
    return Scene(one)


def ties() -> Scene:
    """23 Gaussians in one place, and a better one behind them: it and the first of the others are kept."""
    n = 24
    color = np.random.default_rng(4).uniform(0, 1, (n, 3))
    weight = np.where(np.arange(n) == n - 1, 1, 0)
    same = Gaussians([[8, 8]] * n, [[4, 4]] * n, [0] * n, weight, color, height=16, width=16)
    return Scene(same)


SCENES: dict[str, Callable[[], Scene]] = {
    f.__name__: f for f in (stack, picture, sparse, wrapping, paper, channels, single, ties)
}


class Exported(NamedTuple):
    file: Path
    folders: dict[str, Path]  # by target
    uv: np.ndarray  # (POINTS, 2) float32
    colors: dict[str, np.ndarray]  # by map: (POINTS, channels)
    safe: np.ndarray  # (POINTS,)


def export(name: str, folder: Path, targets: tuple[str, ...]) -> Exported:
    """A scene, written and exported by the command line."""
    scene = SCENES[name]()
    file = folder / f"{name}.gsimg"
    save(file, scene.gaussians, Bits.parse("24"), metadata=to_metadata(scene.maps))
    folders = {target: folder / f"{name}-{target}" for target in targets}
    for target in targets:
        assert main(["export", str(file), "--target", target, "--quiet", *map(str, scene.options)]) == 0
    g = imagegs.load(file)
    uv = np.random.default_rng(5).uniform(-0.05, 1.05, (POINTS, 2)).astype(np.float32)
    uv[:6] = [[0, 0], [1, 1], [0, 1], [1, 0], [0.5, 0.5], [-9, 9]]
    points = (uv if g.wrap else np.clip(uv, 0, 1)) * np.float32([g.width, g.height])
    safe = np.ones(POINTS, bool) if name == "ties" else oracle.selection_margin(g, points) > SAFE
    assert safe.mean() >= 1 - MOST_UNSAFE
    return Exported(file, folders, uv, _expected(g, scene.maps, points), safe)


def footprints(exported: Exported, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 2), the derivatives (n, 4) there, and the sides (n,) of these: 0.3 to 40 canvas pixels."""
    g = imagegs.load(exported.file)
    rng = np.random.default_rng(8)
    sides = np.exp(rng.uniform(np.log(0.3), np.log(40), n))
    turn, ratio = rng.uniform(0, 2 * np.pi, n), rng.uniform(0.3, 1, n)
    across = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    down = np.stack([-np.sin(turn), np.cos(turn)], axis=1) * ratio[:, None]
    slopes = np.concatenate([across, down], axis=1) * sides[:, None] / ([g.width, g.height] * 2)
    return exported.uv[:n], slopes.astype(np.float32), sides


def _expected(g: Gaussians, maps: tuple[TextureMap, ...], points: np.ndarray) -> dict[str, np.ndarray]:
    values = imagegs.sample(g, points)
    if not maps:
        if len(g.channels) <= 4:
            return {"Picture": values.clip(0, 1)}
        return {name: values[:, [i]].clip(0, 1) for i, name in enumerate(g.channels)}
    expected = {}
    for each in maps:
        own = values[:, [g.channels.index(channel) for channel in each.stack_channels]]
        own = with_unit_normals(own[np.newaxis])[0] if each.unit_length else own
        expected[each.name] = own.clip(0, 1)
    return expected


def check(exported: Exported, found: dict[str, np.ndarray]) -> float:
    """All maps agree where that is no matter of rounding; the largest difference."""
    assert list(found) == list(exported.colors)
    worst = 0.0
    for name, colors in exported.colors.items():
        assert found[name].shape == colors.shape
        worst = max(worst, float(np.abs(found[name] - colors)[exported.safe].max()))
    assert worst < TOLERANCE
    return worst
