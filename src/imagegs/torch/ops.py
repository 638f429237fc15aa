"""The operators imagegs::paint and imagegs::paint_backward of torch.library.

They work on batches: Gaussians (B, N, ...), points (B, M, 2) or none. A picture is (B, C, H, W), colours at
points are (B, M, C). Results are the same bits on every run. `functions.py` is what people call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, cast

import torch
from torch import Tensor
from torch.library import custom_op, register_autograd

from imagegs.gaussians import BlendName
from imagegs.rendering import Region
from imagegs.torch import saved
from imagegs.torch.arguments import check_values
from imagegs.torch.backends import BACKENDS, Backend, choose
from imagegs.torch.views import Five, View

_GAUSSIANS = "Tensor xy, Tensor scale, Tensor angle, Tensor log_weight, Tensor color"
_VIEW = "Tensor? points, SymInt[] canvas, str blend, bool wrap, SymInt[] area, float[] steps"


@custom_op(
    "imagegs::paint", mutates_args=(), schema=f"({_GAUSSIANS}, {_VIEW}, bool keep) -> (Tensor, Tensor)"
)
def paint(
    xy: Tensor,
    scale: Tensor,
    angle: Tensor,
    log_weight: Tensor,
    color: Tensor,
    points: Tensor | None,
    canvas: Sequence[int],
    blend: str,
    wrap: bool,
    area: Sequence[int],
    steps: Sequence[float],
    keep: bool,
) -> tuple[Tensor, Tensor]:
    """The picture, or the colours at points, and a token for what backward needs (see saved.py).

    canvas: height and width. area: x, y, width and height of a grid of pixels, `steps` canvas pixels apart,
    across and down. keep: whether backward may come.
    """
    gaussians = xy, scale, angle, log_weight, color
    check_values(gaussians, points)
    out = _empty(color, points, area)
    backend = _backend(xy)
    kept = [
        backend.paint(one, view, to, keep)
        for one, view, to in zip(
            _elements(gaussians), _views(points, canvas, blend, wrap, area, steps, len(xy)), out, strict=True
        )
    ]
    return out, saved.keep(kept) if keep else saved.no_token()


@paint.register_fake
def _(
    xy: Tensor, scale: Tensor, angle: Tensor, log_weight: Tensor, color: Tensor, *view: Any
) -> tuple[Tensor, Tensor]:
    points, _, _, _, area, _, _ = view
    return _empty(color, points, area), torch.empty(1, dtype=torch.uint8, device="cpu")


@custom_op(
    "imagegs::paint_backward",
    mutates_args=(),
    schema=f"(Tensor grad, Tensor picture, Tensor token, {_GAUSSIANS}, {_VIEW})"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
)
def paint_backward(
    grad: Tensor,
    picture: Tensor,
    token: Tensor,
    xy: Tensor,
    scale: Tensor,
    angle: Tensor,
    log_weight: Tensor,
    color: Tensor,
    points: Tensor | None,
    canvas: Sequence[int],
    blend: str,
    wrap: bool,
    area: Sequence[int],
    steps: Sequence[float],
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the five tensors, of a loss whose gradient with respect to the picture is `grad`."""
    gaussians = xy, scale, angle, log_weight, color
    backend, kept = _backend(xy), saved.recall(token)
    found = tuple(map(torch.empty_like, gaussians))
    views = _views(points, canvas, blend, wrap, area, steps, len(xy))
    for b, (one, view) in enumerate(zip(_elements(gaussians), views, strict=True)):
        # A kept picture refers to its own memory, so a new one needs memory of its own.
        out = picture[b] if kept else torch.empty_like(picture[b])
        of_one = kept[b] if kept else backend.paint(one, view, out, True)
        slopes = backend.gradients(of_one, one, view, out, grad[b].contiguous())
        for to, slope in zip(found, slopes, strict=True):
            to[b] = slope
    return cast(Five, found)


@paint_backward.register_fake
def _(grad: Tensor, picture: Tensor, token: Tensor, *others: Any) -> tuple[Tensor, ...]:
    return tuple(map(torch.empty_like, others[:5]))


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *gaussians, points, canvas, blend, wrap, area, steps, _ = inputs
    ctx.view = canvas, blend, wrap, area, steps
    # The picture too: kept renders read it, and so autograd can tell where somebody has overwritten it.
    ctx.save_for_backward(*output, *gaussians, points)


def _backward(ctx: Any, grad: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:
    return *paint_backward(grad, *ctx.saved_tensors, *ctx.view), *[None] * 7


def _no_second(ctx: Any, *grads: Tensor) -> NoReturn:
    raise RuntimeError(
        "imagegs.torch has first derivatives only: the gradient of a picture cannot be differentiated again"
        " (float64 tensors can)"
    )


register_autograd("imagegs::paint", _backward, setup_context=_setup)
register_autograd("imagegs::paint_backward", _no_second)


def _backend(tensor: Tensor) -> Backend:
    name = choose(tensor.device, tensor.dtype)
    if name not in BACKENDS:
        raise RuntimeError(
            f"imagegs::paint has no kernels for {tensor.dtype} on {tensor.device}: call imagegs.torch.render"
        )
    return BACKENDS[name]


def _empty(color: Tensor, points: Tensor | None, area: Sequence[int]) -> Tensor:
    """Memory for the result of `paint`."""
    batch, channels = color.shape[0], color.shape[2]
    if points is not None:
        return color.new_empty(batch, points.shape[1], channels)
    return color.new_empty(batch, channels, area[3], area[2])


def _elements(gaussians: Five) -> Iterator[Five]:
    for one in zip(*(tensor.contiguous().unbind() for tensor in gaussians), strict=True):
        xy, scale, angle, log_weight, color = one
        yield xy, scale, angle, log_weight, color


def _views(
    points: Tensor | None,
    canvas: Sequence[int],
    blend: str,
    wrap: bool,
    area: Sequence[int],
    steps: Sequence[float],
    n: int,
) -> Iterator[View]:
    """The views of the n pictures of a batch."""
    name = cast(BlendName, blend)
    for b in range(n):
        of_one = None if points is None else points[b].contiguous()
        yield View(canvas[0], canvas[1], name, wrap, Region(*area), (steps[0], steps[1]), of_one)
