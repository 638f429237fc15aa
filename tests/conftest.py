"""A small picture, a .gsimg file, and the command line, which runs within the test's process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from batch_cluster import cluster  # noqa: F401 (fixture)
from browser import chromium, page  # noqa: F401 (fixtures)
from imagegs.cli import main
from imagegs.codec import Bits, save
from imagegs.gaussians import Gaussians
from range_server import ranges  # noqa: F401 (fixtures)
from three_pages import three  # noqa: F401 (fixtures)
from web_pages import api, library  # noqa: F401 (fixtures)
from web_server import server, visit  # noqa: F401 (fixtures)

# The same examples on every run; HYPOTHESIS_PROFILE=default draws new ones.
settings.register_profile("steady", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

FAST = ["--threads", "1", "--steps", "3"]  # of encode, for tests that are not about quality


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output: one line, one JSON object, without NaN and infinity."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n")
        value = json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        assert isinstance(value, dict)
        return value


Run = Callable[..., Outcome]


@contextmanager
def pillow_restored() -> Iterator[None]:
    """What registers a format within does so for nobody else: other tests want Pillow as it comes."""
    Image.init()  # all of its own formats, once
    tables = (Image.OPEN, Image.SAVE, Image.SAVE_ALL, Image.EXTENSION, Image.MIME)
    before, names, save = [dict(table) for table in tables], list(Image.ID), Image.Image.save
    try:
        yield
    finally:
        for table, old in zip(tables, before, strict=True):
            table.clear()
            table.update(old)
        Image.ID[:] = names
        Image.Image.save = save


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("IMAGEGS_DEBUG", raising=False)

    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def check_failure(outcome: Outcome, code: int, *parts: str) -> None:
    """The exit code, nothing on standard output, and one line of error that holds the parts."""
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    assert outcome.err.startswith("imagegs: error: ") and outcome.err.count("\n") == 1
    assert outcome.err.endswith("\n") and "Traceback" not in outcome.err
    for part in parts:
        assert part in outcome.err


def sample_pixels(channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    """A smooth picture with an edge, 32 x 48, every channel another one."""
    y, x = np.mgrid[0:32, 0:48] / 48
    planes = [
        np.where(x + y * (c + 1) > 0.6, 0.2 + 0.6 * x, 0.9 - y * 0.5 + 0.02 * c) for c in range(channels)
    ]
    largest = np.iinfo(dtype).max
    return (np.stack(planes, axis=2).clip(0, 1) * largest).astype(dtype)


def texture_pixels() -> np.ndarray:
    """Clouds of all sizes, 64 x 96: noise whose spectrum falls with the frequency, as that of photographs."""
    rng = np.random.default_rng(5)
    y, x = np.fft.fftfreq(64)[:, None], np.fft.fftfreq(96)[None, :]
    fall = 1 / np.hypot(np.hypot(x, y), 1 / 96)
    planes = [np.fft.ifft2(np.fft.fft2(rng.normal(size=(64, 96))) * fall).real for _ in range(3)]
    pixels = np.stack([p / p.std() for p in planes], axis=2) * 40 + 128
    return np.clip(np.round(pixels), 0, 255).astype(np.uint8)


def sample_gaussians(channels: tuple[str, ...] = ("R", "G", "B"), bit_depth: int = 8) -> Gaussians:
    """60 Gaussians at random on a canvas of 48 x 32."""
    rng = np.random.default_rng(1)
    return Gaussians(
        xy=rng.uniform(0, (48, 32), (60, 2)),
        scale=rng.uniform(1, 6, (60, 2)),
        angle=rng.uniform(0, 3, 60),
        log_weight=rng.normal(0, 1, 60),
        color=rng.uniform(0, 1, (60, len(channels))),
        height=32,
        width=48,
        channels=channels,
        bit_depth=bit_depth,
    )


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A PNG of 48 x 32 pixels."""
    path = tmp_path / "photo.png"
    Image.fromarray(sample_pixels()).save(path)
    return path


@pytest.fixture
def gsimg(tmp_path: Path) -> Path:
    path = tmp_path / "sample.gsimg"
    save(path, sample_gaussians(), Bits(), metadata={"software": "imagegs test"})
    return path


@pytest.fixture
def encode(run: Run, picture: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """`imagegs encode` that works, with options added or with another input."""

    def encode(*options: object, source: Path = picture, json: bool = True) -> Outcome:
        quiet = ["--quiet", "--json"] if json else ["--quiet"]
        return run("encode", source, "-o", tmp_path / "out.gsimg", *quiet, *FAST, *options)

    assert encode().code == 0
    (tmp_path / "out.gsimg").unlink()
    return encode


@pytest.fixture
def decode(run: Run, gsimg: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """`imagegs decode` that works, with options added or with another input."""

    def decode(*options: object, source: Path = gsimg) -> Outcome:
        return run("decode", source, "-o", tmp_path / "out.png", "--quiet", "--json", *options)

    assert decode().code == 0
    (tmp_path / "out.png").unlink()
    return decode
