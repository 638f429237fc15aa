"""Texture stacks at a size: one set of Gaussians for all maps, each map alone, and other codecs.

    python benchmarks/textures.py --textures DIR [--side 1024] [--count 2] [--bppc 0.02,0.05,0.1,0.2,0.5]
                                  [--effort 3] [--codecs joint,alone,JPEG] [--jobs 2] [--out results.json]

DIR has a folder for each stack. bppc are bits a pixel and channel, of whole files, all maps of a stack
together. "joint" is `imagegs encode FOLDER`, "alone" the same of a folder with one map; "half of ASTC 12x12"
is joint at half of that codec's size. JPEG, WebP and AVIF have one quality for all maps, the best that is
within the size; ASTC and BC have one rate. PSNR is that of all samples of a stack, vectors of normals brought
to length 1 where the stack's are. Larger maps are reduced to `side` by box filtering. Rows that the output
file already has are kept. texture_tables.py prints and draws what came of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.cli.app import main as command
from imagegs.evaluation.processes import safe_path
from imagegs.metrics import psnr
from imagegs.pictures.pixels import to_float, to_integers
from imagegs.textures.map_list import alphas_of_maps
from imagegs.textures.normals import with_unit_normals
from imagegs.textures.painting import paint_stack
from imagegs.textures.stacks import Stack, read_stack
from records import Record, pictures
from texture_codecs import BLOCKS, PICTURES, Map, opened, save

HALF = "half of ASTC 12x12"
Row = dict[str, Any]


def prepare(folder: Path, side: int, target: Path) -> Path:
    """A folder with the maps as PNG; whole numbers of pixels made one where they are larger than `side`."""
    target.mkdir(parents=True, exist_ok=True)
    stack = read_stack(pictures(folder))
    factor = max(1, max(stack.picture.pixels.shape[:2]) // side)
    for each, pixels in zip(stack.maps, maps_of(stack, stack.picture.pixels), strict=True):
        Image.fromarray(reduced(pixels, factor).squeeze()).save(target / (Path(each.file).stem + ".png"))
    return target


def reduced(pixels: Map, factor: int) -> Map:
    height, width, channels = pixels.shape
    blocks = pixels[: height // factor * factor, : width // factor * factor]
    blocks = blocks.reshape(height // factor, factor, width // factor, factor, channels)
    return np.round(blocks.mean(axis=(1, 3))).astype(np.uint8)


def maps_of(stack: Stack, pixels: Map) -> list[Map]:
    """The parts of a picture that a stack's maps have."""
    ends = np.cumsum([each.channels for each in stack.maps])[:-1]
    return [np.ascontiguousarray(part) for part in np.split(pixels, ends, axis=2)]


def measured(stack: Stack, painted: Map, n_bytes: int) -> Row:
    """The row of a stack, or of one map."""
    true = stack.picture.pixels
    parts = zip(stack.maps, maps_of(stack, true), maps_of(stack, painted), strict=True)
    found = {each.name: psnr(a, b, each.alphas) for each, a, b in parts}
    total = psnr(true, painted, alphas_of_maps(stack.maps))
    return {"bytes": n_bytes, "bppc": 8 * n_bytes / true.size, "psnr": total, "maps": found}


def gaussians(folder: Path, size: tuple[str, float], effort: int) -> Row:
    """The row of `imagegs encode` of a folder of maps, at a size."""
    stack = read_stack(pictures(folder))
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "maps.gsimg"
        made = ["encode", folder, "-o", target, *size, "-e", effort, "--tune", "psnr", "-j", 1, "--quiet"]
        if command([str(a) for a in made]) != 0:
            raise RuntimeError(f"{folder} was not encoded")
        data = target.read_bytes()
    decoded = imagegs.decode(data)
    return {**measured(stack, paint_stack(decoded, stack.maps, 1), len(data)), "n_gaussians": len(decoded)}


def alone(folder: Path, bppc: float, effort: int) -> Row:
    """Rows of the maps, each in a file of its own."""
    rows = {}
    for file in pictures(folder):
        with tempfile.TemporaryDirectory() as place:
            shutil.copy(file, place)
            (each,) = read_stack([file]).maps
            rows[each.file] = gaussians(Path(place), ("--bpp", bppc * each.channels), effort)
    return {"maps": rows}


