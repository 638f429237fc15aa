"""The renderer on a device and its gradient: the kernels in their order.

forward: shapes, lists, choices, colours. backward: sums of each tile, of each Gaussian, chain rule.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from imagegs.gaussians import MAX_CHANNELS, BlendName
from imagegs.torch.triton.blocks import Blocks, picture_blocks, point_blocks
from imagegs.torch.triton.chaining import chain_kernel
from imagegs.torch.triton.choosing import choose_kernel
from imagegs.torch.triton.constants import GAUSSIANS_AT_ONCE, GROUP_SIZE, SHAPE_ROW, SUMS
from imagegs.torch.triton.differentiating import gradient_kernel
from imagegs.torch.triton.lists import Canvas
from imagegs.torch.triton.mixing import mix_kernel
from imagegs.torch.triton.parts import SortedParts, add_parts
from imagegs.torch.triton.shaping import shape_kernel

Gradients = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Saved:
    """A picture, or the colours of points, and what it was made of. M is the number of pixels or points."""

    canvas: Canvas
    blocks: Blocks
    shapes: Tensor  # (candidates, 12), see whitening.py
    scale: Tensor  # (N, 2)
    color: Tensor  # (N, C)
    out: Tensor  # (M, C)
    best: Tensor  # (M,) lowest score, nats; 0 in the paper blend
    last: Tensor  # (M,) worst score that is kept, nats
    ties: Tensor  # (M,) int32: how many candidates with exactly that score are kept
    inverse: Tensor  # (M,) 1 / sum of weights
    sorted_parts: SortedParts  # the (block, candidate) pairs by Gaussian

    @property
    def groups(self) -> int:
        """The number of groups of channels."""
        return -(-self.color.shape[1] // GROUP_SIZE)

    @property
    def compiled(self) -> dict[str, bool]:
        """What the kernels that walk over blocks are compiled for."""
        return {"PAPER": self.canvas.paper, "SAMPLED": self.blocks.sampled}

    @property
    def walked(self) -> tuple[Tensor, ...]:
        """What these kernels are given first: points, lists and choices."""
        b = self.blocks
        lists = (self.shapes, b.lists.offsets, b.lists.ids)
        return (b.xy, b.order, b.tiles, *lists, self.best, self.last, self.ties)

    @property
    def counted(self) -> tuple[int, int, int, int]:
        """What they are given last: the number of Gaussians, the canvas, the columns of tiles."""
        return len(self.color), self.canvas.height, self.canvas.width, self.blocks.lists.columns


def on_device(tensor: Tensor) -> AbstractContextManager[object]:
    """Makes the tensor's graphics card the current one, where kernels start."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()


def forward(
    xy: Tensor,
    scale: Tensor,
    angle: Tensor,
    log_weight: Tensor,
    color: Tensor,
    height: int,
    width: int,
    blend: BlendName,
    wrap: bool,
    points: Tensor | None,
) -> tuple[Tensor, Saved]:
    """The picture (height, width, C) of N Gaussians, or their colours (M, C) at points (M, 2), not clipped.

    xy (N, 2) and scale (N, 2) in canvas pixels, angle (N,) in radians, log_weight (N,) in nats, color (N, C),
    C from 1 to 32, points in canvas pixels: contiguous float32 tensors on one device, with finite values and scales
    above 0, which is not checked. `imagegs.Gaussians` explains the numbers. Pixel (column X, row Y) is the colour at
    (X + 0.5, Y + 0.5). Points beyond the canvas have the colour of its border, or of the canvas that wraps.
    The second result is what `backward` and the functions of gauss_newton.py need.

    Raises ValueError where shapes or types are other ones, N or M is 0, or the paper blend is to wrap.
    """
    _check(xy, scale, angle, log_weight, color, points)
    if wrap and blend != "softmax":
        raise ValueError(f"only the softmax blend wraps, not the {blend} blend")
    canvas = Canvas(height, width, blend == "paper", wrap, 0.5 if points is None else 0.0)
    with on_device(xy):
        shapes = _shapes(canvas, xy, scale, angle, log_weight)
        blocks = picture_blocks(canvas, shapes) if points is None else point_blocks(canvas, shapes, points)
        saved = _paint(canvas, blocks, shapes, scale, color)
    shape = (height, width) if points is None else (len(points),)
    return saved.out.view(*shape, color.shape[1]), saved


