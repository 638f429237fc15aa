"""Bytes of memory that a pixel of a picture takes at the peak of `imagegs encode` and of `imagegs decode`.

    python benchmarks/memory.py [--side 2048] [--effort 1] [--cases NAME ...] [--out memory.json]

Each run is a process of its own, which tells its peak resident size (VmHWM of Linux) when it is done. The
peak of the same run with a picture of TINY x TINY pixels is taken off, so what is left grows with the
picture. The pictures are clouds, made up; channels beside 1 to 4 are an array of uint8.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from imagegs.evaluation.processes import python_command

TINY = 64
RUN = """
import sys
from pathlib import Path
from imagegs.cli import main
code = main(sys.argv[1:])
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print("peak", int(status["VmHWM"].split()[0]) * 1024)
sys.exit(code)
"""


class Case(NamedTuple):
    """A picture of so many channels, and the options of its encode."""

    channels: int
    options: tuple[str, ...] = ()


CASES = {
    "Y, visual": Case(1, ("--tune", "visual")),
    "RGB, visual": Case(3, ("--tune", "visual")),
    "RGBA, visual": Case(4, ("--tune", "visual")),
    "RGB, visual, in blocks": Case(3, ("--tune", "visual", "--blocks", "--workers", "1")),
    "RGB, balanced": Case(3, ("--tune", "balanced")),
    "RGB, ssim": Case(3, ("--tune", "ssim")),
    "RGB, psnr": Case(3, ("--tune", "psnr")),
    "RGBA, psnr": Case(4, ("--tune", "psnr")),
    "9 channels, psnr": Case(9, ("--tune", "psnr")),
    "RGB, paper": Case(3, ("--recipe", "paper")),
}


def clouds(side: int, channels: int) -> np.ndarray:
    """(side, side, channels) uint8."""
    rng = np.random.default_rng(0)
    y, x = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    fall = 1 / np.hypot(np.hypot(x, y), 1 / side)
    planes = np.empty((side, side, channels), np.uint8)
    for c in range(channels):
        plane = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(side, side))) * fall, (side, side))
        planes[:, :, c] = np.clip(np.round(plane / plane.std() * 40 + 128), 0, 255)
    return planes


def written(folder: Path, side: int, channels: int) -> Path:
    """The picture as a file."""
    pixels = clouds(side, channels)
    path = folder / f"{side}-{channels}.{'png' if channels <= 4 else 'npy'}"
    if channels <= 4:
        Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(path, compress_level=1)
    else:
        np.save(path, pixels)
    return path


def peak(*arguments: object) -> int:
    """Bytes that a run of `imagegs` takes at most."""
    command = python_command("-c", RUN, *arguments, "--quiet")
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(told.split()[-1])


def measured(case: Case, side: int, options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Bytes a pixel of the encode, and of the decode of its file."""
    peaks = []
    for each in (TINY, side):
        source, packed = written(folder, each, case.channels), folder / f"{each}.gsimg"
        effort = ("--steps", 2) if "paper" in case.options else ("--effort", options.effort)
        encode = peak("encode", source, "-o", packed, "--overwrite", *effort, *case.options)
        painted = folder / ("out.png" if case.channels <= 4 else "out.npy")
        decode = peak("decode", packed, "-o", painted, "--overwrite")
        peaks.append((encode, decode))
    pixels = side * side - TINY * TINY
    (small_encode, small_decode), (encode, decode) = peaks
    return {"encode": (encode - small_encode) / pixels, "decode": (decode - small_decode) / pixels}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = {}
    for name in options.cases:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = measured(CASES[name], options.side, options, Path(folder))
        encode, decode = found[name].values()
        print(f"{name}: encode {encode:.1f}, decode {decode:.1f} bytes a pixel", flush=True)
    if options.out is not None:
        told = {"side": options.side, "effort": options.effort}
        options.out.write_text(json.dumps(told | {"bytes_a_pixel": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
