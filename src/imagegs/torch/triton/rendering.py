"""The renderer on a device and its gradient: the kernels in their order.

forward: shapes, lists, choices, colours. backward: sums of each tile, of each Gaussian, chain rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import triton
from torch import Tensor

from imagegs.gaussians import MAX_CHANNELS, BlendName
from imagegs.torch.triton.blocks import Blocks, picture_blocks, point_blocks
from imagegs.torch.triton.chaining import chain_kernel
from imagegs.torch.triton.choosing import choose_kernel
from imagegs.torch.triton.constants import GAUSSIANS_AT_ONCE, GROUP_SIZE, SHAPE_ROW, SUMS
from imagegs.torch.triton.differentiating import gradient_kernel
from imagegs.torch.triton.launching import launch, on_device
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

    def walk(self, kernel: Any, *given: Tensor | int) -> None:
        """Starts a kernel that goes over the lists after choosing.py, with what it needs besides."""
        b = self.blocks
        lists = (b.xy, b.order, b.tiles, self.shapes, b.lists.offsets, b.lists.ids)
        choices = (self.best, self.last, self.ties)
        canvas = (len(self.color), self.canvas.height, self.canvas.width, b.lists.columns)
        compiled = {"CHANNELS": self.color.shape[1], "PAPER": self.canvas.paper, "SAMPLED": b.sampled}
        picture = (self.color, self.out, self.inverse)
        launch(kernel, (len(b.tiles), self.groups), *lists, *choices, *picture, *given, *canvas, **compiled)

    def sums(self, kernel: Any, width: int, *given: Tensor) -> Tensor:
        """The sums (groups, N, width) of the parts that such a kernel makes of each block and candidate."""
        parts = self.out.new_empty((self.groups, self.blocks.n_parts, width))
        self.walk(kernel, *given, self.blocks.first_part, parts, self.blocks.n_parts)
        return add_parts(self.sorted_parts, parts, min(width, SUMS + self.color.shape[1]))


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
    C from 1 to 32, points in canvas pixels: contiguous float32 tensors on one device, with finite values and
    scales above 0, which is not checked. `imagegs.Gaussians` explains the numbers. Pixel (column X, row Y) is
    the colour at (X + 0.5, Y + 0.5). Points beyond the canvas have the colour of its border, or of the canvas
    that wraps. The second result is what `backward` and the functions of gauss_newton.py need.

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
        all_of = chained(saved, gradient_sums(saved, grad), own=False)
    return (
        all_of[:, 0:2].contiguous(),
        all_of[:, 2:4].contiguous(),
        all_of[:, 4].contiguous(),
        all_of[:, 5].contiguous(),
        all_of[:, 6:].contiguous(),
    )


def own_gradient(saved: Saved, grad: Tensor) -> Tensor:
    """The same with respect to the numbers in each Gaussian's own units (gauss_newton.py): (N, 6 + C)."""
    with on_device(saved.out):
        return chained(saved, gradient_sums(saved, grad), own=True)


def gradient_sums(saved: Saved, grad: Tensor) -> Tensor:
    """The sums (groups, N, 6 + GROUP) of each Gaussian that chaining.py makes the gradient of."""
    grad = grad.reshape(saved.out.shape).to(torch.float32).contiguous()
    return saved.sums(gradient_kernel, SUMS + GROUP_SIZE, grad)


def chained(saved: Saved, sums: Tensor, own: bool) -> Tensor:
    """The gradient (N, 6 + C) from sums, with respect to the Gaussians' numbers, or in their own units."""
    n, channels = saved.color.shape
    gradient = saved.out.new_empty((n, SUMS + channels))
    compiled = {"CHANNELS": channels, "GROUPS": saved.groups, "PAPER": saved.canvas.paper, "OWN": own}
    given = (sums, saved.shapes, saved.scale, gradient, n)
    grid = (triton.cdiv(n, GAUSSIANS_AT_ONCE),)
    launch(chain_kernel, grid, *given, **compiled, BLOCK=GAUSSIANS_AT_ONCE)
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
    given = (xy, scale, angle, log_weight, shapes, n, candidates, canvas.height, canvas.width)
    grid = (triton.cdiv(candidates, GAUSSIANS_AT_ONCE),)
    launch(shape_kernel, grid, *given, PAPER=canvas.paper, WRAP=canvas.wrap, BLOCK=GAUSSIANS_AT_ONCE)
    return shapes


def _paint(canvas: Canvas, blocks: Blocks, shapes: Tensor, scale: Tensor, color: Tensor) -> Saved:
    """Chooses the candidates of all points and mixes their colours."""
    n, channels = color.shape
    best, last, inverse = (shapes.new_empty(blocks.n_points) for _ in range(3))
    ties = torch.empty(blocks.n_points, dtype=torch.int32, device=shapes.device)
    out = shapes.new_empty((blocks.n_points, channels))
    saved = Saved(
        canvas, blocks, shapes, scale, color, out, best, last, ties, inverse, SortedParts(blocks, n)
    )
    lists = (blocks.xy, blocks.order, blocks.tiles, shapes, blocks.lists.offsets, blocks.lists.ids)
    given = (*lists, best, last, ties, canvas.height, canvas.width, blocks.lists.columns)
    launch(choose_kernel, (len(blocks.tiles),), *given, PAPER=canvas.paper, SAMPLED=blocks.sampled)
    saved.walk(mix_kernel)
    return saved
