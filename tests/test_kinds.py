"""Pictures beyond photographs: drawn alike every time, encoded at their rates, told in a table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import kinds
from kinds_pictures import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_drawn_alike_every_time(kind):
    for width, height in ((96, 64), (61, 45)):
        pixels = KINDS[kind](width, height)
        is_gray, is_deep = kind in ("line art", "scan, 16 bits"), kind == "scan, 16 bits"
        assert pixels.shape == (height, width, 1 if is_gray else 3)
        assert pixels.dtype == (np.uint16 if is_deep else np.uint8)
        assert np.ptp(pixels) > 100 and np.array_equal(pixels, KINDS[kind](width, height))


def test_the_table_tells_what_the_rows_have(tmp_path, monkeypatch, capsys):
    kept = {name: KINDS[name] for name in ("line art", "scan, 16 bits")}
    monkeypatch.setattr(kinds, "KINDS", kept)
    path, folder = tmp_path / "kinds.json", tmp_path / "pictures"
    options = ["--size", "64x48", "--rates", "1,4", "--effort", "1"]
    kinds.main([*options, "--keep", str(path), "--pictures", str(folder)])
    lines, found = capsys.readouterr().out.splitlines(), json.loads(path.read_text())
    assert len(found["rows"]) == 4 and found["size"] == [64, 48]
    for row in found["rows"]:
        assert 0 < row["bytes"] <= row["rate"] * 64 * 48 / 8 and row["psnr"] > 8 and row["ssim"] <= 1
    art, scan = found["rows"][0], found["rows"][2]
    assert art["webp_bytes"] < art["png_bytes"] and scan["webp_bytes"] is None and scan["bits"] == 16
    assert art["png_bytes"] == (folder / "line_art.png").stat().st_size
    assert found["rows"][1]["avif_psnr"] > 20 and scan["avif_psnr"] is None
    assert lines[-1].startswith(f"| scan, 16 bits | {scan['png_bytes']:,} | - | {scan['psnr']:.2f}, ")
