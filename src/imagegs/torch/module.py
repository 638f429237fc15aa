"""Gaussians as a module: their numbers are parameters, so that any loss on pictures can train them."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from imagegs.gaussians import (
    MAX_COLOR,
    MAX_LOG_WEIGHT,
    MAX_SCALE,
    MIN_SCALE,
    BlendName,
    Gaussians,
)
from imagegs.torch.arguments import check_canvas
from imagegs.torch.functions import render, sample

# Rates of a step of Adam: centres in shares of the usual scale, logarithms of scales, radians, nats, colour.
RATES = {"xy": 0.15, "log_scale": 0.08, "angle": 0.06, "log_weight": 0.12, "color": 0.02}
_ROUNDING = 1e-5  # of exp in float32, as a logarithm


class GaussianImage(nn.Module):
    """N Gaussians on a canvas whose numbers are trained; called, it paints them, as `render` does.

    Its parameters are `xy` (N, 2) in canvas pixels, `log_scale` (N, 2), the natural logarithms of canvas
    pixels, `angle` (N,) in radians, `log_weight` (N,) in nats, which the "paper" blend does not train, and
    `color` (N, C). They keep the dtype and the device of the tensors that they are made of. `state_dict` has
    these five; a module of the same N and C loads it.

    xy, scale, angle, log_weight, color: as `render` takes them, without leading dimensions; copied. height,
    width: of the canvas, pixels. channels: C names. bit_depth: 8 or 16, of pictures that files decode to.
    blend, wrap: as in `render`.

    Raises TypeError and ValueError as `imagegs.Gaussians` does.

    >>> gaussians = imagegs.fit(np.zeros((16, 24, 3)), 20, effort=1)
    >>> module = imagegs.torch.GaussianImage.from_gaussians(gaussians)
    >>> optimizer = torch.optim.Adam(module.parameter_groups())
    >>> loss = (module() - 0.5).square().mean()
    >>> loss.backward(); optimizer.step(); module.clamp_()
    >>> size = imagegs.save("trained.gsimg", module.to_gaussians())
    """

    def __init__(
        self,
        xy: Tensor,
        scale: Tensor,
        angle: Tensor,
        log_weight: Tensor,
        color: Tensor,
        *,
        height: int,
        width: int,
        channels: tuple[str, ...] = ("R", "G", "B"),
        blend: BlendName = "softmax",
        wrap: bool = False,
        bit_depth: Literal[8, 16] = 8,
    ) -> None:
        super().__init__()
        check_canvas(height, width, blend, wrap)
        self.height, self.width, self.channels = height, width, channels
        self.blend, self.wrap, self.bit_depth = blend, wrap, bit_depth
        self.xy = nn.Parameter(xy.detach().clone())
        self.log_scale = nn.Parameter(scale.detach().log())
        self.angle = nn.Parameter(angle.detach().clone())
        self.log_weight = nn.Parameter(log_weight.detach().clone(), requires_grad=blend == "softmax")
        self.color = nn.Parameter(color.detach().clone())
        self.to_gaussians()  # checks all of it

    @classmethod
    def from_gaussians(
        cls,
        gaussians: Gaussians,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> GaussianImage:
        """A module of some Gaussians, float32 by default. It forgets their layers."""
        g = gaussians
        arrays = (g.xy, g.scale, g.angle, g.log_weight, g.color)
        tensors = (torch.tensor(array, device=device, dtype=dtype or torch.float32) for array in arrays)
        return cls(
            *tensors,
            height=g.height,
            width=g.width,
            channels=g.channels,
            blend=g.blend,
            wrap=g.wrap,
            bit_depth=g.bit_depth,
        )

    @property
    def scale(self) -> Tensor:
        """(N, 2) standard deviations, canvas pixels."""
        return self.log_scale.exp()

    def forward(
        self,
        *,
        region: tuple[int, int, int, int] | None = None,
        size: tuple[int, int] | None = None,
        filtered: bool = True,
    ) -> Tensor:
        """The picture [H, W, C], not clipped: see `render`."""
        canvas = self.height, self.width
        return render(
            *self._tensors(),
            *canvas,
            blend=self.blend,
            wrap=self.wrap,
            region=region,
            size=size,
            filtered=filtered,
        )

    def sample(self, points: Tensor) -> Tensor:
        """The colours [..., M, C] at points [..., M, 2]: see `sample`."""
        height, width = self.height, self.width
        return sample(*self._tensors(), points, height=height, width=width, blend=self.blend, wrap=self.wrap)

    def to_gaussians(self) -> Gaussians:
        """The Gaussians, in float32. Raises ValueError as they do; see `clamp_`."""
        xy, scale, angle, log_weight, color = (t.detach().float().cpu().numpy() for t in self._tensors())
        return Gaussians(
            xy=xy,
            scale=scale,
            angle=angle,
            log_weight=log_weight,
            color=color,
            height=self.height,
            width=self.width,
            channels=self.channels,
            blend=self.blend,
            wrap=self.wrap,
            bit_depth=self.bit_depth,
        )

    @torch.no_grad()
    def clamp_(self) -> None:
        """Brings the parameters back to what files can hold; for the end of each step of an optimizer.

        Centres come to the border of the canvas, or modulo its sides where it wraps; scales, log-weights and
        colours to the ends of their ranges in `imagegs.Gaussians`.
        """
        sides = self.xy.new_tensor([self.width, self.height])
        self.xy.copy_(
            self.xy.remainder(sides) if self.wrap else self.xy.clamp(torch.zeros_like(sides), sides)
        )
        self.log_scale.clamp_(math.log(MIN_SCALE) + _ROUNDING, math.log(MAX_SCALE) - _ROUNDING)
        self.log_weight.clamp_(-MAX_LOG_WEIGHT, MAX_LOG_WEIGHT)
        self.color.clamp_(-MAX_COLOR, MAX_COLOR)

    def parameter_groups(self, rate: float = 1.0) -> list[dict[str, object]]:
        """The trained parameters for an optimizer like Adam, each with a learning rate that suits its unit.

        rate: a factor of all of them. The rate of the centres is a share of the mean scale there is now.
        """
        usual = float(self.log_scale.detach().mean().exp())
        units = {"xy": usual}
        return [
            {"params": [parameter], "lr": rate * RATES[name] * units.get(name, 1.0)}
            for name, parameter in self.named_parameters()
            if parameter.requires_grad
        ]

    def extra_repr(self) -> str:
        """The text that print shows in the brackets."""
        wrap = ", wrap=True" if self.wrap else ""
        return f"n={len(self.xy)}, {self.width} x {self.height}, {''.join(self.channels)}, {self.blend}{wrap}"

    def _tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        return self.xy, self.scale, self.angle, self.log_weight, self.color
