"""Painting Gaussians: whole pictures, sub-rectangles at any scale, single points.

Every colour is a function of its place on the canvas alone (docs/format.md defines the two blends), so a
region equals the same part of the whole picture, and `sample` agrees with `render` at pixel centres, unless
`render` makes the picture smaller: then it takes means of many points.
"""

from __future__ import annotations

import math
import operator
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from imagegs._native import TILE, Scene
from imagegs.engine import engine
from imagegs.errors import LimitError
from imagegs.forking import in_forked_children
from imagegs.gaussians import BLENDS, FloatArray, Gaussians
from imagegs.limits import DEFAULT_LIMITS, Limits
from imagegs.memory import check_memory

SAMPLE_SLACK = 0.25  # canvas pixels that a pixel may be larger before it gets another sample
COPIES = 9  # of a Gaussian on a canvas that wraps, itself among them
_FARTHEST = 1e37  # canvas pixels, of points with a footprint: float32 holds what lies around them
MAX_OUTPUT_SIDE = 2**23 - 1  # float32 holds the pixel centres, at +0.5, exactly up to here


# Work of `Painter.multiply_adds`: less than a second; a canvas of 2^28 pixels takes half of it.
_MOST_COUNTED = 2**24


class Region(NamedTuple):
    """A rectangle of output pixels."""

    x: int
    y: int
    width: int
    height: int


class Size(NamedTuple):
    """The size of a picture in pixels."""

    width: int
    height: int


class Canvas(Protocol):
    """What has the size of a canvas, pixels."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class MultiplyAdds(NamedTuple):
    """The multiply-adds that a pixel takes, on average and in the worst tile. `Painter.multiply_adds` counts
    them.

    >>> gaussians = imagegs.fit(np.zeros((16, 24, 3)), 20, effort=1)
    >>> counted = imagegs.Painter(gaussians).multiply_adds()
    >>> counted.mean == counted.worst
    False
    """

    mean: float
    worst: float


class TileLists(NamedTuple):
    """Tile t, in row t // columns, may be painted with ids[offsets[t]:offsets[t + 1]], ascending."""

    side: int  # of a tile, canvas pixels; those at the right and the bottom may end beyond the canvas
    columns: int
    rows: int
    offsets: NDArray[np.uint32]  # (rows * columns + 1,)
    ids: NDArray[np.uint32]


def make_scene(gaussians: Gaussians, threads: int | None = None, scene: Scene | None = None) -> Scene:
    """The native scene of some Gaussians; `scene` is reused when given."""
    scene = scene or Scene()
    g = gaussians
    blend = BLENDS.index(g.blend)
    arrays = g.xy, g.scale, g.angle, g.log_weight, g.color
    scene.update(engine(threads), blend, g.wrap, g.width, g.height, *arrays)
    return scene


def output_size(canvas: Canvas, *, height: int | None = None, scale: float | None = None) -> Size:
    """The size of the whole picture at a height in pixels or at a scale (1 = the canvas).

    Raises ValueError when both are given, or when a side would not be 1..8,388,607 pixels.
    """
    if height is not None and scale is not None:
        raise ValueError("give a height or a scale, not both")
    if height is None and scale is None:
        return Size(canvas.width, canvas.height)
    if height is not None:
        if not 1 <= operator.index(height) <= MAX_OUTPUT_SIDE:
            raise ValueError(f"the height must be 1 to {MAX_OUTPUT_SIDE} pixels")
        scale = height / canvas.height
    assert scale is not None
    if not 0 < scale <= MAX_OUTPUT_SIDE:
        raise ValueError(f"the scale must be above 0 and at most {MAX_OUTPUT_SIDE}, not {scale:g}")
    size = Size(max(1, round(canvas.width * scale)), height or max(1, round(canvas.height * scale)))
    if max(size) > MAX_OUTPUT_SIDE:
        raise ValueError(f"a picture of {size.width} x {size.height} pixels is not possible")
    return size


