"""How imagegs scales on this machine: encoding over pixels and Gaussians, decoding, sampling, threads.

Pictures are clouds: smooth noise of all sizes, the same everywhere. Encoding runs in a process
of its own, start and reading counted; decoding and sampling are calls, as a program makes them. One run each,
after which fast ones are repeated (`costs.measured`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.codec import decode
from imagegs.compression import compress
from imagegs.compression.keywords import CompressKeywords
from imagegs.engine import thread_count
from imagegs.evaluation.costs import measured
from imagegs.evaluation.processes import safe_path
from imagegs.gaussians import Gaussians
from imagegs.pictures.reading import read_picture
from imagegs.rendering import Painter

MEGAPIXELS = (0.1, 0.3, 1.0, 4.0, 16.0)
MEASURED_PIXELS_PER_GAUSSIAN = 100  # where time is measured over the number of pixels
COUNTS, COUNTS_MEGAPIXELS = (1_000, 4_000, 16_000, 64_000), 1.0
PAPER_MEGAPIXELS = 1.0  # no more for the paper's recipe, whose number of steps is fixed
N_POINTS = 200_000
ASPECT = 1.5


@dataclass(frozen=True)
class Point:
    """One measurement: seconds, or pixels or points a second, or bytes."""

    chart: str  # a key of CHARTS
    series: str
    x: float
    y: float


CHARTS = {  # title, x, y
    "pixels": ("Encoding, a Gaussian for 100 pixels", "megapixels", "seconds"),
    "memory": ("Peak memory of encoding", "megapixels", "MiB"),
    "counts": ("Encoding of one megapixel", "Gaussians", "seconds"),
    "decode": ("Decoding and painting", "Gaussians", "megapixels a second"),
    "sample": ("Sampling of points in no order", "Gaussians", "million points a second"),
}


def clouds(height: int, width: int) -> NDArray[np.float32]:
    """(height, width, 3) noise of five octaves, 0..1; the same for the same size."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    total = np.zeros((height, width, 3), np.float32)
    for octave in range(1, 6):
        noise = gaussian_filter(rng.random((height, width, 3), np.float32), (2**octave, 2**octave, 0))
        total += (noise - noise.mean()) / noise.std()
    clouded: NDArray[np.float32] = np.clip(0.5 + total / 12, 0, 1)
    return clouded


def measure_system(effort: int, most_megapixels: float) -> Iterator[Point]:
    """Yields all points as they are measured; pictures above so many megapixels are left out."""
    threads = list(dict.fromkeys([1, thread_count(None)]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for megapixels in MEGAPIXELS:
            if megapixels <= most_megapixels:
                yield from _over_pixels(folder, megapixels, effort, threads)
        for count in COUNTS:
            yield from _over_counts(folder, count, effort, threads)


def system_charts(points: list[Point]) -> dict[str, Any]:
    """What the report draws."""
    return {
        "charts": [
            {
                "title": title,
                "x_title": x_title,
                "y_title": y_title,
                "rows": [asdict(point) for point in points if point.chart == chart],
            }
            for chart, (title, x_title, y_title) in CHARTS.items()
        ]
    }


def _picture(folder: Path, megapixels: float) -> tuple[Path, int]:
    height = round((1e6 * megapixels / ASPECT) ** 0.5)
    width = round(ASPECT * height)
    path = folder / f"{width}x{height}.png"
    if not path.exists():
        pixels = np.round(255 * clouds(height, width)).astype(np.uint8)
        Image.fromarray(pixels).save(path, compress_level=1)
    return path, width * height


def _encode(source: Path, keywords: CompressKeywords) -> bytes:
    """In a process of its own, whose start and peak of memory count."""
    with safe_path(), ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_compress_file, source, keywords).result()


def _compress_file(source: Path, keywords: CompressKeywords) -> bytes:
    return compress(read_picture(source).pixels, **keywords)


def _over_pixels(folder: Path, megapixels: float, effort: int, threads: list[int]) -> Iterator[Point]:
    source, n_pixels = _picture(folder, megapixels)
    runs: list[tuple[str, CompressKeywords]] = [(_threads_text(n), {"threads": n}) for n in threads]
    if megapixels <= PAPER_MEGAPIXELS:
        most = threads[-1]
        runs.append((f"paper's recipe, {_threads_text(most)}", {"recipe": "paper", "threads": most}))
    for series, keywords in runs:
        n_gaussians = n_pixels // MEASURED_PIXELS_PER_GAUSSIAN
        asked: CompressKeywords = {"n_gaussians": n_gaussians, "effort": effort, **keywords}
        _, cost = measured(partial(_encode, source, asked))
        yield Point("pixels", series, n_pixels / 1e6, cost.seconds)
        if cost.peak_bytes is not None:
            yield Point("memory", series, n_pixels / 1e6, cost.peak_bytes / 2**20)


def _over_counts(folder: Path, count: int, effort: int, threads: list[int]) -> Iterator[Point]:
    source, n_pixels = _picture(folder, COUNTS_MEGAPIXELS)
    for n in threads:
        asked: CompressKeywords = {"n_gaussians": count, "effort": effort, "threads": n}
        data, cost = measured(partial(_encode, source, asked))
        yield Point("counts", _threads_text(n), count, cost.seconds)
        _, cost = measured(partial(_decode_and_paint, data, n))
        yield Point("decode", _threads_text(n), count, n_pixels / 1e6 / cost.seconds)
        painter, xy = Painter(decode(data), threads=n), _points(decode(data))
        _, cost = measured(partial(painter.sample, xy))
        yield Point("sample", _threads_text(n), count, len(xy) / 1e6 / cost.seconds)


def _decode_and_paint(data: bytes, threads: int) -> NDArray[np.float32]:
    return Painter(decode(data), threads=threads).render()


def _points(gaussians: Gaussians) -> NDArray[np.float64]:
    """(N_POINTS, 2), anywhere on the canvas."""
    return np.random.default_rng(0).random((N_POINTS, 2)) * [gaussians.width, gaussians.height]


def _threads_text(n: int) -> str:
    return f"{n} thread" + "s" * (n > 1)
