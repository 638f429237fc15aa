"""Cut-outs of the sample at one size: alpha as what is seen, against `--exact`, a channel like another.

    python benchmarks/transparency.py [--bpp 0.4] [--effort 3] [--out FILE.json]

Files of the default, of the same with `--tune balanced`, and of `--exact`, which has that tune too: bytes,
and PSNR, SSIM and SSIMULACRA 2 of what is seen (docs/method.md).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import imagegs
from imagegs.cli.app import main as command
from imagegs.metrics import psnr, ssim
from imagegs.ssimulacra.looks import SeenReference
from records import Record, table

SAMPLE = Path(__file__).parent.parent / "assets/sample.png"
WIDTH, HEIGHT = 384, 320
WAYS: dict[str, list[str]] = {
    "by default": [],
    "`--tune balanced`": ["--tune", "balanced"],
    "`--exact`": ["--exact"],
}
FINE = 4  # of the masks, before they are reduced


def colors() -> Any:
    """The middle of the sample."""
    picture = Image.open(SAMPLE).convert("RGB")
    left, top = (picture.width - WIDTH) // 2, (picture.height - HEIGHT) // 2
    return np.asarray(picture.crop((left, top, left + WIDTH, top + HEIGHT)))


def star() -> Image.Image:
    """A star and a disk, white on black, with smooth edges of a pixel."""
    mask = Image.new("L", (FINE * WIDTH, FINE * HEIGHT))
    draw = ImageDraw.Draw(mask)
    turns = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = FINE * (110 + 35 * np.cos(5 * turns))
    x, y = FINE * WIDTH / 2 + radius * np.cos(turns), FINE * HEIGHT / 2 + radius * np.sin(turns)
    draw.polygon(list(zip(x.tolist(), y.tolist(), strict=True)), fill=255)
    draw.ellipse((60, 60, 400, 400), fill=255)
    return mask.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


def pictures() -> dict[str, Any]:
    """(H, W, 4) uint8 each."""
    seen, alpha = colors(), np.asarray(star())
    hidden = np.random.default_rng(0).integers(0, 256, seen.shape)
    noise = np.where(alpha[..., None] > 0, seen, hidden).astype(np.uint8)
    ramp = np.broadcast_to(np.linspace(0, 255, WIDTH).astype(np.uint8), alpha.shape)
    alphas = {
        "a star and a disk, smooth edges": alpha,
        "the same, hard edges": np.where(alpha > 127, 255, 0).astype(np.uint8),
        "the same, soft edges (blurred by 20 px)": np.asarray(star().filter(ImageFilter.GaussianBlur(20))),
        "a ramp from 0 to 1": ramp,
    }
    found = {name: np.dstack([seen, values]) for name, values in alphas.items()}
    black = np.where(alpha[..., None] > 0, seen, 0).astype(np.uint8)
    found["smooth edges, the colours black where it is 0"] = np.dstack([black, alpha])
    return found | {"smooth edges, noise where it is 0": np.dstack([noise, alpha])}


def row(pixels: Any, options: list[str]) -> dict[str, float]:
    """Encodes the pixels: bytes of the file, and qualities of what it decodes to, as it is seen."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.png", Path(folder) / "a.gsimg"
        Image.fromarray(pixels).save(source)
        if command(["encode", str(source), "-o", str(target), "--quiet", *options]) != 0:
            raise SystemExit("the command failed")
        n_bytes, gaussians = target.stat().st_size, imagegs.load(target)
    painted = imagegs.render(gaussians, dtype=np.uint8)
    score = SeenReference(pixels, "RGBA").score(painted)
    return {
        "bytes": n_bytes,
        "psnr": psnr(pixels, painted),
        "ssim": ssim(pixels, painted),
        "ssimulacra2": score,
    }


def summary(rows: dict[str, dict[str, Any]]) -> str:
    """A line for each picture."""
    lines = []
    for name, found in rows.items():
        values = (found[way] for way in WAYS)
        lines.append([name, *(f"{v['psnr']:.2f}, {v['ssim']:.4f}, {v['ssimulacra2']:.1f}" for v in values)])
    first, *others = WAYS
    return table(["alpha", f"{first}: dB, SSIM, SSIMULACRA 2", *others], lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bpp", type=float, default=0.4)
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--out", type=Path, help="results; what the file already has is kept")
    given = parser.parse_args(arguments)
    options = ["--bpp", str(given.bpp), "-e", str(given.effort)]
    record = Record(given.out, {"bpp": given.bpp, "effort": given.effort})
    for name, pixels in pictures().items():
        if name not in record.rows:
            record.rows[name] = {way: row(pixels, [*options, *more]) for way, more in WAYS.items()}
            record.keep()
    print(summary(record.rows))


if __name__ == "__main__":
    main()