def samples_of(step: float) -> int:
    """How many samples a filtered pixel takes along a side that is `step` canvas pixels long."""
    return min(TILE, max(1, math.ceil(step - SAMPLE_SLACK)))


class Painter:
    """Gaussians that are ready to be painted, for many regions or points of the same ones.

    It paints what `render` and `sample` do, which load the Gaussians anew at every call. May be shared among
    threads, which take turns, and used in a forked child whatever the threads of its parent were doing.

    gaussians: what is painted. threads: how many work on one picture; by default one a core.

    Raises ValueError for a number of threads that is out of range.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> painter = imagegs.Painter(gaussians)
    >>> painter.render(height=64).shape, painter.sample([[0.5, 0.5]]).shape
    ((64, 96, 3), (1, 3))
    """

    def __init__(self, gaussians: Gaussians, *, threads: int | None = None) -> None:
        self.gaussians = gaussians
        self._threads = threads
        self._scene: Scene | None = make_scene(gaussians, threads)
        self._turn = threading.Lock()  # a scene has one set of scratch memory
        _painters.add(self)

    @contextmanager
    def _taking_turns(self) -> Iterator[Scene]:
        with self._turn:
            if self._scene is None:
                self._scene = make_scene(self.gaussians, self._threads)
            yield self._scene

    def _after_fork(self) -> None:
        """In a forked child: gives up a scene that another thread of the parent was using.

        Such a scene is half written, and so is what its destructor would free.
        """
        if self._turn.locked():
            _abandoned.append(self._scene)
            self._scene, self._turn = None, threading.Lock()

    def render(
        self,
        *,
        height: int | None = None,
        scale: float | None = None,
        region: tuple[int, int, int, int] | None = None,
        dtype: DTypeLike = np.float32,
        filtered: bool = True,
    ) -> NDArray[Any]:
        """Paints a picture or a region of it: see `render`."""
        grid = _grid(self.gaussians, height, scale, region, filtered)
        if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.uint8), np.dtype(np.uint16)):
            raise TypeError(f"pictures are float32, uint8 or uint16, not {np.dtype(dtype)}")
        shape = grid.area.height, grid.area.width, len(self.gaussians.channels)
        check_memory(
            math.prod(shape) * np.dtype(dtype).itemsize, f"a picture of {shape[1]} x {shape[0]} pixels"
        )
        out = np.empty(shape, dtype)
        with self._taking_turns() as scene:
            scene.render(engine(self._threads), out, *grid.place, False, *grid.samples)
        return out

    def sample(self, xy: ArrayLike, *, footprint: ArrayLike | None = None) -> NDArray[np.float32]:
        """Colours at points, or means over squares around them: see `sample`."""
        points, sides = check_points(xy, footprint)
        out = np.zeros((len(points), len(self.gaussians.channels)), np.float32)
        if len(points) == 0:
            return out
        if sides is None:
            return self._at(points, out)
        shares = _centers_of_parts(samples_of(float(sides.max())))
        one = np.empty_like(out)
        for down in shares:
            for across in shares:
                out += self._at(points + sides * np.array([across, down], np.float32), one)
        return out / np.float32(len(shares) ** 2)

    def _at(self, points: FloatArray, out: FloatArray) -> FloatArray:
        """Fills out (M, C) with the colours at points (M, 2)."""
        with self._taking_turns() as scene:
            scene.sample(engine(self._threads), points, out)
        return out

    def multiply_adds(self) -> MultiplyAdds | None:
        """How many multiply-adds a pixel of the canvas takes, counted from the lists of the tiles.

        Nothing is painted. The result is None where even the lists are too much work: on a huge canvas, or
        where a great many Gaussians overlap.
        """
        with self._taking_turns() as scene:
            found = scene.multiply_adds(engine(self._threads), _MOST_COUNTED)
        return None if found is None else MultiplyAdds(*found)


_painters: weakref.WeakSet[Painter] = weakref.WeakSet()
_abandoned: list[Scene | None] = []  # of the parent's threads


def _recover_painters() -> None:
    for painter in list(_painters):
        painter._after_fork()