def backward(saved: Saved, grad: Tensor) -> Gradients:
    """dL/d(xy, scale, angle, log_weight, color), shaped like them, from dL/d(what `forward` gave), float32.

    The sets that points chose are held fixed. In the paper blend the log-weights' gradient is 0.
    """
    with on_device(saved.out):
        sums = add_parts(saved.sorted_parts, gradient_parts(saved, grad))
        all_of = chained(saved, sums, own=False)
    return (
        all_of[:, 0:2].contiguous(),
        all_of[:, 2:4].contiguous(),
        all_of[:, 4].contiguous(),
        all_of[:, 5].contiguous(),
        all_of[:, 6:].contiguous(),
    )


def gradient_parts(saved: Saved, grad: Tensor) -> Tensor:
    """The sums of each block and candidate, see differentiating.py. (groups, parts, 6 + GROUP)"""
    grad = grad.reshape(saved.out.shape).to(torch.float32).contiguous()
    parts = saved.out.new_empty((saved.groups, saved.blocks.n_parts, SUMS + GROUP_SIZE))
    gradient_kernel[(len(saved.blocks.tiles), saved.groups)](
        *saved.walked, saved.color, saved.out, saved.inverse, grad, saved.blocks.first_part, parts,
        saved.blocks.n_parts, *saved.counted, CHANNELS=saved.color.shape[1], **saved.compiled, num_warps=2,
    )  # fmt: skip
    return parts


def chained(saved: Saved, sums: Tensor, own: bool) -> Tensor:
    """The gradient (N, 6 + C) from sums, with respect to the Gaussians' numbers, or in their own units."""
    n, channels = saved.color.shape
    gradient = saved.out.new_empty((n, SUMS + channels))
    chain_kernel[(triton.cdiv(n, GAUSSIANS_AT_ONCE),)](
        sums, saved.shapes, saved.scale, gradient, n, CHANNELS=channels, GROUPS=saved.groups,
        PAPER=saved.canvas.paper, OWN=own, BLOCK=GAUSSIANS_AT_ONCE, num_warps=4,
    )  # fmt: skip
    return gradient


def _check(
    xy: Tensor, scale: Tensor, angle: Tensor, log_weight: Tensor, color: Tensor, points: Tensor | None
) -> None:
    """Raises ValueError where tensors do not belong together."""
    n, c = len(xy), color.shape[-1]
    expected = {(n, 2): (xy, scale), (n,): (angle, log_weight), (n, c): (color,)}
    shaped = all(tensor.shape == shape for shape, tensors in expected.items() for tensor in tensors)
    if n == 0 or not shaped or not 1 <= c <= MAX_CHANNELS:
        raise ValueError("these are not the numbers of one or more Gaussians of 1 to 32 channels")
    if points is not None and (len(points) == 0 or points.shape != (len(points), 2)):
        raise ValueError(f"points have the shape (M, 2), M at least 1, not {tuple(points.shape)}")
    tensors = [xy, scale, angle, log_weight, color, *([] if points is None else [points])]
    if not all(t.dtype == torch.float32 and t.is_contiguous() and t.device == xy.device for t in tensors):
        raise ValueError("the tensors must be float32, contiguous and on one device")


def _shapes(canvas: Canvas, xy: Tensor, scale: Tensor, angle: Tensor, log_weight: Tensor) -> Tensor:
    """The rows of all candidates, see shaping.py."""
    n = len(xy)
    candidates = 9 * n if canvas.wrap else n
    shapes = xy.new_zeros((candidates, SHAPE_ROW))
    shape_kernel[(triton.cdiv(candidates, GAUSSIANS_AT_ONCE),)](
        xy, scale, angle, log_weight, shapes, n, candidates, canvas.height, canvas.width, PAPER=canvas.paper,
        WRAP=canvas.wrap, BLOCK=GAUSSIANS_AT_ONCE, num_warps=4,
    )  # fmt: skip
    return shapes


def _paint(canvas: Canvas, blocks: Blocks, shapes: Tensor, scale: Tensor, color: Tensor) -> Saved:
    """Chooses the candidates of all points and mixes their colours."""
    n, channels = color.shape
    best, last, inverse = (shapes.new_empty(blocks.n_points) for _ in range(3))
    ties = torch.empty(blocks.n_points, dtype=torch.int32, device=shapes.device)
    out = shapes.new_empty((blocks.n_points, channels))
    by_gaussian = SortedParts(blocks, n)
    saved = Saved(canvas, blocks, shapes, scale, color, out, best, last, ties, inverse, by_gaussian)
    grid = len(blocks.tiles)
    choose_kernel[(grid,)](*saved.walked, *saved.counted[1:], **saved.compiled, num_warps=4)
    mix_kernel[(grid, saved.groups)](
        *saved.walked, color, out, inverse, *saved.counted, CHANNELS=channels, **saved.compiled, num_warps=4
    )
    return saved
