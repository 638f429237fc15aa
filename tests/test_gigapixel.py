"""The test picture of a gigapixel, here a small one: the same in every format, and read back in blocks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from imagegs.pictures.huge import open_source
from requirements import need_packages

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import gigapixel


@pytest.fixture
def small_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gigapixel, "CELL", 64)
    monkeypatch.setattr("gigapixel_writers.TILE", 32)


def made(path: Path, *arguments: str) -> np.ndarray:
    gigapixel.main(
        [str(path), "--side", "300", "--height", "200", "--photos", str(path.parent / "none"), *arguments]
    )
    source = open_source(path)
    assert (source.width, source.height, source.channels) == (300, 200, ("R", "G", "B"))
    return source.read(0, 0, 300, 200)


def test_every_format_has_the_same_picture(small_cells: None, tmp_path: Path) -> None:
    need_packages("imagecodecs")  # by which tifffile writes differences
    pixels = [made(tmp_path / f"a{suffix}") for suffix in gigapixel.WRITERS]
    pixels.append(made(tmp_path / "b.tif", "--compression", "none"))
    assert all((each == pixels[0]).all() for each in pixels[1:])
    assert (made(tmp_path / "c.tif", "--seed", "1") != pixels[0]).any()


def test_a_name_of_another_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gigapixel.main([str(tmp_path / "a.jpg")])
    assert ".zarr" in capsys.readouterr().err and not list(tmp_path.iterdir())
