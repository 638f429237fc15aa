"""`imagegs encode`, after the fit: the bytes of a file, of the size that was asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagegs.cli.encode_plan import Plan

if TYPE_CHECKING:
    from imagegs.codec import Lattice
    from imagegs.gaussians import Gaussians
    from imagegs.restoration.restoring import Stored

THOROUGH_EFFORT = 7  # from here on Gaussians settle in two steps, not one
# Where even the coarsest lattice takes too many bytes, this share of the Gaussians goes on for so many steps.
FEWER, REFIT_STEPS = 0.85, 40


def pack(stored: Stored, plan: Plan, metadata: dict[str, Any] | None = None) -> bytes:
    """The bytes of the plan's file with some fitted Gaussians, or fewer where its size has no room.

    Raises ValueError when the size has no room for a single one.
    """
    from imagegs import codec
    from imagegs.fitting import choose_lattice, drop_useless

    gaussians = stored.gaussians
    if plan.bits is not None:
        return codec.encode(gaussians, plan.bits, metadata)
    if plan.max_bytes is None:
        lattice = choose_lattice(
            stored.pixels, gaussians, plan.threads, error=stored.error, **plan.weights(stored.pixel_weights)
        )
        return codec.encode(_settled(stored, gaussians, plan, lattice), lattice, metadata)
    gaussians = drop_useless(stored.pixels, gaussians, plan.threads, **plan.weights(stored.pixel_weights))
    while True:
        for lattice in _lattices_within(plan.max_bytes, gaussians, metadata, plan.channel_weights):
            data = codec.encode(_settled(stored, gaussians, plan, lattice), lattice, metadata)
            if len(data) <= plan.max_bytes:
                return data
        if len(gaussians) == 1:
            raise ValueError(f"{plan.max_bytes} bytes are too few for a Gaussian")
        gaussians = _fewer(stored, gaussians, plan)


def _settled(stored: Stored, gaussians: Gaussians, plan: Plan, lattice: Lattice) -> Gaussians:
    from imagegs.fitting import settle

    steps = 1 + (plan.effort >= THOROUGH_EFFORT)
    shared: dict[str, Any] = {
        "seed": plan.seed,
        "threads": plan.threads,
        **plan.weights(stored.pixel_weights),
    }
    return settle(stored.pixels, gaussians, lattice, steps=steps, **shared)


def _fewer(stored: Stored, gaussians: Gaussians, plan: Plan) -> Gaussians:
    from imagegs.fitting import fit

    n = max(1, int(FEWER * len(gaussians)))
    chosen: dict[str, Any] = {
        "tune": plan.tune,
        "seed": plan.seed,
        "threads": plan.threads,
        "layers": plan.layers,
        "channels": gaussians.channels,
        **plan.weights(stored.pixel_weights),
    }
    return fit(stored.pixels, n, start=gaussians, steps=REFIT_STEPS, **chosen)


def _lattices_within(
    n_bytes: int,
    gaussians: Gaussians,
    metadata: dict[str, Any] | None,
    channel_weights: Sequence[float] | None,
) -> list[Lattice]:
    """Lattices on which the Gaussians have about n_bytes bytes or fewer, the finest first."""
    from imagegs import codec
    from imagegs.fitting.quantising import FINENESS, inside_canvas, lattice_of, turn_for

    inside = inside_canvas(gaussians)
    turn = None

    def turned(fineness: int) -> Lattice:
        return replace(lattice_of(fineness), turn=turn)

    def fitting() -> range:
        return FINENESS[: bisect_left(FINENESS, True, key=is_over)]

    def is_over(fineness: int) -> bool:
        return len(codec.encode(inside, turned(fineness), metadata)) > n_bytes

    finest = max(fitting(), default=FINENESS[0])
    turn = turn_for(inside, lattice_of(finest), channel_weights)
    return [turned(f) for f in reversed(fitting())]
