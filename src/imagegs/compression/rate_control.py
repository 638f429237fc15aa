"""Rate control: fitted Gaussians to a file of the wanted size."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

from imagegs import codec
from imagegs.codec import Lattice
from imagegs.compression.options import CompressionOptions
from imagegs.compression.plan import Plan
from imagegs.fitting import fit
from imagegs.fitting.pruning import without_useless
from imagegs.fitting.quantising import (
    FINENESS,
    Reference,
    color_transform_for,
    inside_canvas,
    lattice_for,
    lattice_of,
    onto_lattice,
)
from imagegs.gaussians import Gaussians
from imagegs.restoration.restoring import FittedGaussians

THOROUGH_EFFORT = 7  # from this effort on quantising takes two steps, not one
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
        weights = plan.weights(fitted.pixel_weights)
        reference = Reference(fitted.pixels, gaussians, self.options.threads, **weights, tune=plan.tune)
        if plan.max_bytes is None:
            lattice = lattice_for(reference, gaussians, fitted.error)
            return codec.encode(self._quantised(reference, gaussians, lattice), lattice, metadata=metadata)
        return self._within(plan.max_bytes, fitted, reference, metadata)

    def _within(
        self, n_bytes: int, fitted: FittedGaussians, reference: Reference, metadata: dict[str, Any] | None
    ) -> bytes:
        gaussians = without_useless(reference, fitted.gaussians)
        while True:
            for lattice in _lattices_within(n_bytes, gaussians, metadata, reference):
                data = codec.encode(
                    self._quantised(reference, gaussians, lattice), lattice, metadata=metadata
                )
                if len(data) <= n_bytes:
                    return data
            if len(gaussians) == 1:
                raise ValueError(f"{n_bytes} bytes are too few for a Gaussian")
            gaussians = self._fewer(fitted, gaussians)

    def _quantised(self, reference: Reference, gaussians: Gaussians, lattice: Lattice) -> Gaussians:
        fit = self.options.fit
        return onto_lattice(reference, gaussians, lattice, 1 + (fit.effort >= THOROUGH_EFFORT), fit.seed)

    def _fewer(self, fitted: FittedGaussians, gaussians: Gaussians) -> Gaussians:
        return fit(
            fitted.pixels,
            max(1, int(FEWER * len(gaussians))),
            start=gaussians,
            steps=REFIT_STEPS,
            tune=self.plan.tune,
            seed=self.options.fit.seed,
            threads=self.options.threads,
            layers=self.plan.layers,
            channels=gaussians.channels,
            **self.plan.weights(fitted.pixel_weights),
        )


def _lattices_within(
    n_bytes: int,
    gaussians: Gaussians,
    metadata: dict[str, Any] | None,
    reference: Reference,
) -> list[Lattice]:
    """Lattices on which the Gaussians have about n_bytes bytes or fewer, the finest first."""
    inside = inside_canvas(gaussians)
    color_transform = None

    def lattice_with_transform(fineness: int) -> Lattice:
        return replace(lattice_of(fineness), color_transform=color_transform)

    def fitting() -> range:
        return FINENESS[: bisect_left(FINENESS, True, key=is_over)]

    def is_over(fineness: int) -> bool:
        return len(codec.encode(inside, lattice_with_transform(fineness), metadata=metadata)) > n_bytes

    finest = max(fitting(), default=FINENESS[0])
    color_transform = color_transform_for(inside, lattice_of(finest), reference.roots)
    return [lattice_with_transform(f) for f in reversed(fitting())]
