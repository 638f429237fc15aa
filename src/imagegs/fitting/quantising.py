"""Onto the lattice of a file: what is rounded first is made up for by what is still free.

Rounding all numbers of fitted Gaussians at once costs several times what it must. Here one attribute after
the other, positions and colours a part of the Gaussians at a time, is put on the lattice for good, and after
each the rest moves to where it is best then, by Gauss-Newton steps (after Hassibi and Stork 1993, "Optimal
brain surgeon", who make up for weights removed).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import Tune
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.lattice import SCALES, Lattice, from_table, to_table
from imagegs.fitting.color_transforms import choose_color_transform, usual_lattice
from imagegs.fitting.device.choosing import ChosenDevice, objective_on
from imagegs.fitting.gauss_newton import DAMPING, polish
from imagegs.fitting.losses import aim_near, measured
from imagegs.fitting.objective import (
    SQUARED_ERROR,
    GaussianArrays,
    Room,
    weights_of_pixels,
)
from imagegs.fitting.rounding import ColorRounding, Part, whole_part
from imagegs.fitting.small_copies import SmallCopies
from imagegs.fitting.weighing import weighed, weight_roots, with_colors
from imagegs.gaussians import Gaussians, canonical_axes, on_canvas
from imagegs.pictures.given import ImageLike, pixels_from
from imagegs.pictures.transparency import checked_alphas

# Attributes that are rounded before each polish, and of how many of the Gaussians, as a share. Scales are
# first: the steps of all other attributes follow from them.
Stages = tuple[tuple[tuple[str, float], ...], ...]
STAGES: Stages = (
    (("scale", 0.5),),
    (("log_weight", 0.5), ("scale", 1.0)),
    (("log_weight", 1.0), ("angle", 0.5)),
    (("angle", 1.0),),
    *((("xy", share),) for share in (0.5, 0.85, 1.0)),
    *((("color", share),) for share in (0.6, 1.0)),
)
# For more channels than FEW_CHANNELS, where a step takes long, and for low efforts: fewer steps lose 0.05 dB,
# and 0.6 points of SSIMULACRA 2, at most.
FEW_CHANNELS = 4
FEW_STAGES: Stages = (
    *STAGES[:2],
    (("log_weight", 1.0), ("angle", 1.0)),
    (("xy", 0.6),),
    (("xy", 1.0),),
    *STAGES[-2:],
)
# Of the usual lattice's steps of scales, where rounding is made up for: scales are the first to be rounded,
# and everything else makes up for it.
SCALE_STEPS = 0.65
OTHER_NUMBERS = 8  # of a Gaussian beside its two scales
# What rounding all at once may cost before anything makes up for it: where more Gaussians would buy as much
# as finer steps do. Quantising leaves a quarter of it or so.
ROUNDING_LOSS = 1.4  # dB
FINENESS = range(-32, 33)  # of lattices to choose from, in sixteenths of an octave
UNKNOWNS = {
    "xy": slice(0, 2),
    "scale": slice(2, 4),
    "angle": slice(4, 5),
    "log_weight": slice(5, 6),
    "color": slice(6, None),
}


def choose_lattice(
    image: ImageLike,
    gaussians: Gaussians,
    *,
    pixel_weights: NDArray[Any] | None = None,
    channel_weights: Sequence[float] | None = None,
    alphas: Sequence[int | None] | None = None,
    error: float | None = None,
    threads: int | None = None,
) -> Lattice:
    """The lattice whose bits are worth their price for these Gaussians of the image.

    One rule holds for all pictures: see ROUNDING_LOSS. The lattice has a transform of the colours
    (color_transforms.py) where that makes files smaller, or where the channels' weights differ.

    image: the picture that was fitted. pixel_weights, channel_weights, alphas, threads: those of `fit`.
    error: the mean squared error, 1 = white, that rounding may raise in proportion; by default that of the
        picture. It is less where the image is noisy.

    Raises ValueError as `quantise` does.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> isinstance(imagegs.choose_lattice(image, gaussians), imagegs.Lattice)
    True
    """
    reference = Reference(image, gaussians, threads, pixel_weights, channel_weights, alphas)
    return lattice_for(reference, gaussians, error)


def lattice_for(reference: Reference, gaussians: Gaussians, error: float | None = None) -> Lattice:
    """`choose_lattice` of Gaussians of a reference."""
    objective, arrays = reference.objective, reference.arrays_of(gaussians)
    now = measured(objective, arrays, SQUARED_ERROR).l2
    most = now + (now if error is None else error) * (10 ** (ROUNDING_LOSS / 10) - 1)

    def is_enough(fineness: int) -> bool:
        nearest = _nearest(reference, arrays, of_weights(fineness))
        return measured(objective, nearest, SQUARED_ERROR).l2 <= most

    def of_weights(fineness: int) -> Lattice:
        return usual_lattice(lattice_of(fineness), reference.roots)

    found = lattice_of(FINENESS[min(bisect_left(FINENESS, True, key=is_enough), len(FINENESS) - 1)])
    return replace(found, color_transform=color_transform_for(reference, gaussians, found))


def color_transform_for(
    reference: Reference, gaussians: Gaussians, lattice: Lattice
) -> ColorTransform | None:
    """The transform of colours that a file of these Gaussians on the lattice should have."""
    roots, threads = reference.roots, reference.objective.engine.threads
    inside, weighed = inside_canvas(gaussians), None if (roots == 1).all() else roots
    return choose_color_transform(inside, lattice, weighed, threads).color_transform


def lattice_of(fineness: int) -> Lattice:
    """The lattice of a step of FINENESS.

    The steps of scales are whole parts of an octave: what they are too fine by, the others are coarser by, so
    that all bits together grow evenly.
    """
    fine = 2 ** (fineness / 16)
    wanted = SCALE_STEPS * SCALES * fine
    scales = min(64, max(1, round(wanted)))
    others = fine * (wanted / scales) ** (2 / OTHER_NUMBERS)
    return replace(Lattice.of_fineness(others), scales_an_octave=scales)


def quantise(
    image: ImageLike,
    gaussians: Gaussians,
    lattice: Lattice,
    *,
    steps: int = 1,
    tune: Tune = "balanced",
    seed: int = 0,
    pixel_weights: NDArray[Any] | None = None,
    channel_weights: Sequence[float] | None = None,
    alphas: Sequence[int | None] | None = None,
    threads: int | None = None,
) -> Gaussians:
    """Gaussians on the lattice that paint the image well, from fitted ones of the softmax blend.

    image: the picture that was fitted. Layers stay.
    steps: of Gauss-Newton after each rounding, 0 or more; the first brings nearly all.
    tune: "visual" where they were fitted so: the rounding is made up for by what an eye sees. Else by the
        squared error.
    seed: the order in which Gaussians are rounded.
    pixel_weights, channel_weights, alphas, threads: those of `fit`.

    Raises ValueError when the Gaussians are of another blend or the image has another size or other channels,
    and for weights that are not C positive numbers.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> lattice = imagegs.choose_lattice(image, gaussians)
    >>> quantised = imagegs.quantise(image, gaussians, lattice)
    >>> data = imagegs.encode(quantised, lattice)
    >>> np.array_equal(np.sort(imagegs.decode(data).angle), np.sort(quantised.angle))
    True
    """
    reference = Reference(image, gaussians, threads, pixel_weights, channel_weights, alphas, tune)
    return onto_lattice(reference, gaussians, lattice, steps, seed)


def onto_lattice(
    reference: Reference,
    gaussians: Gaussians,
    lattice: Lattice,
    steps: int,
    seed: int,
    fits: Callable[[Gaussians], bool] | None = None,
    stages: Stages | None = None,
) -> Gaussians:
    """`quantise` of Gaussians of a reference.

    stages: of the rounding; by default FEW_STAGES for many channels, STAGES else.
    fits: whether Gaussians on the lattice take few enough bytes. Colours are then chosen such that they do,
        if that is possible without much harm, and at no higher price than needed.
    """

    def of(arrays: GaussianArrays) -> Gaussians:
        nearest = _nearest(reference, arrays, lattice)
        return gaussians.replace(**vars(with_colors(nearest, 1 / reference.roots)))

    arrays = reference.arrays_of(gaussians)
    part = whole_part(len(arrays), gaussians.layers, gaussians.height, gaussians.width)
    fits_arrays = None if fits is None else lambda each: fits(of(each))
    return of(part_onto_lattice(reference, arrays, part, lattice, steps, seed, fits_arrays, stages))


def part_onto_lattice(
    reference: Reference,
    arrays: GaussianArrays,
    part: Part,
    lattice: Lattice,
    steps: int,
    seed: int,
    fits: Callable[[GaussianArrays], bool] | None = None,
    stages: Stages | None = None,
) -> GaussianArrays:
    """Quantises a part of the Gaussians; the others stay as they are. All colours are times the roots.

    The other arguments are those of `onto_lattice`.
    """
    if stages is None:
        stages = STAGES if arrays.color.shape[1] <= FEW_CHANNELS else FEW_STAGES
    quantising = _Quantising(reference, arrays, part, lattice, steps, seed, stages)
    arrays = quantising.quantised()
    return arrays if fits is None else quantising.colors.fitted(arrays, fits)


class Reference:
    """The picture that fitted Gaussians are held against on their way into a file, with one objective for all
    that happens there.

    The colours of its target, and those of `arrays_of`, are multiplied by the roots (C,) of the channels'
    weights, so that squared errors count by the weights.

    like: Gaussians of the picture, which tell canvas and channels. room, device: of the objective. The other
    arguments, and the errors, are those of `quantise`.
    """

    def __init__(
        self,
        image: ImageLike,
        like: Gaussians,
        threads: int | None = None,
        pixel_weights: NDArray[Any] | None = None,
        channel_weights: Sequence[float] | None = None,
        alphas: Sequence[int | None] | None = None,
        tune: Tune = "balanced",
        room: Room | None = None,
        device: ChosenDevice = "cpu",
    ) -> None:
        if like.blend != "softmax":
            raise ValueError(f"only the softmax blend has a lattice, not the {like.blend} blend")
        covered = checked_alphas(alphas, like.channels)
        pixels = pixels_from(image)
        if pixels.shape != (like.height, like.width, len(like.channels)):
            raise ValueError("the image is not of the Gaussians' canvas and channels")
        self.roots = weight_roots(channel_weights, len(like.channels))
        of_pixels = weights_of_pixels(pixel_weights, like.height, like.width)
        shared = like.channels, covered, self.roots, of_pixels, tune, threads, device
        target, weights, observer = weighed(pixels, *shared)
        given = target, "softmax", threads, weights, like.wrap, observer, room
        self.objective = objective_on(device, *given)
        self.copies = SmallCopies(self.objective)

    def arrays_of(self, gaussians: Gaussians) -> GaussianArrays:
        """The numbers of some Gaussians, copied: all centres on the canvas, colours times the roots."""
        g = inside_canvas(gaussians)
        return GaussianArrays(
            *(np.array(a) for a in (g.xy, g.scale, g.angle, g.log_weight, g.color * self.roots))
        )


def inside_canvas(gaussians: Gaussians) -> Gaussians:
    """Moves all centres onto the canvas: a lattice has no places elsewhere."""
    canvas = gaussians.height, gaussians.width, gaussians.wrap
    return gaussians.replace(xy=on_canvas(gaussians.xy, *canvas))


def _nearest(reference: Reference, arrays: GaussianArrays, lattice: Lattice) -> GaussianArrays:
    """The nearest on the lattice, where colours are not multiplied."""
    _, height, width = reference.objective.target.shape
    table = to_table(with_colors(arrays, 1 / reference.roots), lattice)
    return with_colors(GaussianArrays(**from_table(table, lattice, height, width)), reference.roots)


class _Quantising:
    """Gaussians, a part of which is on its way onto a lattice."""

    def __init__(
        self,
        reference: Reference,
        arrays: GaussianArrays,
        part: Part,
        lattice: Lattice,
        steps: int,
        seed: int,
        stages: Stages,
    ) -> None:
        self._reference, self._lattice, self._steps, self._stages = reference, lattice, steps, stages
        self._arrays, self._part = arrays, part
        self._order = part.rows[np.random.default_rng(seed).permutation(len(part.rows))]
        self._damping = DAMPING
        self._free = free_numbers(arrays, part)
        self.colors = ColorRounding(reference.objective, lattice, reference.roots, part)

    def quantised(self) -> GaussianArrays:
        for stage in self._stages:
            for name, share in stage:
                self._round(name, share)
            polished = self._polished()
            self._arrays = _with_fixed(polished, vars(self._arrays), self._free)
        return self.colors.refined(self._arrays) if self._steps else self._arrays

    def _round(self, name: str, share: float) -> None:
        """Puts the attribute on the lattice, of so many of the Gaussians."""
        s = self._arrays
        scale, angle = canonical_axes(s.scale, s.angle)
        arrays = GaussianArrays(s.xy.copy(), scale, angle, s.log_weight.copy(), s.color.copy())
        rows = self._order[: round(share * len(self._order))]
        new = rows[self._free[rows, UNKNOWNS[name].start] > 0]
        on_lattice = self._on_lattice(name, arrays)
        getattr(arrays, name)[new] = getattr(on_lattice, name)[new]
        self._free[rows, UNKNOWNS[name]] = 0
        self._arrays = arrays

    def _on_lattice(self, name: str, arrays: GaussianArrays) -> GaussianArrays:
        """The arrays with the attribute on the lattice."""
        if name != "color":
            return _nearest(self._reference, arrays, self._lattice)
        kept = self._reference.objective.kept(arrays)
        curvature = kept.normal_diagonal(aim_near(kept).metric)
        return self.colors.chosen(arrays, curvature, self._free[:, UNKNOWNS[name].start] > 0)

    def _polished(self) -> GaussianArrays:
        """The arrays after the steps. What damping they took is where the next ones begin."""
        found = self._arrays
        shared = self._steps, self._free, self._part.all_ends, self._damping
        for step in polish(self._reference.copies, self._arrays, *shared):
            found, self._damping = step.arrays, max(DAMPING, step.damping)
        return found


def free_numbers(arrays: GaussianArrays, part: Part) -> NDArray[np.float64]:
    """(N, 6 + C), in own units: 1 for the numbers of the part, which may move, 0 for others."""
    free = np.zeros(arrays.own_units)
    free[part.rows] = 1
    return free


def _with_fixed(
    arrays: GaussianArrays, fixed: dict[str, NDArray[np.float32]], free: NDArray[np.float64]
) -> GaussianArrays:
    """The arrays with the very numbers of what was not free: steps of 0 may have rounded them."""
    kept = {}
    for name, before in fixed.items():
        now = getattr(arrays, name)
        moved = free[:, UNKNOWNS[name]][:, : 1 if now.ndim == 1 else now.shape[1]]
        kept[name] = np.where(moved.reshape(now.shape) > 0, now, before)
    return replace(arrays, **kept)
