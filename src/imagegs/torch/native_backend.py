"""The native kernels as a backend, for float32 tensors of the CPU, whose memory is read and written in place.

They use as many threads as PyTorch does (torch.get_num_threads()). Their results are the same bits with any
number of them.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from imagegs import _native
from imagegs._native import Scene, Spares
from imagegs.engine import engine
from imagegs.gaussians import BLENDS, FloatArray
from imagegs.own_units import OWN, slopes_of
from imagegs.torch.views import Five, View


class _Memory(threading.local):
    """Memory that one call leaves for the next one of the same thread, so that it allocates little."""

    def __init__(self) -> None:
        self.scene, self.spares = Scene(), Spares()


_memory = _Memory()


class Saved(NamedTuple):
    """All that a picture is differentiated with, by one thread at a time; of points, a scene."""

    native: _native.KeptRender | Scene
    turn: threading.Lock


def paint(gaussians: Five, view: View, out: Tensor, keep: bool) -> Saved | None:
    """As `Backend.paint` says."""
    scene = Scene() if keep and view.points is not None else _memory.scene
    threads = engine(torch.get_num_threads())
    canvas = BLENDS.index(view.blend), view.wrap, view.width, view.height
    scene.update(threads, *canvas, *map(_array, gaussians))
    if view.points is not None:
        scene.sample(threads, _array(view.points), _array(out))
        return Saved(scene, threading.Lock()) if keep else None
    place = view.area.x, view.area.y, *view.steps
    if not keep:
        scene.render(threads, _array(out), *place, True)
        return None
    return Saved(_native.KeptRender(threads, scene, _memory.spares, _array(out), *place), threading.Lock())


def gradients(saved: Saved, gaussians: Five, view: View, out: Tensor, grad: Tensor) -> Five:
    """As `Backend.gradients` says."""
    _, scale, angle, log_weight, color = gaussians
    own = np.empty((len(color), OWN["color"].start + color.shape[1]), np.float32)
    with saved.turn:
        if isinstance(saved.native, _native.KeptRender):
            saved.native.gradient(_array(grad), own)
        else:
            assert view.points is not None
            arrays = _array(view.points), _array(grad), own
            _native.sample_gradient(engine(torch.get_num_threads()), saved.native, _memory.spares, *arrays)
    slopes = slopes_of(own, _array(scale), _array(angle))
    found = [torch.from_numpy(array) for array in slopes]
    if view.blend == "paper":
        found[3] = torch.zeros_like(log_weight)
    return found[0], found[1], found[2], found[3], found[4]


def _array(tensor: Tensor) -> FloatArray:
    """The tensor's own memory."""
    array: FloatArray = tensor.detach().numpy()
    return array
