"""What guidance by saliency gives where it matters, and costs elsewhere, at equal bytes.

    python benchmarks/saliency.py --pictures DIR [--names kodim07,kodim20] [--side 768] [--bpp 0.15]
                    [--effort 3] [--guides model:10,tuned:10] [--jobs 2] [--out results.json]

For each picture a file of --bpp without guidance, and for each guide (a method and a strength) one of no more
bytes than that, as the command encodes with `--tune psnr`. The salient region is the same for all files of a
picture: where the network's map is 0.5 or more. PSNR inside it, outside and of the whole picture; SSIM is the
mean of the similarity map (windows of 11 x 11 pixels around each) there. Rows that the output file already
has are kept; with --count 0 it prints their tables.
"""

from __future__ import annotations

import multiprocessing
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

import imagegs
from imagegs.applications.saliency import find_salient
from imagegs.cli.app import main as command
from imagegs.evaluation.processes import safe_path
from imagegs.metrics import psnr, weighted_psnr
from imagegs.pictures.pixels import Picture
from records import Record, chosen_pictures, load, picture_parser, table

LEAST_SALIENT = 0.5
NONE = "none"
GAINS = ("dB inside", "dB outside", "dB whole", "SSIM inside", "SSIM outside", "bytes")
Row = dict[str, Any]


def encoded(source: Path, guide: str, size: list[Any], effort: int) -> bytes:
    target = source.with_suffix(".gsimg")
    method, _, strength = guide.partition(":")
    guidance = [] if guide == NONE else ["--saliency", method, "--saliency-strength", strength]
    made = ["-o", target, *size, "-e", effort, "--tune", "psnr", "-j", 1, "--quiet", *guidance]
    if command([str(a) for a in ["encode", source, *made]]) != 0:
        raise RuntimeError(f"{source} was not encoded")
    return target.read_bytes()


def quality(pixels: Any, painted: Any, inside: Any) -> Row:
    """Of the whole picture, and of both parts of it."""
    similarity = structural_similarity(
        pixels,
        painted,
        channel_axis=2,
        full=True,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )[1].mean(axis=2)
    weights = {"inside": inside.astype(np.float32), "outside": (~inside).astype(np.float32)}
    return {
        "psnr": psnr(pixels, painted),
        "ssim": float(similarity.mean()),
        **{f"psnr_{place}": weighted_psnr(pixels, painted, w) for place, w in weights.items()},
        **{f"ssim_{place}": float(np.average(similarity, weights=w)) for place, w in weights.items()},
    }


def measure(job: tuple[Path, str, int | None, list[Any], int, Path]) -> tuple[str, str, Row]:
    path, guide, side, size, effort, folder = job
    pixels = load(path, side)
    source = folder / f"{path.stem}-{guide.replace(':', '-')}.png"
    Image.fromarray(pixels).save(source)
    data = encoded(source, guide, size, effort)
    inside = find_salient(Picture(pixels, ("R", "G", "B")), "model") >= LEAST_SALIENT
    row = quality(pixels, imagegs.render(imagegs.decode(data), dtype=np.uint8, threads=1), inside)
    row |= {"bytes": len(data), "share": float(inside.mean())}
    return path.stem, guide, {key: round(value, 5) for key, value in row.items()}


def print_tables(rows: dict[str, dict[str, Row]]) -> None:
    """The means over the same pictures of all guides that have them, then each picture's gains."""
    names = pictures_of_guides(rows)
    for chosen in sorted(set(names.values()), key=len, reverse=True):
        print(f"\n{len(chosen)} pictures: {', '.join(chosen)}\n\n{guides_table(rows, chosen)}")
    for guide in names:
        print(f"\n{guide}\n\n{pictures_table(rows, guide)}")


def pictures_of_guides(rows: dict[str, dict[str, Row]]) -> dict[str, tuple[str, ...]]:
    """The pictures that have a file of a guide, and one without guidance, by guide."""
    guides = list(dict.fromkeys(guide for row in rows.values() for guide in row if guide != NONE))
    return {guide: tuple(n for n, row in rows.items() if guide in row and NONE in row) for guide in guides}


def guides_table(rows: dict[str, dict[str, Row]], chosen: tuple[str, ...]) -> str:
    """The means over these pictures of all guides that have them, from the weakest on."""
    lines = []
    for guide, names in pictures_of_guides(rows).items():
        if set(chosen) <= set(names):
            gains = [gain(rows[name][guide], rows[name][NONE]) for name in chosen]
            lines.append([*guide.split(":"), *texts(means(gains))])
    lines.sort(key=lambda cells: (cells[0], float(cells[1])))
    return table(["method", "strength", *GAINS], lines)


def pictures_table(rows: dict[str, dict[str, Row]], guide: str) -> str:
    """What a guide gives in each picture that has it, and in the mean."""
    lines, gains = [], []
    for name in pictures_of_guides(rows)[guide]:
        one, two = rows[name][NONE], rows[name][guide]
        facts = f"{one['share']:.1%}", f"{one['psnr_inside']:.2f}", f"{two['psnr_inside']:.2f}"
        gains.append(gain(two, one))
        lines.append([name, *facts, *texts(gains[-1])])
    lines.append(["mean", "", "", "", *texts(means(gains))])
    return table(["picture", "salient", "dB inside, without", "with", *GAINS], lines)


def means(gains: list[list[float]]) -> list[float]:
    return [statistics.mean(column) for column in zip(*gains, strict=True)]


def gain(guided: Row, plain: Row) -> list[float]:
    keys = "psnr_inside", "psnr_outside", "psnr", "ssim_inside", "ssim_outside"
    return [*(guided[key] - plain[key] for key in keys), guided["bytes"] / plain["bytes"] - 1]


def texts(gains: list[float]) -> list[str]:
    """Cells under the heads of GAINS."""
    decibels = [f"{value:+.2f}" for value in gains[:3]]
    return [*decibels, *(f"{value:+.4f}" for value in gains[3:5]), f"{gains[5]:+.2%}"]


def size_of(guide: str, path: Path, record: Record, bpp: float) -> list[Any]:
    """The option that says how large the file may be."""
    return ["--bpp", bpp] if guide == NONE else ["--target-size", record.rows[path.stem][NONE]["bytes"]]


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--bpp", type=float, default=0.15)
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--guides", default="model:10")
    parser.add_argument("--jobs", type=int, default=1, help="files at a time, one thread each")
    parser.add_argument("--files", type=Path, default=Path("saliency-files"), help="where our files are left")
    options = parser.parse_args()
    options.files.mkdir(parents=True, exist_ok=True)
    setting = {"side": options.side, "bpp": options.bpp, "effort": options.effort, "tune": "psnr"}
    record = Record(options.out, setting)
    chosen = chosen_pictures(options)
    with safe_path(), multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for guide in (NONE, *options.guides.split(",")):
            missing = [path for path in chosen if guide not in record.rows.get(path.stem, {})]
            jobs = [
                (
                    path,
                    guide,
                    options.side,
                    size_of(guide, path, record, options.bpp),
                    options.effort,
                    options.files,
                )
                for path in missing
            ]
            for name, _, row in pool.imap_unordered(measure, jobs):
                record.rows.setdefault(name, {})[guide] = row
                print(f"{name:32} {guide:12} {row}", flush=True)
                record.keep()
    print_tables(record.rows)


if __name__ == "__main__":
    main()
