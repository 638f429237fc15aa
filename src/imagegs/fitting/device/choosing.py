"""Chooses the device that a fit runs on, and the objective and the observer for it.

PyTorch is loaded for a card only.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from imagegs.choices import DEVICES, DeviceName
from imagegs.engine import engine
from imagegs.errors import ImageGSError
from imagegs.fitting.objective import Objective
from imagegs.fitting.visual import Observer
from imagegs.gaussians import FloatArray

ChosenDevice = Literal["cpu", "cuda"]

TORCH_DEVICE = "cuda"  # PyTorch's name of the current card, of NVIDIA (CUDA) or AMD (ROCm)


def chosen_device(name: DeviceName) -> ChosenDevice:
    """The device that a name stands for; "auto" is a card if there is one that can be used.

    Raises ValueError for an unknown name, ImageGSError where a card is asked for and cannot be used.
    """
    if name not in DEVICES:
        raise ValueError(f"no device {name!r}; there are {', '.join(DEVICES)}")
    if name == "cpu":
        return "cpu"
    lack = what_a_card_lacks()
    if lack is None:
        return "cuda"
    if name == "auto":
        return "cpu"
    raise ImageGSError(lack)


def what_a_card_lacks() -> str | None:
    """Why no fit can run on a card here; None: it can."""
    missing = [name for name in ("torch", "triton") if find_spec(name) is None]
    if missing:
        return f"a fit on a graphics card needs {' and '.join(missing)}: pip install 'imagegs[gpu]'"
    if not import_module("torch").cuda.is_available():
        return "there is no graphics card that PyTorch can use"
    return None


def objective_on(device: ChosenDevice, target: FloatArray, *given: Any) -> Objective:
    """The objective of a device; the arguments after the device are those of `Objective`."""
    if device == "cpu":
        return Objective(target, *given)
    found: Objective = import_module("imagegs.fitting.device.objective").DeviceObjective(
        TORCH_DEVICE, target, *given
    )
    return found


def observer_on(
    device: ChosenDevice,
    threads: int | None,
    target: FloatArray,
    factors: FloatArray,
    pixel_weights: FloatArray | None,
) -> Observer:
    """The observer of a device; the arguments after the threads are those of `Observer`."""
    if device == "cpu":
        return Observer(engine(threads), target, factors, pixel_weights)
    found: Observer = import_module("imagegs.fitting.device.observer").DeviceObserver(
        TORCH_DEVICE, target, factors, pixel_weights
    )
    return found
