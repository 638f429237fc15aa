"""Pictures beyond photographs: what imagegs makes of each kind at some rates, beside PNG, WebP and AVIF.

    python benchmarks/kinds.py [--size 384x256] [--rates 0.3,1,3] [--effort 5]
        [--keep results.json] [--pictures DIR]

One picture of each kind, drawn by code (kinds_pictures.py). Files of imagegs are those of `imagegs.compress`
at the rate, with its default tune; PSNR and SSIM are of the file decoded again. PNG is written by Pillow with
its strongest compression, WebP lossless at its slowest. AVIF is the bench's `avif-444` at the same rates,
gray as RGB. Neither WebP nor this AVIF has 16 bits.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.evaluation.bench import machine
from imagegs.evaluation.codecs import codec_named
from imagegs.evaluation.measuring import Bench, Subject
from imagegs.evaluation.store import Store
from imagegs.metrics import psnr, ssim
from kinds_pictures import KINDS, Pixels
from records import table


def as_image(pixels: Pixels) -> Image.Image:
    """Pillow's picture of (H, W, 1 or 3) integers."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def lossless_bytes(pixels: Pixels) -> dict[str, int | None]:
    """The bytes of a PNG and of a lossless WebP; None where the format cannot hold the picture."""
    found: dict[str, int | None] = {"webp_bytes": None}
    png = io.BytesIO()
    as_image(pixels).save(png, "PNG", optimize=True)
    found["png_bytes"] = len(png.getvalue())
    if pixels.dtype == np.uint8:
        webp = io.BytesIO()
        as_image(pixels).convert("RGB").save(webp, "WebP", lossless=True, quality=100, method=6)
        found["webp_bytes"] = len(webp.getvalue())
    return found


def avif_psnr(pixels: Pixels, rates: list[float]) -> dict[float, float | str | None]:
    """PSNR of the best AVIF 4:4:4 within each rate; "equal" for the same pixels; None where there is none."""
    if pixels.dtype != np.uint8:
        return dict.fromkeys(rates)
    subject = Subject("", np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3))))
    with tempfile.TemporaryDirectory() as folder:
        found = Bench(codec_named("avif-444"), subject, ("psnr",), Store(Path(folder))).rows(tuple(rates))
        return {
            row["rate"]: (row["psnr"] or "equal") if "bytes" in row else None
            for row in found
            if row["rate"] in rates
        }


def rows(size: tuple[int, int], rates: list[float], effort: int) -> Iterator[dict[str, Any]]:
    """A row for each kind and rate."""
    for kind, draw in KINDS.items():
        pixels = draw(*size)
        facts = {
            "kind": kind,
            "bits": 8 * pixels.itemsize,
            "channels": pixels.shape[2],
            **lossless_bytes(pixels),
        }
        avif = avif_psnr(pixels, rates)
        for rate in rates:
            data = imagegs.compress(pixels, bpp=rate, effort=effort)
            decoded = imagegs.decompress(data).reshape(pixels.shape)
            quality = {"psnr": float(psnr(pixels, decoded)), "ssim": float(ssim(pixels, decoded))}
            yield {**facts, "rate": rate, "bytes": len(data), **quality, "avif_psnr": avif[rate]}


def summary(found: list[dict[str, Any]]) -> str:
    """Markdown: a row for each kind; lossless bytes; PSNR of ours and of AVIF at each rate, SSIM of ours."""
    rates = dict.fromkeys(row["rate"] for row in found)
    head = ["kind", "PNG, bytes", "WebP, lossless"]
    for rate in rates:
        head += [f"{rate:g} bpp: PSNR, SSIM", "AVIF 4:4:4"]
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in found):
        mine = [row for row in found if row["kind"] == kind]
        cells = [kind, f"{mine[0]['png_bytes']:,}", number(mine[0]["webp_bytes"], ",")]
        for row in mine:
            cells += [f"{row['psnr']:.2f}, {row['ssim']:.4f}", number(row["avif_psnr"], ".2f")]
        lines.append(cells)
    return table(head, lines)


def number(value: float | str | None, form: str) -> str:
    """A cell; "-" where there is no value."""
    return f"{value:{form}}" if isinstance(value, int | float) else value or "-"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="384x256", help="WIDTHxHEIGHT")
    parser.add_argument("--rates", default="0.3,1,3")
    parser.add_argument("--effort", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a file of JSON for the rows")
    parser.add_argument("--pictures", type=Path, help="a folder for the pictures, as PNG")
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    rates = [float(rate) for rate in options.rates.split(",")]
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        for kind, draw in KINDS.items():
            path = options.pictures / f"{kind.replace(' ', '_')}.png"
            as_image(draw(width, height)).save(path, optimize=True)
    found = list(rows((width, height), rates, options.effort))
    told = {"machine": machine(), "size": [width, height], "effort": options.effort}
    print(f"{told['machine']}; {width} x {height} pixels, effort {options.effort}\n")
    print(summary(found))
    if options.keep:
        options.keep.write_text(json.dumps({**told, "rows": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
