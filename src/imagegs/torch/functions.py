"""Pictures and colours at points, differentiable in all numbers of the Gaussians: what people call."""

from __future__ import annotations

import torch
from torch import Tensor

from imagegs.gaussians import BlendName
from imagegs.rendering import Region
from imagegs.torch import twin
from imagegs.torch.arguments import Batch, batched, check_canvas, check_values
from imagegs.torch.backends import choose
from imagegs.torch.ops import paint
from imagegs.torch.views import View, samples


def render(
    xy: Tensor,
    scale: Tensor,
    angle: Tensor,
    log_weight: Tensor,
    color: Tensor,
    height: int,
    width: int,
    *,
    blend: BlendName = "softmax",
    wrap: bool = False,
    region: tuple[int, int, int, int] | None = None,
    size: tuple[int, int] | None = None,
    filtered: bool = True,
) -> Tensor:
    """Paints pictures [..., H, W, C] of Gaussians, as `imagegs.render` does: not clipped, differentiable.

    The tensors are the arrays of `imagegs.Gaussians`, of one dtype (float32 or float64) and on one device.
    Leading dimensions are those of a batch and broadcast.

    xy: [..., N, 2] centres, canvas pixels, the centre of the top-left pixel at (0.5, 0.5).
    scale: [..., N, 2] standard deviations along the two axes, canvas pixels.
    angle: [..., N] of the first axis, radians, from +x towards +y.
    log_weight: [..., N] nats; without effect in the "paper" blend.
    color: [..., N, C], C in 1..32.

    height, width: of the canvas, pixels. blend: "softmax" or "paper". wrap: the canvas is periodic ("softmax"
    only).

    size: (height, width) of the whole picture, by default the canvas'. region: (x, y, width, height) in
    pixels of that size, all that is painted. Pixels that are larger than those of the canvas are means of
    samples about a canvas pixel apart; filtered=False gives the colours at their centres.

    Autograd has first derivatives with respect to the five tensors, and second ones in float64. They take the
    set of Gaussians that a pixel keeps as fixed. The picture's memory has the order [..., C, H, W], so that
    `movedim(-1, -3)` is contiguous. Who overwrites the picture in place gets an error in backward.

    Raises TypeError for other types and dtypes; RuntimeError where devices or dtypes differ or leading
    dimensions do not broadcast; ValueError for other shapes, no Gaussian, numbers that are not finite or out
    of the ranges of `imagegs.Gaussians` (torch.compile leaves that check out in float64), and for sizes and
    regions as `imagegs.render` does.

    >>> xy, scale = torch.tensor([[4.0, 4.0], [12.0, 4.0]]), torch.full((2, 2), 3.0)
    >>> color = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], requires_grad=True)
    >>> picture = imagegs.torch.render(xy, scale, torch.zeros(2), torch.zeros(2), color, 8, 16)
    >>> picture.shape, picture.requires_grad
    (torch.Size([8, 16, 3]), True)
    """
    check_canvas(height, width, blend, wrap)
    grid = samples(height, width, region, size, filtered)
    batch = batched((xy, scale, angle, log_weight, color))
    planes = _paint(batch, View(height, width, blend, wrap, grid.area, grid.steps))
    if grid.across > 1 or grid.down > 1:
        planes = torch.nn.functional.avg_pool2d(planes, (grid.down, grid.across))
    return _unflattened(planes.permute(0, 2, 3, 1), batch.shape)


def sample(
    xy: Tensor,
    scale: Tensor,
    angle: Tensor,
    log_weight: Tensor,
    color: Tensor,
    points: Tensor,
    *,
    height: int,
    width: int,
    blend: BlendName = "softmax",
    wrap: bool = False,
) -> Tensor:
    """Colours [..., M, C] at points [..., M, 2], as `imagegs.sample` gives them; differentiable.

    points: canvas pixels; those outside the canvas give the colour of the nearest point of its border, or,
    where it wraps, of the same place modulo its sides. All else is as in `render`.

    Raises RuntimeError for points that require a gradient, of which there is none, and errors as `render`.

    >>> xy, scale = torch.tensor([[4.0, 4.0], [12.0, 4.0]]), torch.full((2, 2), 3.0)
    >>> gaussians = xy, scale, torch.zeros(2), torch.zeros(2), torch.eye(2)
    >>> imagegs.torch.sample(*gaussians, torch.tensor([[8.0, 4.0]]), height=8, width=16)
    tensor([[0.5000, 0.5000]])
    """
    check_canvas(height, width, blend, wrap)
    batch = batched((xy, scale, angle, log_weight, color), points)
    if points.requires_grad and torch.is_grad_enabled():
        raise RuntimeError("colours have no gradient with respect to the points: detach() these")
    colors = _paint(batch, View(height, width, blend, wrap, Region(0, 0, width, height), (1.0, 1.0)))
    return _unflattened(colors, batch.shape)


def _unflattened(flat: Tensor, shape: tuple[int, ...]) -> Tensor:
    """[B, ...] with the leading dimensions of a batch; a view, and backward copies nothing either."""
    return flat.unflatten(0, shape) if shape else flat.squeeze(0)


def _paint(batch: Batch, view: View) -> Tensor:
    """(B, C, H, W) pictures, or (B, M, C) colours where the batch has points."""
    gaussians, points = batch.gaussians, batch.points
    if choose(gaussians[0].device, gaussians[0].dtype) == "twin":
        return _paint_plainly(batch, view)
    keep = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in gaussians)
    canvas = [view.height, view.width], view.blend, view.wrap
    return paint(*gaussians, points, *canvas, list(view.area), list(view.steps), keep)[0]


def _paint_plainly(batch: Batch, view: View) -> Tensor:
    if not torch.compiler.is_compiling():
        check_values(batch.gaussians, batch.points)
    found = []
    for b in range(len(batch.gaussians[0])):
        xy, scale, angle, log_weight, color = (tensor[b] for tensor in batch.gaussians)
        of_one = view if batch.points is None else view._replace(points=batch.points[b])
        found.append(twin.paint((xy, scale, angle, log_weight, color), of_one))
    return torch.stack(found) if found else _nothing(batch, view)


def _nothing(batch: Batch, view: View) -> Tensor:
    """The result of an empty batch; autograd goes through it."""
    channels = batch.gaussians[4].sum(dim=1)  # (0, C)
    if batch.points is not None:
        return channels[:, None].expand(-1, batch.points.shape[1], -1)
    return channels[:, :, None, None].expand(-1, -1, view.area.height, view.area.width)
