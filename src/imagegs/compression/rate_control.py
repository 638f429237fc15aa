"""Rate control: fitted Gaussians to a file of the wanted size."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from imagegs import codec
from imagegs.codec import Lattice
from imagegs.codec.color_transform import ColorTransform
from imagegs.compression.options import CompressionOptions
from imagegs.compression.plan import Plan
from imagegs.fitting import fit
from imagegs.fitting.device.choosing import chosen_device
from imagegs.fitting.pruning import without_useless
from imagegs.fitting.quantising import (
    FEW_STAGES,
    FINENESS,
    Reference,
    Stages,
    color_transform_for,
    inside_canvas,
    lattice_for,
    lattice_of,
    onto_lattice,
)
from imagegs.gaussians import Gaussians
from imagegs.restoration.restoring import FittedGaussians

BRIEF_EFFORT = 2  # up to this effort quantising takes fewer roundings
THOROUGH_EFFORT = 5  # from this effort on quantising takes two steps, not one: a point of SSIMULACRA 2
# Bytes of quantised Gaussians, of those of the same ones rounded at once: 0.987 at the usual price of a bit,
# 0.978 at twice that, 0.95 at four times (fitting/rounding.py).
USUAL_SHARE = 0.98
MARGIN = 1.02  # the bytes were those of dear bits: a little more room brings them back to the usual price
# Where even the coarsest lattice takes too many bytes, a fit of so many steps goes on with this share of the
# Gaussians.
FEWER, REFIT_STEPS = 0.85, 40


@dataclass(frozen=True)
class Packer:
    """Writes fitted Gaussians as files, by one plan."""

    plan: Plan
    options: CompressionOptions

    def pack(self, fitted: FittedGaussians, metadata: dict[str, Any] | None = None) -> bytes:
        """The bytes of a file with the fitted Gaussians, or fewer if they do not fit into the plan's size.

        Raises ValueError where not even one Gaussian fits.
        """
        plan, gaussians = self.plan, fitted.gaussians
        if plan.bits is not None:
            return codec.encode(gaussians, plan.bits, metadata=metadata)
        how = plan.weights(fitted.pixel_weights)
        how |= {"tune": plan.tune, "device": chosen_device(self.options.fit.device)}
        reference = Reference(fitted.pixels, gaussians, self.options.threads, **how)
        if plan.max_bytes is None:
            lattice = lattice_for(reference, gaussians, fitted.error)
            return self._file(reference, gaussians, lattice, metadata)
        return self._within(plan.max_bytes, fitted, reference, metadata)

    def _within(
        self, n_bytes: int, fitted: FittedGaussians, reference: Reference, metadata: dict[str, Any] | None
    ) -> bytes:
        gaussians = without_useless(reference, fitted.gaussians)
        while True:
            sizes = _Sizes(gaussians, metadata, reference)
            expected = USUAL_SHARE
            while (lattice := sizes.finest_within(n_bytes / expected)) is not None:
                data = self._file(reference, gaussians, lattice, metadata, n_bytes)
                if len(data) <= n_bytes:
                    return data
                # What it took of those bytes that rounding at once takes tells which lattice will do.
                expected = MARGIN * len(data) / sizes.of(lattice)
            if len(gaussians) == 1:
                return self._single(n_bytes, reference, gaussians, metadata)
            reference.objective.rest()
            gaussians = self._fewer(fitted, gaussians)

    def _single(
        self, n_bytes: int, reference: Reference, gaussian: Gaussians, metadata: dict[str, Any] | None
    ) -> bytes:
        """The file of one Gaussian: nearly all frame, so that its size tells little of the next lattice's."""
        for lattice in _Sizes(gaussian, metadata, reference).all_within(n_bytes):
            data = self._file(reference, gaussian, lattice, metadata)
            if len(data) <= n_bytes:
                return data
        raise ValueError(f"{n_bytes} bytes are too few for a Gaussian")

    def _file(
        self,
        reference: Reference,
        gaussians: Gaussians,
        lattice: Lattice,
        metadata: dict[str, Any] | None,
        n_bytes: int | None = None,
    ) -> bytes:
        """Gaussians quantised and coded; with n_bytes, as near below it as the colours alone allow."""
        fit = self.options.fit

        def encoded(each: Gaussians) -> bytes:
            return codec.encode(each, lattice, metadata=metadata, threads=self.options.threads)

        fits = None if n_bytes is None else lambda each: len(encoded(each)) <= n_bytes
        steps, stages = roundings(fit.effort)
        return encoded(onto_lattice(reference, gaussians, lattice, steps, fit.seed, fits, stages))

    def _fewer(self, fitted: FittedGaussians, gaussians: Gaussians) -> Gaussians:
        return fit(
            fitted.pixels,
            max(1, int(FEWER * len(gaussians))),
            start=gaussians,
            steps=REFIT_STEPS,
            tune=self.plan.tune,
            seed=self.options.fit.seed,
            threads=self.options.threads,
            device=self.options.fit.device,
            layers=self.plan.layers,
            channels=gaussians.channels,
            **self.plan.weights(fitted.pixel_weights),
        )


def roundings(effort: int) -> tuple[int, Stages | None]:
    """The steps of Gauss-Newton after each rounding, and the stages of the rounding as `onto_lattice` takes
    them.
    """
    return 1 + (effort >= THOROUGH_EFFORT), FEW_STAGES if effort <= BRIEF_EFFORT else None


class _Sizes:
    """Bytes of files in which Gaussians are rounded at once, by their lattices."""

    def __init__(self, gaussians: Gaussians, metadata: dict[str, Any] | None, reference: Reference) -> None:
        self._inside, self._metadata, self._reference = inside_canvas(gaussians), metadata, reference

    def of(self, lattice: Lattice) -> int:
        threads = self._reference.objective.engine.threads
        return len(codec.encode(self._inside, lattice, metadata=self._metadata, threads=threads))

    def finest_within(self, n_bytes: float) -> Lattice | None:
        """The finest lattice with so many bytes at most, and the best transform of the colours."""
        fineness = self._finest(n_bytes, None)
        first = lattice_of(FINENESS[0] if fineness is None else fineness)
        transform = color_transform_for(self._reference, self._inside, first)
        fineness = self._finest(n_bytes, transform)
        return None if fineness is None else replace(lattice_of(fineness), color_transform=transform)

    def all_within(self, n_bytes: float) -> Iterator[Lattice]:
        """All lattices with so many bytes at most, the finest first; colours have the usual transform."""
        lattices = (lattice_of(fineness) for fineness in reversed(FINENESS))
        return (lattice for lattice in lattices if self.of(lattice) <= n_bytes)

    def _finest(self, n_bytes: float, transform: ColorTransform | None) -> int | None:
        def is_over(fineness: int) -> bool:
            return self.of(replace(lattice_of(fineness), color_transform=transform)) > n_bytes

        found = bisect_left(FINENESS, True, key=is_over)
        return FINENESS[found - 1] if found else None
