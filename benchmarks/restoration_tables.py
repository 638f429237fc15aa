"""The tables of restoration.py, from its rows. Imports no package of the filters."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from records import table

DAMAGES = {
    "noise-10": "noise, sigma 10",
    "noise-25": "noise, sigma 25",
    "noise-50": "noise, sigma 50",
    "jpeg-10": "JPEG, quality 10",
    "jpeg-20": "JPEG, quality 20",
    "jpeg-30": "JPEG, quality 30",
    "missing-50": "half of the pixels missing",
    "half-size": "half the size",
}
BESIDE = ("NLM", "NLM (OpenCV)", "TV", "bilateral"), ("biharmonic", "bicubic", "Lanczos")
OURS, INPUT, BITS = "imagegs", "input", "bpp"
Rows = dict[str, dict[str, Any]]  # by damage and picture, as "noise-25 kodim01"


def with_input(rows: Rows) -> str:
    """The damages whose input is a picture of the same size; PSNR in dB, means over the pictures."""
    lines = []
    for damage, name in DAMAGES.items():
        if of := [row for row in _of(rows, damage) if INPUT in row]:
            gains = [row[OURS] - row[INPUT] for row in of]
            ours = f"{_mean(of, OURS)} ({statistics.fmean(gains):+.2f})"
            lines.append(
                [name, _mean(of, INPUT), ours, f"{min(gains):+.2f}", _mean(of, BITS), *_others(of, 0)]
            )
    return table(["damage", INPUT, "imagegs, decoded", "least gain", BITS, *BESIDE[0]], lines)


def without_input(rows: Rows) -> str:
    """The other damages."""
    lines = []
    for damage, name in DAMAGES.items():
        if of := [row for row in _of(rows, damage) if INPUT not in row]:
            lines.append([name, _mean(of, OURS), _mean(of, BITS), *_others(of, 1)])
    return table(["damage", "imagegs, decoded", BITS, *BESIDE[1]], lines)


def _of(rows: Rows, damage: str) -> list[dict[str, Any]]:
    return [row for key, row in rows.items() if key.startswith(damage + " ")]


def _others(of: Sequence[dict[str, Any]], which: int) -> list[str]:
    return [_mean(of, name) if name in of[0] else "" for name in BESIDE[which]]


def _mean(of: Sequence[dict[str, Any]], name: str) -> str:
    return f"{statistics.fmean(row[name] for row in of):.2f}"
