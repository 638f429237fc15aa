"""A cluster of two worker processes, and small pictures for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagegs import compress_with_report
from imagegs.distributed.jobs import Encoded, Job
from imagegs.pictures.opening import read_picture_file
from requirements import need_packages

ALLOWED_FAILURES = 2  # deaths of workers that a picture survives


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A client; its cluster's address is `client.scheduler.address`."""
    need_packages("dask", "distributed")
    import dask
    import distributed  # noqa: F401 (has its defaults in the configuration before that is changed)

    from imagegs.distributed.cluster import started

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": ALLOWED_FAILURES}),
        started(2) as client,
    ):
        yield client


def make_pictures(folder: Path, n: int) -> list[Path]:
    """PNG files of 48 x 32 pixels, all different, every second one in the folder `sub`."""
    (folder / "sub").mkdir(parents=True)
    y, x = np.mgrid[:32, :48]
    paths = []
    for i in range(n):
        gray = 128 + 100 * np.sin(x / (3 + i)) * np.cos(y / 5)
        paths.append(folder / ("sub" if i % 2 else "") / f"p{i}.png")
        Image.fromarray(np.dstack([gray, gray[::-1], 255 - gray]).astype(np.uint8)).save(paths[-1])
    return paths


@dataclass(frozen=True)
class SlowEncoder:
    """Takes its time over a picture, and ends its process at one of a certain name."""

    seconds: float = 0.0
    poison: str = ""

    def __call__(self, path: Path) -> Encoded:
        if path.stem == self.poison:
            os._exit(1)
        time.sleep(self.seconds)
        return Encoded(
            compress_with_report(read_picture_file(path).pixels, n_gaussians=10, steps=2, threads=1)
        )


def jobs_for(paths: list[Path], out: Path, encoder: Any) -> list[Job]:
    return [Job(path, out / f"{path.stem}.gsimg", encoder, "0" * 64) for path in paths]
