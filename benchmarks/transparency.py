"""Cut-outs of the sample at one size: alpha as what is seen, against `--exact`, a channel like another.

    python benchmarks/transparency.py [--bpp 0.4] [--effort 3]

Prints a row for each picture: bytes, and PSNR and SSIM of what is seen (docs/method.md).
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

SAMPLE = Path(__file__).parent.parent / "assets/sample.png"
WIDTH, HEIGHT = 384, 320
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
        "cut-out": alpha,
        "hard edges": np.where(alpha > 127, 255, 0).astype(np.uint8),
        "soft edges": np.asarray(star().filter(ImageFilter.GaussianBlur(20))),
        "glass": ramp,
    }
    found = {name: np.dstack([seen, values]) for name, values in alphas.items()}
    black = np.where(alpha[..., None] > 0, seen, 0).astype(np.uint8)
    return found | {"black under it": np.dstack([black, alpha]), "noise under it": np.dstack([noise, alpha])}


def row(pixels: Any, options: list[str]) -> str:
    """Encodes the pixels and tells the bytes of the file, and PSNR and SSIM of what it decodes to."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.png", Path(folder) / "a.gsimg"
        Image.fromarray(pixels).save(source)
        if command(["encode", str(source), "-o", str(target), "--quiet", *options]) != 0:
            raise SystemExit("the command failed")
        n_bytes, gaussians = target.stat().st_size, imagegs.load(target)
    painted = imagegs.render(gaussians, dtype=np.uint8)
    return f"{n_bytes:6,} bytes, {psnr(pixels, painted):5.2f} dB, SSIM {ssim(pixels, painted):.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bpp", default="0.4")
    parser.add_argument("--effort", default="3")
    given = parser.parse_args()
    options = ["--bpp", given.bpp, "-e", given.effort]
    for name, pixels in pictures().items():
        print(f"{name:14}  seen: {row(pixels, options)};  exact: {row(pixels, [*options, '--exact'])}")


if __name__ == "__main__":
    main()