def finished(stack: Stack, painted: list[Map]) -> Map:
    """What a shader makes of maps: vectors of length 1, where they had it."""
    return np.concatenate(
        [
            to_integers(with_unit_normals(to_float(p)), 8) if each.unit_length else p
            for each, p in zip(stack.maps, painted, strict=True)
        ],
        axis=2,
    )


def blocks(stack: Stack, codec: str) -> Row:
    """The row of a codec of one rate."""
    found = [BLOCKS[codec](pixels) for pixels in maps_of(stack, stack.picture.pixels)]
    return measured(stack, finished(stack, [p for _, p in found]), sum(n for n, _ in found))


def within(stack: Stack, codec: str, n_bytes: float) -> Row | None:
    """The largest files of n_bytes or less together, all of one quality; none when there are none."""

    @cache
    def at(quality: int) -> list[bytes]:
        return [save(pixels, codec, quality) for pixels in maps_of(stack, stack.picture.pixels)]

    low, high = -1, 100
    while low < high:
        middle = (low + high + 1) // 2
        if sum(map(len, at(middle))) <= n_bytes:
            low = middle
        else:
            high = middle - 1
    if low < 0:
        return None
    painted = [opened(data, each.channels) for each, data in zip(stack.maps, at(low), strict=True)]
    return measured(stack, finished(stack, painted), sum(map(len, at(low))))


Job = tuple[str, str, Path, int]  # codec, size, folder, effort


def measure(job: Job) -> tuple[str, str, str, Row | None]:
    codec, size, folder, effort = job
    start = time.process_time()
    row = _row(codec, size, folder, effort)
    if row is not None:
        row["cpu_seconds"] = time.process_time() - start
    return codec, size, folder.name, row


def _row(codec: str, size: str, folder: Path, effort: int) -> Row | None:
    stack = read_stack(pictures(folder))
    if codec in BLOCKS:
        return blocks(stack, codec)
    if size == HALF:
        return gaussians(folder, ("--target-size", blocks(stack, "ASTC 12x12")["bytes"] // 2), effort)
    if codec == "joint":
        return gaussians(folder, ("--bpp", float(size) * len(stack.picture.channels)), effort)
    if codec == "alone":
        return alone(folder, float(size), effort)
    return within(stack, codec, float(size) * stack.picture.pixels.size / 8)


def jobs_of(options: argparse.Namespace, rows: dict[str, Any]) -> list[Job]:
    """What has no row yet."""
    folders = sorted(f for f in options.textures.iterdir() if f.is_dir())[: options.count]
    stacks = [
        prepare(folder, options.side, options.files / str(options.side) / folder.name) for folder in folders
    ]
    sizes = [str(float(size)) for size in options.bppc.split(",")]
    wanted = []
    for codec in options.codecs.split(","):
        own = ["-"] if codec in BLOCKS else [*sizes, HALF] if codec == "joint" else sizes
        wanted += [(codec, size) for size in own]
    return [
        (codec, size, stack, options.effort)
        for codec, size in wanted
        for stack in stacks
        if stack.name not in rows.get(codec, {}).get(size, {})
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--textures", type=Path, required=True)
    parser.add_argument("--side", type=int, default=1024, help="pixels; larger maps are reduced")
    parser.add_argument("--count", type=int, help="only the first so many stacks")
    parser.add_argument("--bppc", default="0.02,0.05,0.1,0.2,0.5")
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--codecs", default=",".join(["joint", "alone", *PICTURES, *BLOCKS]))
    parser.add_argument("--jobs", type=int, default=1, help="files at a time, one thread each")
    parser.add_argument(
        "--files", type=Path, default=Path("texture-files"), help="where reduced maps are left"
    )
    parser.add_argument("--out", type=Path, help="results; what the file already has is kept")
    options = parser.parse_args()
    record = Record(options.out, {"side": options.side, "effort": options.effort})
    with safe_path(), multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for codec, size, stack, row in pool.imap_unordered(measure, jobs_of(options, record.rows)):
            record.rows.setdefault(codec, {}).setdefault(size, {})[stack] = row
            shown = {k: row[k] for k in ("bppc", "psnr", "cpu_seconds") if k in row} if row else None
            print(f"{stack:28} {size:18} {codec:12} {shown}", flush=True)
            record.keep()


if __name__ == "__main__":
    main()
