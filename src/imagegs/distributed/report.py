"""The report of a batch: one HTML page, without scripts, that needs nothing else."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

from imagegs.compression import imread
from imagegs.distributed.rows import Row
from imagegs.distributed.summary import Summary
from imagegs.pages.assembling import assembled
from imagegs.pictures.opening import read_picture_file

MOST_SHOWN = 48  # pictures with thumbnails
MOST_FAILURES = 200
SIDE = 128  # pixels of the longer side of a thumbnail
_BINS = 24
_WIDTH, _HEIGHT, _FLOOR = 420, 150, 20  # of a histogram
_MEASURES = (("bpp", "bits a pixel"), ("psnr", "PSNR, dB"), ("ssim", "SSIM"), ("seconds", "seconds"))


def report_page(summary: Summary) -> str:
    """The HTML: distributions of size and quality, and the pictures of the lowest PSNR first.

    Thumbnails of outputs are painted from the files as they are; one that cannot be read any more has none.
    """
    rows = sorted(summary.rows, key=lambda row: float("inf") if row.psnr is None else row.psnr)
    parts = {
        "<!-- about -->": escape(summary.text()),
        "<!-- histograms -->": "".join(_histogram(rows, *measure) for measure in _MEASURES),
        "<!-- failures -->": _failures(summary.failures),
        "<!-- pictures -->": "".join(map(_picture, rows[:MOST_SHOWN])),
        "/* style */": _style(),
    }
    return assembled(_template(), parts)


def report_start() -> bytes:
    """The bytes that a report begins with; they tell it from another file of that name."""
    return _template().partition("<style>")[0].encode()


def _template() -> str:
    return (files(__package__) / "report_page" / "page.html").read_text("utf-8")


def _style() -> str:
    """That of the bench's report, and what this one has beside it."""
    shared = (files("imagegs.evaluation") / "report_page" / "style.css").read_text("utf-8")
    return shared + (files(__package__) / "report_page" / "style.css").read_text("utf-8")


def _histogram(rows: Sequence[Row], name: str, title: str) -> str:
    """The distribution of values over the pictures."""
    values = np.array([value for row in rows if (value := getattr(row, name)) is not None], float)
    if not len(values):
        return ""
    counts, edges = np.histogram(values, _BINS)
    width = _WIDTH / _BINS
    heights = _HEIGHT * counts / counts.max()
    bars = "".join(
        f'<rect x="{i * width:.1f}" y="{_HEIGHT - heights[i]:.1f}" width="{width - 1:.1f}" '
        f'height="{heights[i]:.1f}"><title>{edges[i]:.4g} to {edges[i + 1]:.4g}: {n}</title></rect>'
        for i, n in enumerate(counts)
        if n
    )
    ends = ((0, "start", edges[0]), (_WIDTH, "end", edges[-1]))
    labels = "".join(
        f'<text x="{x}" y="{_HEIGHT + _FLOOR - 4}" text-anchor="{anchor}">{value:.4g}</text>'
        for x, anchor, value in ends
    )
    facts = f"median {np.median(values):.4g}, least {values.min():.4g}, most {values.max():.4g}"
    return (
        f'<figure><figcaption>{title}: {facts}</figcaption><svg class="bars" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT + _FLOOR}" role="img">{bars}{labels}</svg></figure>'
    )


def _failures(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><td>{escape(row.input)}</td><td>{escape(row.error or '')}</td></tr>"
        for row in rows[:MOST_FAILURES]
    )
    more = len(rows) - MOST_FAILURES
    note = f'<p class="note">and {more:,} more: the manifest has all</p>' if more > 0 else ""
    table = f"<table><tr><th>picture</th><th>why</th></tr>{lines}</table>"
    return f'<section><h2>Failed</h2><div class="scroll">{table}</div>{note}</section>'


def _picture(row: Row) -> str:
    psnr = "lossless" if row.psnr is None else f"{row.psnr:.2f} dB"
    facts = [psnr, f"{row.ssim or 0:.4f} SSIM", f"{row.bpp or 0:.3f} bpp", f"{row.bytes or 0:,} bytes"]
    facts += [f"{row.width} x {row.height}", *row.notes]
    images = "".join(_image(data, what) for what, data in _thumbnails(row))
    return (
        f'<figure class="pair"><div>{images}</div><figcaption><b>{escape(Path(row.input).name)}</b> '
        f"{escape(', '.join(facts))}</figcaption></figure>"
    )


def _image(data: bytes, what: str) -> str:
    return f'<img alt="{what}" title="{what}" src="data:image/webp;base64,{base64.b64encode(data).decode()}">'


def _thumbnails(row: Row) -> Iterable[tuple[str, bytes]]:
    """Small pictures of the input and the output, by what they are."""
    for what, path in (("input", row.input), ("output", row.output)):
        try:
            yield what, _thumbnail(_output_pixels(row) if what == "output" else _input_pixels(Path(path)))
        except Exception:  # it was there when the row was written
            continue


def _input_pixels(path: Path) -> np.ndarray:
    return read_picture_file(path).pixels


def _output_pixels(row: Row) -> np.ndarray:
    scale = min(1.0, SIDE / max(row.width or 1, row.height or 1))
    painted = imread(row.output, scale=scale)
    assert not isinstance(painted, dict)
    return painted if painted.ndim == 3 else painted[:, :, None]


def _thumbnail(pixels: np.ndarray) -> bytes:
    """WebP of at most SIDE x SIDE pixels; alpha is left out. pixels: (H, W, C) uint8 or uint16."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    shown = pixels[:, :, :3] if pixels.shape[2] >= 3 else pixels[:, :, 0]
    picture = Image.fromarray(np.ascontiguousarray(shown))
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=75)
    return file.getvalue()
