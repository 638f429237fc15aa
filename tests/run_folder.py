"""A folder to run commands in, which holds an input of each kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from conftest import sample_gaussians, sample_pixels
from imagegs.codec import save
from imagegs.fitting.history import History, Point, to_json

MINE = b"mine"
links = pytest.mark.skipif(os.name != "posix", reason="symbolic links want rights elsewhere")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Path, gsimg: Path) -> None:
    """A folder with a picture, a .gsimg file, the history of a fit, a folder of maps and its .gsimg file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMAGEGS_SALIENCY_MODEL", raising=False)
    (tmp_path / "tiles").mkdir()
    for name in ("x_Color.png", "x_Normal.png"):
        Image.fromarray(sample_pixels()).save(tmp_path / "tiles" / name)
    entry = {"kind": "color", "bit_depth": 8, "channels": 3, "color_space": "srgb", "unit_length": False}
    maps = [{**entry, "name": name, "file": f"x_{name}.png"} for name in ("Color", "Normal")]
    channels = tuple(f"{name}.{channel}" for name in ("Color", "Normal") for channel in "RGB")
    save(tmp_path / "stack.gsimg", sample_gaussians(channels), metadata={"maps": maps})
    history = History(
        "a.png", 48, 32, "imagegs", 1, "psnr", 0, None, False, (Point(1, 1, 1, 9, 20.0, 0.1, "adam"),)
    )
    (tmp_path / "fit.json").write_text(to_json(history, "imagegs test"))
