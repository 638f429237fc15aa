"""`imagegs encode`, after the fit: the bytes of a file, of the size that was asked for."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from imagegs.cli.encode_plan import Plan

if TYPE_CHECKING:
    from imagegs.codec import Lattice
    from imagegs.gaussians import Gaussians
    from imagegs.pixels import Picture

THOROUGH_EFFORT = 7  # from here on Gaussians settle in two steps, not one


def pack(picture: Picture, gaussians: Gaussians, plan: Plan, metadata: dict[str, Any] | None = None) -> bytes:
    """The bytes of the plan's file with these fitted Gaussians.

    Raises ValueError when even the coarsest lattice has more bytes than the plan allows.
    """
    from imagegs import codec
    from imagegs.fitting.settling import choose_lattice, settle

    if plan.bits is not None:
        return codec.encode(gaussians, plan.bits, metadata)
    steps, pixels = 1 + (plan.effort >= THOROUGH_EFFORT), picture.pixels
    if plan.max_bytes is None:
        lattice = choose_lattice(pixels, gaussians, plan.threads)
        settled = settle(pixels, gaussians, lattice, steps=steps, seed=plan.seed, threads=plan.threads)
        return codec.encode(settled, lattice, metadata)
    for lattice in _lattices_within(plan.max_bytes, gaussians, metadata):
        settled = settle(pixels, gaussians, lattice, steps=steps, seed=plan.seed, threads=plan.threads)
        data = codec.encode(settled, lattice, metadata)
        if len(data) <= plan.max_bytes:
            return data
    raise ValueError(f"{len(gaussians)} Gaussians do not fit into {plan.max_bytes} bytes")


def _lattices_within(n_bytes: int, gaussians: Gaussians, metadata: dict[str, Any] | None) -> list[Lattice]:
    """Lattices on which the Gaussians have about n_bytes bytes or fewer, the finest first."""
    from imagegs import codec
    from imagegs.fitting.settling import FINENESS, lattice_of

    inside = on_canvas(gaussians)

    def is_over(fineness: int) -> bool:
        return len(codec.encode(inside, lattice_of(fineness), metadata)) > n_bytes

    return [lattice_of(f) for f in reversed(FINENESS[: bisect_left(FINENESS, True, key=is_over)])]


def on_canvas(gaussians: Gaussians) -> Gaussians:
    """With centres moved to the canvas's edge where they lie beyond it."""
    return gaussians.replace(xy=gaussians.xy.clip(0, (gaussians.width, gaussians.height)))
