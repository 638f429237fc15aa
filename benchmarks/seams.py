"""Are borders of blocks seen? Errors along them beside those elsewhere, and both beside a fit of the whole.

A picture is compressed twice into as many bytes: as a whole, and in blocks, as one larger than memory is.
Where the picture is busy both have larger errors, so that it is their ratio that counts: the squared error of
the blocks over that of the whole, near borders, over the same elsewhere. 1 means that nothing is lost there.

    python benchmarks/seams.py ../shared/data/photos/elem_morskie_oko.jpg --pixels 16777216
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import imagegs
from imagegs.compression.options import CompressionOptions, FitSettings, Target
from imagegs.large import encode_large, local_workers
from imagegs.metrics import psnr
from imagegs.ssimulacra.looks import SeenReference

BANDS = (2, 4, 8, 16)  # pixels on each side of a border


class ArraySource:
    """A picture in a file of numpy, which every worker maps for itself."""

    channels, bit_depth = ("R", "G", "B"), 8

    def __init__(self, path: Path) -> None:
        self.path = path
        self.height, self.width = np.load(path, mmap_mode="r").shape[:2]

    def read(self, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        pixels = np.load(self.path, mmap_mode="r")
        return np.ascontiguousarray(pixels[y : y + height, x : x + width])


def picture_of(path: Path, n_pixels: int) -> NDArray[np.uint8]:
    """An 8-bit RGB picture, halved, and repeated as its mirror image until it has about so many pixels."""
    pixels = np.asarray(Image.open(path).convert("RGB").reduce(2))
    while pixels.shape[0] * pixels.shape[1] < n_pixels:
        axis = 0 if pixels.shape[0] < pixels.shape[1] else 1
        pixels = np.concatenate([pixels, np.flip(pixels, axis)], axis=axis)
    side = int(n_pixels**0.5)
    return np.ascontiguousarray(pixels[:side, : n_pixels // min(side, pixels.shape[0])])


def distance_to_borders(height: int, width: int, side: int) -> NDArray[np.int64]:
    """(H, W): from the nearest border between two blocks, pixels; 0 is beside it."""

    def of_axis(n: int) -> NDArray[np.int64]:
        borders = np.arange(side, n, side)
        place = np.arange(n)[:, None]
        away = np.where(place < borders, borders - 1 - place, place - borders)
        return away.min(axis=1, initial=max(height, width))

    return np.minimum(of_axis(height)[:, None], of_axis(width)[None])


def seam_ratios(pixels: Any, blocks: Any, whole: Any, side: int) -> dict[str, float]:
    """The ratio for each width of band."""
    of_blocks, of_whole = (
        np.square(painted.astype(np.float32) - pixels).sum(axis=2, dtype=np.float64)
        for painted in (blocks, whole)
    )
    away = distance_to_borders(*pixels.shape[:2], side)
    found = {}
    for band in BANDS:
        near = away < band
        at_borders = of_blocks[near].sum() / of_whole[near].sum()
        found[str(band)] = float(at_borders / (of_blocks[~near].sum() / of_whole[~near].sum()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("--pixels", type=int, default=2**24)
    parser.add_argument("--bpp", type=float, default=0.3)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--side", type=int, default=1024, help="of blocks, pixels")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--keep", type=Path, help="a folder for the painted pictures")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    pixels = picture_of(arguments.picture, arguments.pixels)
    whole = imagegs.decompress(imagegs.compress(pixels, bpp=arguments.bpp, effort=arguments.effort))
    with tempfile.TemporaryDirectory() as folder, local_workers(arguments.workers) as workers:
        np.save(Path(folder) / "picture.npy", pixels)
        options = CompressionOptions(
            target=Target(bpp=arguments.bpp), fit=FitSettings(effort=arguments.effort), threads=1
        )
        out = Path(folder) / "blocks.gsimg"
        source = ArraySource(Path(folder) / "picture.npy")
        report = encode_large(source, out, options, workers, block_side=arguments.side)
        blocks = imagegs.decompress(out.read_bytes())
    reference = SeenReference(pixels, ("R", "G", "B"), None)
    figures = {
        "picture": arguments.picture.name,
        "shape": list(pixels.shape),
        "bpp": [arguments.bpp, report.bpp],
        "effort": arguments.effort,
        "psnr": {"whole": psnr(pixels, whole), "blocks": psnr(pixels, blocks)},
        "ssimulacra2": {"whole": reference.score(whole), "blocks": reference.score(blocks)},
        "ratio_by_band": seam_ratios(pixels, blocks, whole, arguments.side),
    }
    print(json.dumps(figures, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    if arguments.keep:
        for name, painted in {"original": pixels, "whole": whole, "blocks": blocks}.items():
            Image.fromarray(painted).save(arguments.keep / f"{name}.png")


if __name__ == "__main__":
    main()
