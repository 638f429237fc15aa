"""A folder of results under what they depend on, so that a run goes on where another ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.files import write_atomically


def digest(*parts: Any) -> str:
    """A name for what some values say: strings, numbers, and lists of them."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def digest_of_pixels(pixels: NDArray[Any]) -> str:
    """A name for the contents of an array, its shape and type."""
    told = f"{pixels.shape} {pixels.dtype}".encode()
    return hashlib.sha256(told + np.ascontiguousarray(pixels).tobytes()).hexdigest()[:32]


def digest_of_files(paths: Iterable[Path]) -> str:
    """A name for the contents of files."""
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:32]


class Store:
    """Files `KEY.SUFFIX`, each written whole or not at all, so that processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def read(self, key: str, suffix: str) -> bytes | None:
        """The bytes of a file in the store; None where there is no such file."""
        try:
            return (self._folder / f"{key}.{suffix}").read_bytes()
        except FileNotFoundError:
            return None

    def write(self, key: str, suffix: str, data: bytes) -> None:
        """Replaces what was there."""
        write_atomically(self._folder / f"{key}.{suffix}", data)

    def read_json(self, key: str) -> dict[str, Any] | None:
        """The row in a file of the store; None where there is no such file, or one that is not JSON."""
        data = self.read(key, "json")
        try:
            found = None if data is None else json.loads(data)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def write_json(self, key: str, value: dict[str, Any]) -> None:
        """Floats must be finite."""
        self.write(key, "json", json.dumps(value, allow_nan=False).encode())
