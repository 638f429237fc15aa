"""Restoration: whole files of damaged pictures against the clean ones, beside filters of other packages.

    python benchmarks/restoration.py --pictures DIR [--count 4] [--damage noise-25,jpeg-10] [--effort 5]
                                     [--side 512] [--out results.json] [--filters-of results.json]

Damage: Gaussian noise of sigma 10, 25, 50 (rounded and cut off at black and white); JPEG of quality 10, 20,
30 (Pillow, 4:2:0); half of the pixels missing; half the size by box filtering, to be painted twice as large.
Ours is what `imagegs encode --restore` writes by default, decoded again; `bpp` counts pixels of the clean
picture. A filter gets its parameter from a small grid, the one that is best for the clean picture, and the
noise's true sigma: an advantage that ours does not have. Needs scikit-image and the extra [bench]. Rows that
the output file already has are kept. A change of our own method leaves the filters as they were: they can be
taken over from earlier results.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle, inpaint_biharmonic

import imagegs
from imagegs.cli.app import main as command
from imagegs.metrics import psnr
from imagegs.pictures.formats import open_image
from records import Record, chosen_pictures, load, picture_parser
from restoration_tables import DAMAGES, with_input, without_input

MODES = {"noise": "denoise", "jpeg": "deblock", "missing": "inpaint", "half": "upscale"}
Filters = dict[str, list[Callable[[], Any]]]  # the same with several parameters


def damaged(clean: Any, damage: str) -> Any:
    """A picture, or the bytes of a JPEG file."""
    kind, _, amount = damage.partition("-")
    rng = np.random.default_rng(0)
    if kind == "noise":
        return np.clip(np.round(clean + rng.normal(0, int(amount), clean.shape)), 0, 255).astype(np.uint8)
    if kind == "jpeg":
        file = io.BytesIO()
        Image.fromarray(clean).save(file, "JPEG", quality=int(amount))
        return file.getvalue()
    if kind == "half":
        height, width = clean.shape[:2]
        return np.asarray(Image.fromarray(clean).resize((width // 2, height // 2), Image.Resampling.BOX))
    known = rng.random(clean.shape[:2]) * 100 >= int(amount)
    return np.dstack([clean * known[:, :, None], 255 * known]).astype(np.uint8)


def filters(picture: Any, damage: str) -> Filters:
    """Others' ways to restore it; each gives uint8 or floats in 0..1."""
    kind, _, amount = damage.partition("-")
    unit = picture / 255
    if kind == "half":
        size = 2 * picture.shape[1], 2 * picture.shape[0]
        enlarge = Image.fromarray(picture).resize
        return {
            "bicubic": [lambda: np.asarray(enlarge(size, Image.Resampling.BICUBIC))],
            "Lanczos": [lambda: np.asarray(enlarge(size, Image.Resampling.LANCZOS))],
        }
    if kind == "missing":
        return {
            "biharmonic": [lambda: inpaint_biharmonic(unit[..., :3], picture[..., 3] == 0, channel_axis=-1)]
        }
    sigma = int(amount) if kind == "noise" else {"10": 10, "20": 7, "30": 5}[amount]
    known_sigma = sigma / 255 if kind == "noise" else 0.0

    def nlm(h: float) -> Any:
        options = {"patch_size": 5, "patch_distance": 6, "fast_mode": True, "channel_axis": -1}
        return denoise_nl_means(unit, h=h * sigma / 255, sigma=known_sigma, **options)

    return {
        "NLM": [lambda h=h: nlm(h) for h in (0.4, 0.6, 0.8, 1.0)],
        "NLM (OpenCV)": [
            lambda h=h: cv2.fastNlMeansDenoisingColored(picture, None, h * sigma, h * sigma, 7, 21)
            for h in (0.3, 0.5, 0.7, 1.0)
        ],
        "TV": [
            lambda w=w: denoise_tv_chambolle(unit, weight=w * sigma / 255, channel_axis=-1)
            for w in (0.3, 0.6, 1.0, 1.4)
        ],
        "bilateral": [
            lambda c=c, s=s: cv2.bilateralFilter(picture, 0, c * sigma, s)
            for c in (1, 2, 3)
            for s in (1, 2, 4)
        ],
    }


def ours(source: Path, damage: str, effort: int) -> tuple[Any, dict[str, Any]]:
    """What a decoder paints of our file of the damaged picture, and what the command told."""
    target, mode = source.with_suffix(".gsimg"), MODES[damage.partition("-")[0]]
    said = io.StringIO()
    arguments = [
        "encode",
        source,
        "-o",
        target,
        "--restore",
        mode,
        "-e",
        effort,
        "-j",
        1,
        "--quiet",
        "--json",
    ]
    with redirect_stdout(said):
        code = command([str(a) for a in arguments])
    if code != 0:
        raise RuntimeError(f"{source} was not encoded")
    scale = 2 if mode == "upscale" else 1
    painted = imagegs.render(imagegs.load(target), scale=scale, dtype=np.uint8, threads=1)
    return painted, json.loads(said.getvalue())


def measure(
    path: Path, damage: str, options: argparse.Namespace, of_filters: dict[str, Any] | None
) -> dict[str, Any]:
    """A row of the results; of_filters: one of the same damage whose filters are taken over."""
    clean = load(path, options.side)
    height, width = (side // 2 * 2 for side in clean.shape[:2])
    clean = np.ascontiguousarray(clean[:height, :width])
    data = damaged(clean, damage)
    picture = np.asarray(open_image(io.BytesIO(data))) if isinstance(data, bytes) else data
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / ("damaged.jpg" if isinstance(data, bytes) else "damaged.png")
        if isinstance(data, bytes):
            source.write_bytes(data)
        else:
            Image.fromarray(picture).save(source)
        painted, report = ours(source, damage, options.effort)
    row: dict[str, Any] = {"imagegs": psnr(clean, painted)}
    if picture.shape == clean.shape:
        row["input"] = psnr(clean, picture)
    for name, ways in filters(picture, damage).items():
        row[name] = of_filters[name] if of_filters else max(psnr(clean, as_uint8(way())) for way in ways)
    row |= {"bpp": 8 * report["bytes"] / (height * width)}
    row = {name: round(value, 4) for name, value in row.items()}
    return row | {"n_gaussians": report["n_gaussians"], "found": report["restore"]}


def as_uint8(picture: Any) -> Any:
    return picture if picture.dtype == np.uint8 else np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--damage", default=",".join(DAMAGES))
    parser.add_argument("--effort", type=int, default=5)
    parser.add_argument(
        "--filters-of", type=Path, help="results of the same pictures: filters are not run again"
    )
    options = parser.parse_args()
    others = {} if options.filters_of is None else json.loads(options.filters_of.read_text())["rows"]
    record = Record(options.out, {"side": options.side, "effort": options.effort})
    for path in chosen_pictures(options):
        for damage in options.damage.split(","):
            key = f"{damage} {path.stem}"
            if key not in record.rows:
                record.rows[key] = measure(path, damage, options, others.get(key))
                print(key, record.rows[key], flush=True)
                record.keep()
    print(f"\n{record.result['machine']}; side {options.side}, effort {options.effort}")
    print(f"\n{with_input(record.rows)}\n\n{without_input(record.rows)}")


if __name__ == "__main__":
    main()