in_forked_children(_recover_painters)


class _Grid(NamedTuple):
    """The part of a picture that is painted, as the native calls take it."""

    area: Region
    steps: tuple[float, float]  # canvas pixels from pixel to pixel, across and down
    samples: tuple[int, int]  # of a pixel

    @property
    def place(self) -> tuple[int, int, float, float]:
        return self.area.x, self.area.y, *self.steps

    @property
    def tiles(self) -> int:
        """How many tiles are painted; a tile of samples holds whole pixels."""
        sides = zip(self.area[2:], self.samples, strict=True)
        across, down = (-(-length // (TILE // samples)) for length, samples in sides)
        return across * down


def _grid(
    gaussians: Gaussians,
    height: int | None,
    scale: float | None,
    region: tuple[int, int, int, int] | None,
    filtered: bool,
) -> _Grid:
    size = output_size(gaussians, height=height, scale=scale)
    steps = gaussians.width / size.width, gaussians.height / size.height
    across, down = (samples_of(step) if filtered else 1 for step in steps)
    return _Grid(area_of(region, size), steps, (across, down))


def area_of(region: tuple[int, int, int, int] | None, size: Size) -> Region:
    """A region of a picture, or all of it. Raises ValueError where it is empty or not inside."""
    area = Region(*map(operator.index, region)) if region is not None else Region(0, 0, *size)
    inside = (
        area.x >= 0
        and area.y >= 0
        and area.x + area.width <= size.width
        and area.y + area.height <= size.height
    )
    if not inside or area.width < 1 or area.height < 1:
        raise ValueError(
            f"region {tuple(area)} is not inside the picture of {size.width} x {size.height} pixels"
        )
    return area


class View(NamedTuple):
    """A part of a picture of some size, as `render` takes it."""

    height: int | None = None  # of the whole picture, pixels
    scale: float | None = None
    region: tuple[int, int, int, int] | None = None  # of it: x, y, width, height

    def on_canvas(self, canvas: Canvas) -> Region:
        """What of the canvas is under it, in whole canvas pixels. Raises ValueError as `render` does."""
        size = output_size(canvas, height=self.height, scale=self.scale)
        area = area_of(self.region, size)
        left, top = area.x * canvas.width // size.width, area.y * canvas.height // size.height
        right = -(-(area.x + area.width) * canvas.width // size.width)
        bottom = -(-(area.y + area.height) * canvas.height // size.height)
        return Region(left, top, right - left, bottom - top)


def render(
    gaussians: Gaussians,
    *,
    height: int | None = None,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    dtype: DTypeLike = np.float32,
    filtered: bool = True,
    threads: int | None = None,
) -> NDArray[Any]:
    """Paints a picture (H, W, C) of Gaussians: `codec.painting.render`, the public one, explains the rest."""
    painter = Painter(gaussians, threads=threads)
    return painter.render(height=height, scale=scale, region=region, dtype=dtype, filtered=filtered)


def most_pairs(
    gaussians: Gaussians,
    enough: int,
    *,
    height: int | None = None,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    filtered: bool = True,
) -> int:
    """An upper bound on the number of pairs of a Gaussian and a tile where it may be seen.

    These pairs are what painting takes time for. The bound is refined in ever smaller parts of the picture,
    until it is `enough` or less or the refinement takes too long. So it tells whether there are more pairs
    than `enough`, not how many. The picture is what `render` paints with these arguments, by default the
    canvas. Raises ValueError as `render` does.
    """
    grid = _grid(gaussians, height, scale, region, filtered)
    if (most := len(gaussians) * (COPIES if gaussians.wrap else 1) * grid.tiles) <= enough:
        return most
    place = grid.area.width, grid.area.height, *grid.place, *grid.samples
    return make_scene(gaussians, 1).most_pairs(engine(1), *place, enough)


def check_painting(
    gaussians: Gaussians, limits: Limits = DEFAULT_LIMITS, *, pictures: int = 1, **view: Any
) -> None:
    """Fail before any work where painting would take more than the limits allow, of samples or of work.

    view: height, scale, region and filtered of `render`. pictures: so many are painted of these Gaussians,
    which have the channels of all. Raises LimitError, and ValueError as `render` does.
    """
    size = output_size(gaussians, height=view.get("height"), scale=view.get("scale"))
    area = area_of(view.get("region"), size)
    samples = area.width * area.height * len(gaussians.channels)
    if samples > limits.max_samples:
        shape = f"{area.width} x {area.height} pixels of {len(gaussians.channels)} channels"
        raise LimitError(f"{shape} are over the limit of {limits.max_samples} samples")
    if most_pairs(gaussians, limits.max_pairs // pictures, **view) > limits.max_pairs // pictures:
        raise LimitError(
            f"the Gaussians are seen on more than {limits.max_pairs} tiles, all counted: over the limit"
        )


def tile_lists(
    gaussians: Gaussians, side: int = TILE, *, most_ids: int, threads: int | None = None
) -> TileLists | None:
    """Lists the Gaussians that the points of each tile of the canvas may be painted with.

    side: the side of a tile in canvas pixels. The result is None where the lists would have more than
    `most_ids` ids in all.

    Raises ValueError for a side that is not 1..65535, for one that is not TILE in the paper blend, which sees
    by tiles of that size, for `most_ids` of 2^32 or more, and for more than 2^31 - 1 tiles.
    """
    found = make_scene(gaussians, threads).tile_lists(engine(threads), side, most_ids)
    return None if found is None else TileLists(side, *found)


def whitened_shapes(gaussians: Gaussians) -> FloatArray:
    """The numbers that exponents are computed from, (N, 7): x, y, ux, uy, vx, vy, w.

    At (dx, dy) canvas pixels from the centre (x, y), the exponent is
    w - (ux dx + uy dy)^2 - (vx dx + vy dy)^2: gaussian.h derives it. w is 0 in the paper blend.
    """
    out = np.empty((len(gaussians), 7), np.float32)
    make_scene(gaussians, 1).shapes(out)
    return out


def sample(
    gaussians: Gaussians, xy: ArrayLike, *, footprint: ArrayLike | None = None, threads: int | None = None
) -> NDArray[np.float32]:
    """Colours at points of Gaussians: `codec.painting.sample`, the public one, explains the arguments."""
    return Painter(gaussians, threads=threads).sample(xy, footprint=footprint)


def check_points(xy: ArrayLike, footprint: ArrayLike | None) -> tuple[FloatArray, FloatArray | None]:
    """Points (M, 2) and the sides of the squares around them: (M, 1), (1, 1) for all, or None without any.

    Raises ValueError as `sample` does.
    """
    points = np.ascontiguousarray(xy, np.float32)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points have shape {points.shape}, expected (M, 2)")
    if not np.isfinite(points).all():
        raise ValueError("points have coordinates that are not finite")
    if footprint is None:
        return points, None
    sides = _sides(footprint, len(points))
    if len(points) and float(np.abs(points).max()) + float(sides.max()) > _FARTHEST:
        raise ValueError(f"points and footprints reach beyond {_FARTHEST:g} pixels")
    return points, sides


def _sides(footprint: ArrayLike, n: int) -> FloatArray:
    """Sides (n, 1) of squares, or (1, 1) for all of them. Raises ValueError as `sample` does."""
    sides = np.asarray(footprint, np.float64)
    if sides.shape not in ((), (n,)):
        raise ValueError(f"footprints have shape {sides.shape}, expected () or ({n},)")
    if not np.isfinite(sides).all() or sides.min(initial=0) < 0 or sides.max(initial=0) > _FARTHEST:
        raise ValueError(f"footprints are negative, above {_FARTHEST:g} or not finite somewhere")
    return sides.astype(np.float32).reshape(-1, 1)


def _centers_of_parts(n: int) -> list[float]:
    """The centres of n equal parts of a side of length 1 around 0."""
    return [(i + 0.5) / n - 0.5 for i in range(n)]
