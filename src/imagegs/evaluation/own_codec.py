"""imagegs as a user runs it: the command, in a process of its own."""

from __future__ import annotations

import math
import subprocess
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from imagegs.codec import decode
from imagegs.evaluation.codec import Codec, Pixels, Shape
from imagegs.evaluation.processes import python_command
from imagegs.limits import DEFAULT_SIZE_LIMIT
from imagegs.rendering import render

TITLES = {"imagegs": "imagegs", "paper": "Image-GS recipe"}


def own_codec(name: str, recipe: str, effort: int) -> Codec:
    """`imagegs encode` to a size, with a recipe and an effort; the paper's at 16 bits a number."""
    options = ["--recipe", recipe, "-e", str(effort), "-j", "1"]
    options += ["--bits", "16"] if recipe == "paper" else []
    effort_told = name.rpartition("-e")[2] if name != recipe else ""
    title = TITLES[recipe] + (f", effort {effort_told}" if effort_told else "")
    return Codec(name, title, " ".join(options), partial(_encode, options), _decode, dial=None)


def _encode(options: list[str], pixels: Pixels, n_bytes: float) -> bytes:
    """The largest file within n_bytes. Raises ValueError where the command finds none."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "picture.png", Path(folder) / "picture.gsimg"
        Image.fromarray(pixels).save(source, compress_level=1)
        asked = ["encode", source, "-o", target, "--target-size", int(n_bytes), "--quiet", *options]
        asked += ["--size-limit", size_limit_of(pixels.shape)]
        command = python_command("-m", "imagegs", *asked)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise ValueError(done.stderr.strip().removeprefix("imagegs: error: "))
        return target.read_bytes()


def _decode(data: bytes, shape: Shape) -> Pixels:
    return np.asarray(render(decode(data, size_limit_of(shape)), dtype=np.uint8, threads=1))


def size_limit_of(shape: Sequence[int]) -> int:
    """The default, or what a larger picture (H, W, ...) needs that the bench was asked to take."""
    return max(DEFAULT_SIZE_LIMIT, math.prod(shape[:2]))
