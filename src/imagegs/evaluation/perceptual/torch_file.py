"""Reading a file of weights that PyTorch wrote before its version 1.6, without PyTorch.

Such a file is a row of pickles (a magic number, the version, the system, the named tensors as views of
storages, the storages' keys) and then, for each key, the number of values and the values. Only float32 is
read, and nothing in the file can name code to run.
"""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from imagegs.errors import reading
from imagegs.ssimulacra.single_precision import Singles

_MAGIC = 0x1950A86A20F9469CFC6C


class _View(NamedTuple):
    """A tensor as it is pickled: the key of its storage, where it starts there, its shape and strides."""

    storage: str
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, Singles]:
    """The named tensors of the file. Raises FormatError for a file of another kind, OSError."""
    # A pickle of damaged bytes raises whatever its operations run into.
    with path.open("rb") as file, reading(f"{path}: not weights of float32 as PyTorch < 1.6 wrote them"):
        return _read(file)


def _read(file: BinaryIO) -> dict[str, Singles]:
    size = os.fstat(file.fileno()).st_size
    if _Unpickler(file).load() != _MAGIC:
        raise ValueError("it starts with another number")
    for _ in ("version", "system"):
        _Unpickler(file).load()
    views: dict[str, _View] = _Unpickler(file).load()
    storages = {}
    for key in _Unpickler(file).load():
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        if not 0 <= 4 * count <= size:  # before so much memory is taken
            raise ValueError("a storage has more values than the file")
        storages[key] = np.frombuffer(file.read(4 * count), "<f4", count)
    return {name: _tensor(storages[view.storage], view) for name, view in views.items()}


def _tensor(storage: Singles, view: _View) -> Singles:
    reach = view.start + sum((n - 1) * step for n, step in zip(view.shape, view.strides, strict=True))
    if view.start < 0 or min(view.strides) < 0 or min(view.shape) < 1 or reach >= len(storage):
        raise ValueError("a tensor reaches beyond its storage")
    strides = [4 * step for step in view.strides]
    return np.lib.stride_tricks.as_strided(storage[view.start :], view.shape, strides).copy()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, *view: _View(storage, *view[:3]),
            ("torch", "FloatStorage"): None,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return known[module, name]

    def persistent_load(self, reference: Any) -> str:
        return str(reference[2])
