"""An objective whose pictures stay on a graphics card: painted by the Triton kernels, compared by PyTorch.

The numbers of the Gaussians, N x (6 + C), and their gradients go back and forth in every call. A picture is
copied to the CPU only where it is asked for by name (`render`, `KeptRender.picture`, `loss`): where a fit
looks for places of new Gaussians, and where an observer's metric is made.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imagegs.fitting.device.losses import ssim, weighted_mean
from imagegs.fitting.device.observer import DeviceObserver
from imagegs.fitting.device.planes import on_device
from imagegs.fitting.objective import (
    Evaluation,
    GaussianArrays,
    KeptRender,
    LossMeans,
    LossWeights,
    Objective,
    Room,
)
from imagegs.gaussians import BlendName, FloatArray


class DeviceObjective(Objective):
    """An `Objective` on a device of PyTorch; the other arguments are those of `Objective`.

    Means are added in float32, so losses agree with those of the CPU to about 1e-6 of them.
    """

    def __init__(
        self,
        device: str,
        target: FloatArray,
        blend: BlendName,
        threads: int | None = None,
        pixel_weights: FloatArray | None = None,
        wrap: bool = False,
        observer: DeviceObserver | None = None,
        room: Room | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.kernels: Any = import_module("imagegs.torch.triton")
        self.seen_target = on_device(target, self.device)
        super().__init__(target, blend, threads, pixel_weights, wrap, observer, room)

    def _weigh(self, pixel_weights: FloatArray | None) -> None:
        super()._weigh(pixel_weights)
        self._seen_weights = None if pixel_weights is None else on_device(pixel_weights, self.device)

    def beside(self, target: FloatArray, pixel_weights: FloatArray | None) -> Objective:
        """As `Objective.beside`, on the same device."""
        return DeviceObjective(
            str(self.device), target, self.blend, self.engine.threads, pixel_weights, self.wrap
        )

    def render(self, arrays: GaussianArrays, out: FloatArray | None = None) -> FloatArray:
        """As `Objective.render`: the picture is copied to the CPU."""
        planes = self._painted(arrays)[0].cpu().numpy()
        if out is None:
            return np.ascontiguousarray(planes)
        out[...] = planes
        return out

    def kept(self, arrays: GaussianArrays) -> DeviceKeptRender:
        """As `Objective.kept`."""
        return DeviceKeptRender(self, arrays.own_units, *self._painted(arrays))

    def squared_error(self, arrays: GaussianArrays, target: Any = None) -> Evaluation:
        """As `Objective.squared_error`."""
        picture, saved = self._painted(arrays)
        error = picture - (self.seen_target if target is None else self.tensor(target))
        weighed = error if self._seen_weights is None else error * self._seen_weights
        l2 = float((weighed * error).mean())
        gradient = self.gradient_of(saved, weighed * (2 / error.numel()))
        return Evaluation(l2, l2, gradient)

    def measure(self, arrays: GaussianArrays, weights: LossWeights) -> LossMeans:
        """As `Objective.measure`; the picture stays on the device."""
        with torch.no_grad():
            return _floats(self._parts(self._painted(arrays)[0], weights))

    def loss(
        self, picture: FloatArray, weights: LossWeights, gradient: FloatArray | None = None
    ) -> LossMeans:
        """As `Objective.loss`: the picture is copied to the device, and its gradient back."""
        planes = self.tensor(picture)
        if gradient is None:
            with torch.no_grad():
                return _floats(self._parts(planes, weights))
        means, slope = self.slopes(planes, weights)
        gradient[...] = slope.cpu().numpy()
        return means

    def slopes(self, picture: Tensor, weights: LossWeights) -> tuple[LossMeans, Tensor]:
        """The loss's parts for a picture (C, H, W) on the device, and the loss's gradient by it."""
        leaf = picture.detach().requires_grad_()
        parts = self._parts(leaf, weights)
        loss: Any = self.total(parts, weights)
        (slope,) = torch.autograd.grad(loss, leaf)
        return _floats(parts), slope

    def _parts(self, picture: Tensor, weights: LossWeights) -> Any:
        """The `LossMeans` of a picture (C, H, W) on the device, as tensors."""
        error, nothing = picture - self.seen_target, picture.new_zeros(())
        alike = ssim(picture, self.seen_target, self._seen_weights) if weights.ssim else nothing
        if weights.visual and self.observer is None:
            raise ValueError("an objective without an observer has no visual loss")
        seen = self._observed(picture) if weights.visual else nothing
        l1, l2 = (weighted_mean(values, self._seen_weights) for values in (error.abs(), error.square()))
        return LossMeans(l1, l2, alike, seen)  # type: ignore[arg-type]

    def _observed(self, picture: Tensor) -> Tensor:
        assert isinstance(self.observer, DeviceObserver)
        return self.observer.seen(picture)

    def tensor(self, values: NDArray[Any] | Tensor) -> Tensor:
        """An array on the device; a tensor as it is."""
        return values if isinstance(values, Tensor) else on_device(values, self.device)

    def gradient_of(self, saved: Any, slope: Tensor) -> FloatArray:
        """The gradient (N, 6 + C) in own units, of a loss with this slope (C, H, W)."""
        return _array(self.kernels.own_gradient(saved, slope.permute(1, 2, 0)))

    def _painted(self, arrays: GaussianArrays) -> tuple[Tensor, Any]:
        """The picture (C, H, W) on the device, and what the kernels saved of it."""
        _, height, width = self.target.shape
        given = [on_device(values, self.device) for values in vars(arrays).values()]
        picture, saved = self.kernels.forward(*given, height, width, self.blend, self.wrap, None)
        return picture.permute(2, 0, 1), saved


class DeviceKeptRender(KeptRender):
    """A `KeptRender` on a device."""

    objective: DeviceObjective

    def __init__(
        self, objective: DeviceObjective, own_units: tuple[int, int], planes: Tensor, saved: Any
    ) -> None:
        self.objective, self._own_units = objective, own_units
        self._planes, self._saved = planes, saved
        self._picture: FloatArray | None = None
        self._slope: Tensor | None = None
        self._metric: tuple[FloatArray | None, Tensor | None] = None, None

    @property
    def picture(self) -> FloatArray:
        """As `KeptRender.picture`: copied to the CPU once."""
        if self._picture is None:
            self._picture = np.array(self._planes.cpu().numpy(), order="C")
            self._picture.flags.writeable = False
        return self._picture

    def evaluate(self, weights: LossWeights) -> Evaluation:
        """As `KeptRender.evaluate`; the objective's scratch is left as it is."""
        means, self._slope = self.objective.slopes(self._planes, weights)
        loss = self.objective.total(means, weights)
        return Evaluation(loss, means.l2, self.objective.gradient_of(self._saved, self._slope))

    def stand_in(self) -> Tensor:
        """As `KeptRender.stand_in`, on the device."""
        assert self._slope is not None  # of an evaluation before
        return self._planes - self._slope * (self._slope.numel() / 2)

    def gradient(self, color_gradient: FloatArray) -> FloatArray:
        """As `KeptRender.gradient`."""
        return self.objective.gradient_of(self._saved, self.objective.tensor(color_gradient))

    def normal_product(self, tangent: FloatArray, metric: FloatArray | None) -> FloatArray:
        """As `KeptRender.normal_product`."""
        given = self.objective.tensor(tangent), self._rows(metric)
        return _array(self.objective.kernels.normal_product(self._saved, *given))

    def normal_diagonal(self, metric: FloatArray | None) -> FloatArray:
        """As `KeptRender.normal_diagonal`."""
        return _array(self.objective.kernels.normal_diagonal(self._saved, self._rows(metric)))

    def removal_cost(self, metric: FloatArray | None) -> FloatArray:
        """As `KeptRender.removal_cost`."""
        residual = (self.objective.seen_target - self._planes).permute(1, 2, 0)
        return _array(self.objective.kernels.removal_cost(self._saved, residual, self._rows(metric)))

    def _rows(self, metric: FloatArray | None) -> Tensor | None:
        """The weights of pixels as the kernels take them, (M, 1) or (M, C); copied once for all products."""
        if metric is not self._metric[0]:
            planes = None if metric is None else on_device(metric, self.objective.device)
            rows = None if planes is None else planes.reshape(-1, self._planes[0].numel()).T.contiguous()
            self._metric = metric, rows
        return self._metric[1]


def _floats(parts: Any) -> LossMeans:
    """Parts of a loss as numbers; the host waits once."""
    return LossMeans(*torch.stack([part.detach() for part in parts]).tolist())


def _array(tensor: Tensor) -> FloatArray:
    found: FloatArray = tensor.cpu().numpy()
    return found
