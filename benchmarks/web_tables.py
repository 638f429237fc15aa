"""Tables of what is measured in a browser: web.py, web_ranges.py and gltf.py print them, docs/ has them."""

from __future__ import annotations

import statistics
from typing import Any

from records import table

APIS = {"webgl2": "WebGL2", "webgpu": "WebGPU"}
Rows = dict[str, Any]


def times(rows: Rows) -> str:
    """Medians of milliseconds; rows: by API, by what is timed, the milliseconds of all runs."""
    tasks = next(iter(rows.values()))
    lines = [[task, *(f"{statistics.median(found[task]):.0f}" for found in rows.values())] for task in tasks]
    return table(["", *(f"{APIS[api]}, ms" for api in rows)], lines)


def screens(result: dict[str, Any]) -> str:
    """The requests and bytes of a screen of a huge picture, zoom by zoom."""
    lines = []
    for name, row in result["screens"].items():
        counts = str(row["layers"]), f"{row['gaussians']:,}", str(row["requests"])
        lines.append([name, *counts, f"{row['bytes']:,}", f"{row['bytes'] / result['file_bytes']:.1%}"])
    return table(["zoom", "layers", "Gaussians", "requests", "bytes", "of the file"], lines)


def screen_times(result: dict[str, Any]) -> str:
    """Milliseconds until a screen has its first picture, and all of it."""
    lines = [[n, f"{row['first_ms']:.0f}", f"{row['last_ms']:.0f}"] for n, row in result["screens"].items()]
    return table(["zoom", "first picture, ms", "all, ms"], lines)


def frames(result: dict[str, Any]) -> str:
    """Milliseconds of frames of a window that moves."""
    lines = []
    for name, ms in result["frames_ms"].items():
        late = statistics.quantiles(ms, n=20)[-1]
        lines.append([name, f"{statistics.median(ms):.0f}", f"{late:.0f}", f"{max(ms):.0f}"])
    return table(["a window that moves", "median, ms", "95%, ms", "longest, ms"], lines)


def likeness(rows: list[dict[str, Any]]) -> str:
    """The likeness of a model that is drawn with Gaussians to one with pictures."""
    lines = [
        [row["shape"], row["distance"], row["textures"], f"{row['ssim']:.4f}", f"{row['psnr']:.2f}"]
        for row in rows
    ]
    return table(["shape", "distance", "textures", "SSIM", "PSNR, dB"], lines)
