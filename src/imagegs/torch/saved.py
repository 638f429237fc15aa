"""Keeps what forward leaves for backward beside tensors.

An operator of torch.library gives tensors only. So it gives a token, one byte whose address is the key of
what was kept. Autograd holds the token for as long as backward may come; when its memory is freed, what was
kept goes too. A copy of a token (torch.compile may make one) finds nothing: then backward paints once more.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import torch
from torch import Tensor

from imagegs.forking import in_forked_children

_kept: dict[int, Any] = {}
in_forked_children(_kept.clear)  # the threads that it needs are the parent's


def keep(saved: Any) -> Tensor:
    """A token for something: uint8, (1,), on the CPU."""
    byte = np.zeros(1, np.uint8)
    address = byte.ctypes.data
    _kept[address] = saved
    weakref.finalize(byte, _kept.pop, address, None).atexit = False
    return torch.from_numpy(byte)


def no_token() -> Tensor:
    """A token for nothing."""
    return torch.zeros(1, dtype=torch.uint8)


def recall(token: Tensor) -> Any | None:
    """The thing that a token stands for, or None where it is a copy, or one for nothing."""
    return _kept.get(token.data_ptr())
