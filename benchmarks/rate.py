"""Pictures at a size: ours against Pillow's codecs and the published recipe, whole files.

    python benchmarks/rate.py --pictures DIR [--side 1024] [--count 4] [--bpp 0.1,0.2,0.3] [--effort 7]
                              [--tune psnr] [--codecs imagegs,AVIF] [--jobs 2] [--out results.json]

For each picture and each number of bits a pixel, the best file of every codec that is no larger: JPEG
(optimised, progressive, 4:2:0), WebP (method 6), AVIF (speed 4, 4:4:4), JPEG 2000; "imagegs" as the command
encodes by default, "one layer" with --layers 1, "Image-GS" the published recipe at 16 bits a number. A row
has PSNR, SSIM and MS-SSIM of the decoded file; a codec whose smallest file is larger has no row there. Rows
that the output file already has are kept. rate_tables.py prints and draws what came of it.
"""

from __future__ import annotations

import io
import multiprocessing
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.cli.app import main as command
from imagegs.metrics import ms_ssim, psnr, ssim
from rate_tables import print_tables
from records import Record, load, picture_parser, pictures

CODECS: dict[str, tuple[str, dict[str, Any], int]] = {  # format, options, greatest quality
    "JPEG": ("JPEG", {"progressive": True, "optimize": True, "subsampling": "4:2:0"}, 95),
    "WebP": ("WEBP", {"method": 6}, 100),
    "AVIF": ("AVIF", {"speed": 4, "subsampling": "4:4:4"}, 100),
    "JPEG 2000": ("JPEG2000", {"quality_mode": "rates", "irreversible": True, "mct": 1}, 0),
}
OURS = {"imagegs": [], "one layer": ["--layers", 1], "Image-GS": ["--recipe", "paper", "--bits", 16]}

Row = dict[str, Any]


def save(pixels: Any, codec: str, quality: float) -> bytes:
    kind, options, _ = CODECS[codec]
    chosen = {"quality_layers": [quality]} if kind == "JPEG2000" else {"quality": int(quality)}
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options, **chosen)
    return file.getvalue()


def best_within(pixels: Any, codec: str, n_bytes: float) -> bytes | None:
    """The largest file of n_bytes or less, over all qualities; none when there is none."""
    if codec == "JPEG 2000":  # whose quality is the ratio of the sizes
        ratio = pixels.size / n_bytes
        for _ in range(20):
            data = save(pixels, codec, ratio)
            if len(data) <= n_bytes:
                return data
            ratio *= 1.01
        return None
    low, high = -1, CODECS[codec][2]
    best = None
    while low < high:
        middle = (low + high + 1) // 2
        data = save(pixels, codec, middle)
        if len(data) <= n_bytes:
            best, low = data, middle
        else:
            high = middle - 1
    return best


def ours(pixels: Any, codec: str, bpp: float, effort: int, tune: str, target: Path) -> tuple[bytes, Any]:
    source = target.with_suffix(".png")
    Image.fromarray(pixels).save(source)
    made = [
        "--bpp",
        bpp,
        "-e",
        effort,
        "-j",
        1,
        "--quiet",
        *([] if codec == "Image-GS" else ["--tune", tune]),
    ]
    if command([str(a) for a in ["encode", source, "-o", target, *made, *OURS[codec]]]) != 0:
        raise RuntimeError(f"{source} was not encoded")
    data = target.read_bytes()
    source.unlink()
    return data, imagegs.render(imagegs.decode(data), dtype=np.uint8, threads=1)


def measure(job: tuple[str, Path, int | None, float, int, str, Path]) -> tuple[str, str, str, Row | None]:
    codec, path, side, bpp, effort, tune, folder = job
    pixels = load(path, side)
    area = pixels.shape[0] * pixels.shape[1]
    start = time.process_time()
    if codec in OURS:
        target = folder / f"{path.stem}-{codec.replace(' ', '-')}-{bpp}.gsimg"
        data, painted = ours(pixels, codec, bpp, effort, tune, target)
    else:
        found = best_within(pixels, codec, bpp * area / 8)
        if found is None:
            return codec, str(bpp), path.stem, None
        data, painted = found, np.asarray(Image.open(io.BytesIO(found)).convert("RGB"))
    row = {
        "bpp": 8 * len(data) / area,
        "psnr": psnr(pixels, painted),
        "ssim": ssim(pixels, painted),
        "ms_ssim": ms_ssim(pixels, painted),
        "cpu_seconds": time.process_time() - start,
    }
    if codec in OURS:
        info = imagegs.read_info(data)
        row |= {"n_gaussians": info.n_gaussians, "bits_per_gaussian": 8 * len(data) / info.n_gaussians}
    return codec, str(bpp), path.stem, {k: round(v, 5) for k, v in row.items()}


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--bpp", default="0.1,0.2,0.3,0.5")
    parser.add_argument("--effort", type=int, default=7)
    parser.add_argument("--tune", default="psnr")
    parser.add_argument("--codecs", default=",".join(["imagegs", *CODECS]))
    parser.add_argument("--jobs", type=int, default=1, help="files at a time, one thread each")
    parser.add_argument("--files", type=Path, default=Path("rate-files"), help="where our files are left")
    options = parser.parse_args()
    options.files.mkdir(parents=True, exist_ok=True)
    setting = {"side": options.side, "effort": options.effort, "tune": options.tune}
    record = Record(options.out, setting)
    rows = record.rows
    jobs = [
        (codec, path, options.side, float(bpp), options.effort, options.tune, options.files)
        for bpp in options.bpp.split(",")
        for path in pictures(options.pictures, options.count)
        for codec in options.codecs.split(",")
        if path.stem not in rows.get(str(float(bpp)), {}).get(codec, {})
    ]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for codec, bpp, picture, row in pool.imap_unordered(measure, jobs):
            rows.setdefault(bpp, {}).setdefault(codec, {})[picture] = row
            print(f"{picture:32} {bpp:5} {codec:10} {row}", flush=True)
            record.keep()
    print_tables(record.result)


if __name__ == "__main__":
    main()
