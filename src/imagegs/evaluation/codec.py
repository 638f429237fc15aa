"""What a codec is to `imagegs bench`."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (H, W, 3), sRGB
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Codec:
    """A way to make a file of a picture, and a picture of the file; one thread each.

    encode takes the picture and one of `dial`'s settings, which go from the smallest file to the largest; a
    codec without a dial takes the number of bytes that the file may have, and is slow. A file is what would
    lie on a disk.
    """

    name: str  # on the command line
    title: str
    settings: str  # what it was run with, for the report
    encode: Callable[[Pixels, float], bytes]
    decode: Callable[[bytes, Shape], Pixels]
    dial: Sequence[float] | None
    packages: tuple[tuple[str, str], ...] = ()  # (module, distribution), all of them needed
    # The picture without what a decoder adds for the eye alone; None: it adds nothing.
    decode_plain: Callable[[bytes, Shape], Pixels] | None = None
    extra: str = "bench"  # that brings the packages
    # The multiply-adds of a pixel, on average; None: nobody has counted them.
    multiply_adds: Callable[[bytes, Shape], float | None] | None = None
    code: Callable[[], str] | None = (
        None  # a key of this package's code that makes the files; None: none does
    )

    @property
    def takes_bytes(self) -> bool:
        """Whether it makes a file of a given size."""
        return self.dial is None

    def missing(self) -> str | None:
        """Why it cannot run here; None where it can."""
        for module, distribution in self.packages:
            if importlib.util.find_spec(module) is None:
                return f"{self.name} needs the package {distribution}: pip install 'imagegs[{self.extra}]'"
        return None

    def version(self) -> str:
        """The version of the package that makes the files, such as "pillow 12.0.0"."""
        names = dict.fromkeys(distribution for _, distribution in self.packages)
        return ", ".join(f"{name} {metadata.version(name)}" for name in names)


PILLOW = ("PIL", "pillow")
