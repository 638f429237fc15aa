"""Checks of what the operator is given, and one shape for all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor

from imagegs.gaussians import (
    BLENDS,
    MAX_CHANNELS,
    MAX_COLOR,
    MAX_LOG_WEIGHT,
    MAX_POSITION,
    MAX_SCALE,
    MAX_SIDE,
    MIN_SCALE,
    BlendName,
    check_wrap,
)
from imagegs.torch.views import Five

NAMES = "xy", "scale", "angle", "log_weight", "color"
_LAST = {"xy": 2, "scale": 2, "points": 2}  # the last dimension
_VECTORS = {"angle", "log_weight"}  # no dimension behind that of the Gaussians
_LIMITS = {"xy": MAX_POSITION, "scale": MAX_SCALE, "log_weight": MAX_LOG_WEIGHT, "color": MAX_COLOR}


class Batch(NamedTuple):
    """Gaussians (B, N, ...) and points (B, M, 2) or none; `shape` are the leading dimensions, B in all."""

    shape: tuple[int, ...]
    gaussians: Five
    points: Tensor | None


def batched(gaussians: Sequence[object], points: object = None) -> Batch:
    """One batch of what `render` and `sample` take.

    Raises TypeError for what is no tensor of float32 or float64, RuntimeError where devices or dtypes differ
    or leading dimensions do not broadcast, ValueError for other shapes.
    """
    named = dict(zip(NAMES, gaussians, strict=True))
    tensors = _tensors(named if points is None else named | {"points": points})
    lengths = {name: _leading(name, tensor) for name, tensor in tensors.items()}
    _check_counts(tensors)
    shape = lengths["xy"]
    if any(length != shape for length in lengths.values()):  # broadcast_shapes is slow
        shape = torch.broadcast_shapes(*lengths.values())
    flat = {name: _flat(tensor, len(lengths[name]), shape) for name, tensor in tensors.items()}
    return Batch(tuple(shape), cast(Five, tuple(flat[name] for name in NAMES)), flat.get("points"))


def _flat(tensor: Tensor, n_leading: int, shape: torch.Size) -> Tensor:
    """The tensor with one leading dimension in place of its own ones, which are those of a shape first."""
    if not shape:
        return tensor.unsqueeze(0)
    own = tensor.shape[n_leading:]
    return tensor.expand(*shape, *own).reshape(math.prod(shape), *own)


def _tensors(named: dict[str, object]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, value in named.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} is a {type(value).__name__}, not a tensor")
        if value.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"{name} is {value.dtype}, not torch.float32 or torch.float64")
        tensors[name] = value
    for what in ("device", "dtype"):
        found = {name: getattr(tensor, what) for name, tensor in tensors.items()}
        if len(set(found.values())) > 1:
            told = ", ".join(f"{name}: {value}" for name, value in found.items())
            raise RuntimeError(f"all tensors must have the same {what} ({told})")
    return tensors


def _leading(name: str, tensor: Tensor) -> torch.Size:
    """The leading dimensions of a tensor."""
    own = 1 if name in _VECTORS else 2
    last = _LAST.get(name)
    if tensor.ndim < own or (last is not None and tensor.shape[-1] != last):
        count = "M" if name == "points" else "N"
        wanted = f"[..., {count}]" if own == 1 else f"[..., {count}, {last or 'C'}]"
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, expected {wanted}")
    return tensor.shape[: tensor.ndim - own]


def _check_counts(tensors: dict[str, Tensor]) -> None:
    counts = {name: tensors[name].shape[-1 if name in _VECTORS else -2] for name in NAMES}
    if len(set(counts.values())) > 1:
        raise ValueError(f"the tensors have different numbers of Gaussians: {counts}")
    if counts["xy"] == 0:
        raise ValueError("at least one Gaussian is needed")
    if not 1 <= tensors["color"].shape[-1] <= MAX_CHANNELS:
        raise ValueError(f"1 to {MAX_CHANNELS} channels are possible, not {tensors['color'].shape[-1]}")


def check_canvas(height: int, width: int, blend: BlendName, wrap: bool) -> None:
    """Raises TypeError or ValueError as `imagegs.Gaussians` does."""
    for side in (height, width):
        if isinstance(side, bool) or not isinstance(side, (int, torch.SymInt)):
            raise TypeError(f"a canvas side is a whole number of pixels, not {side!r}")
        if not 1 <= side <= MAX_SIDE:
            raise ValueError(f"a canvas side is 1 to {MAX_SIDE} pixels, not {side}")
    if blend not in BLENDS:
        raise ValueError(f"unknown blend: {blend!r}")
    check_wrap(wrap, blend)


def check_values(gaussians: Five, points: Tensor | None) -> None:
    """Raises ValueError for numbers that are not finite or not in the ranges of `imagegs.Gaussians`.

    It waits for the device once.
    """
    named = dict(zip(NAMES, gaussians, strict=True)) | ({} if points is None else {"points": points})
    filled = {name: tensor.detach() for name, tensor in named.items() if tensor.numel()}
    if not filled:
        return
    ends = torch.stack([end for tensor in filled.values() for end in tensor.aminmax()]).tolist()
    for name, low, high in zip(filled, ends[::2], ends[1::2], strict=True):
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(f"{name} has values that are not finite")
        if max(-low, high) > _LIMITS.get(name, math.inf):
            raise ValueError(f"{name} has values beyond {_LIMITS[name]:g}")
        if name == "scale" and low < MIN_SCALE:
            raise ValueError(f"scale has values below {MIN_SCALE:g}")
