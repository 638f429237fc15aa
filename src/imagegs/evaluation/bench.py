"""Runs all codecs over all pictures: what `imagegs bench` runs, and what its results.json holds."""

from __future__ import annotations

import multiprocessing
import os
import platform
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imagegs.engine import engine
from imagegs.evaluation.codec import Codec, Pixels
from imagegs.evaluation.codecs import codec_named
from imagegs.evaluation.crops import busiest_window
from imagegs.evaluation.measuring import Bench, Row, Subject
from imagegs.evaluation.metrics import METRICS
from imagegs.evaluation.processes import safe_path
from imagegs.evaluation.store import Store
from imagegs.limits import Limits
from imagegs.pictures.pixels import to_float, to_integers
from imagegs.pictures.reading import read_picture

FIT_WORK = 12  # of a fit to a size, where any other codec's search for a file has 1: for the time left


@dataclass(frozen=True)
class Setting:
    """What is measured."""

    codecs: tuple[
        str, ...
    ]  # names, as `codec_named` knows them; the first is what the others are held against
    rates: tuple[float, ...]  # bits a pixel, rising
    metrics: tuple[str, ...]  # names, as in METRICS
    effort: int  # of imagegs and paper
    side: int | None  # of the longer side, pixels: larger pictures are reduced
    crops: int  # so many pictures are shown, spread evenly
    size_limit: int | None = None  # pixels of a picture file; None: the default


@dataclass(frozen=True)
class Done:
    """A codec's rows of a picture, and how far all is."""

    rows: list[Row]
    work: int
    total: int


def load_pixels(path: Path, side: int | None, size_limit: int | None = None) -> Pixels:
    """(H, W, 3) uint8 of a picture file, its longer side reduced to `side` by box filtering; alpha is left
    out, gray becomes RGB, 16 bits become 8. size_limit: pixels of the file (None: the default).

    Raises what `read_picture` raises.
    """
    pixels = read_picture(path, max_pixels=Limits.of(size_limit).max_picture_pixels).pixels
    if pixels.dtype == np.uint16:
        pixels = to_integers(to_float(pixels), 8)
    pixels = pixels[:, :, :3] if pixels.shape[2] > 2 else pixels[:, :, :1].repeat(3, axis=2)
    height, width, _ = pixels.shape
    if side is not None and max(height, width) > side:
        shrink = side / max(height, width)
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
    return np.ascontiguousarray(pixels)


def usable(setting: Setting) -> tuple[list[Codec], list[str], dict[str, str]]:
    """Codecs and metrics that can be used here, and why others cannot, by name.

    Raises ValueError for names that there are not.
    """
    if unknown := [name for name in setting.metrics if name not in METRICS]:
        raise ValueError(f"no metric {unknown[0]!r}; there are {', '.join(METRICS)}")
    codecs = [codec_named(name, setting.effort) for name in dict.fromkeys(setting.codecs)]
    metrics = [METRICS[name] for name in dict.fromkeys(setting.metrics)]
    found = [(codec.name, codec.missing()) for codec in codecs]
    found += [(metric.name, metric.missing()) for metric in metrics]
    reasons = {name: reason for name, reason in found if reason}
    return (
        [codec for codec in codecs if codec.name not in reasons],
        [metric.name for metric in metrics if metric.name not in reasons],
        reasons,
    )


def named(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths by names that tell them apart: the stem, or, where two have one stem, folder and file."""
    stems = [path.stem for path in paths]
    unique = dict.fromkeys(path.resolve() for path in paths)
    if len(unique) < len(paths):
        raise ValueError("a picture is named twice")
    return {
        path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}/{path.name}": path
        for path in paths
    }


def run_bench(paths: dict[str, Path], setting: Setting, store: Path, jobs: int) -> Iterator[Done]:
    """Measures with so many processes; yields as each codec of each picture is done.

    paths: by the names of the pictures. The store keeps what was measured, so that a run which was cut off
    goes on. Codecs and metrics that are missing are left out.
    """
    codecs, metrics, _ = usable(setting)
    shown = set(list(paths)[:: max(1, -(-len(paths) // max(setting.crops, 1)))]) if setting.crops else set()
    work = {
        (name, codec.name): FIT_WORK * len(setting.rates) if takes_bytes else len(setting.rates)
        for takes_bytes in (True, False)  # long ones first
        for name in paths
        for codec in codecs
        if codec.takes_bytes is takes_bytes
    }
    shared = (tuple(metrics), store)
    with _started_pool(jobs) as pool:
        with safe_path():  # the processes are started as they get work
            futures = {
                pool.submit(_measure, name, paths[name], codec, setting, name in shown, *shared): units
                for (name, codec), units in work.items()
            }
        try:
            for future in as_completed(futures):
                yield Done(future.result(), futures[future], sum(work.values()))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _started_pool(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    with safe_path():  # its locks start a process of their own
        return ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_interrupts)


def _leave_interrupts() -> None:
    """Ctrl-C is the first process' business, which ends the others. Not SIG_IGN: commands that are run from
    here would inherit that.
    """
    signal.signal(signal.SIGINT, lambda *_: None)


def _measure(
    name: str,
    path: Path,
    codec: str,
    setting: Setting,
    is_shown: bool,
    metrics: tuple[str, ...],
    store: Path,
) -> list[Row]:
    pixels = _loaded(path, setting.side, setting.size_limit)
    subject = Subject(name, pixels, busiest_window(pixels) if is_shown else None)
    bench = Bench(codec_named(codec, setting.effort), subject, metrics, Store(store))
    return list(bench.rows(setting.rates))


@lru_cache(maxsize=1)
def _loaded(path: Path, side: int | None, size_limit: int | None) -> Pixels:
    """Jobs of a picture often follow each other; more than one would fill the memory of a long run."""
    return load_pixels(path, side, size_limit)


def machine() -> str:
    """The processor, how many there are, and the kernels in use."""
    model, info = platform.processor(), Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model or platform.machine()}, {os.cpu_count()} processors, kernels {engine(1).isa}"


def results(sizes: dict[str, tuple[int, int]], setting: Setting, rows: list[Row]) -> dict[str, Any]:
    """What results.json holds: all that a report needs. sizes: (height, width) by the pictures' names."""
    codecs, metrics, reasons = usable(setting)
    order = {codec.name: place for place, codec in enumerate(codecs)}
    places = {name: place for place, name in enumerate(sizes)}
    return {
        "imagegs": metadata.version("imagegs"),
        "machine": machine(),
        "setting": {"effort": setting.effort, "side": setting.side, "rates": list(setting.rates)},
        "codecs": [
            {"name": c.name, "title": c.title, "settings": c.settings, "version": c.version()} for c in codecs
        ],
        "metrics": [_metric_facts(name) for name in metrics],
        "missing": reasons,
        "pictures": [
            {"name": name, "width": width, "height": height} for name, (height, width) in sizes.items()
        ],
        "rows": sorted(rows, key=lambda r: (places[r["picture"]], order[r["codec"]], str(r["rate"]))),
    }


def _metric_facts(name: str) -> dict[str, Any]:
    metric = METRICS[name]
    return {
        "name": name,
        "title": metric.title,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "digits": metric.digits,
    }
