"""The tables of a bench beside neural networks, of made-up results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import neural_tables

PSNR = {"name": "psnr", "title": "PSNR", "higher_is_better": True, "digits": 2}
FLIP = {"name": "flip", "title": "FLIP", "higher_is_better": False, "digits": 4}
CODECS = [{"name": name, "title": name} for name in ("imagegs", "siren", "avif")]
RATES = (0.1, 0.2, 0.5)


def row(codec: str, picture: str, rate: float, psnr: float, flip: float, **costs: float) -> dict[str, Any]:
    n_bytes = round(1000 * rate)
    return {"codec": codec, "picture": picture, "rate": rate, "bytes": n_bytes, "bpp": rate, "psnr": psnr,
            "flip": flip, "encode_cpu_seconds": 10 * rate, **costs}  # fmt: skip


def results() -> dict[str, Any]:
    """On picture a ours is better by PSNR but at 0.5 bpp; on b always worse; by FLIP it is better."""
    rows = []
    for rate in RATES:
        rows += [
            row("imagegs", "a", rate, 20 + 10 * rate, 0.15, multiply_adds=200),
            row("siren", "a", rate, 18 + 16 * rate, 0.2, multiply_adds=1000),
            row("imagegs", "b", rate, 20, 0.1, multiply_adds=300),
            row("siren", "b", rate, 21 + rate, 0.2, multiply_adds=1000),
            row("avif", "a", rate, 30, 0.1),
            row("avif", "b", rate, 30, 0.1),
        ]
    pictures = [{"name": name} for name in ("a", "b", "c")]
    return {"codecs": CODECS, "metrics": [PSNR, FLIP], "pictures": pictures, "rows": rows,
            "setting": {"rates": list(RATES)}}  # fmt: skip


def test_pictures_are_counted_in_which_ours_is_better():
    assert neural_tables.ahead(results()).splitlines() == [
        "| better by | than | 0.1 bpp | 0.2 bpp | 0.5 bpp |",
        "| --- | --- | --- | --- | --- |",
        "| PSNR | siren | 1 of 2 | 1 of 2 | 0 of 2 |",
        "| FLIP | siren | 2 of 2 | 2 of 2 | 2 of 2 |",
    ]


def test_each_codec_needs_its_smallest_file_of_an_equal_psnr():
    """a: all reach 25, ours and SIREN at 0.5 bpp; b: 20, all of them at 0.1."""
    head, _, ours, siren, avif = neural_tables.time_to_equal_psnr(results()).splitlines()
    assert head.startswith("| medians of 2 pictures | bpp | encode, CPU s |")
    assert ours.startswith("| imagegs | 0.3 | 3 | - |") and ours.endswith("| 250 |")
    assert siren.startswith("| siren | 0.3 | 3 | - |") and siren.endswith("| 1000 |")
    assert avif.startswith("| avif | 0.1 | 1 | - |") and avif.endswith("| - |")
