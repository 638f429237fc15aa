"""docs/pictures/restoration.webp: damaged pictures, and what our files of them decode to.

    python assets/restoration.py PHOTO.jpg

PHOTO.jpg is gabriele-diwald-201135.jpg of ubuntu-mate-artwork (CC BY-SA 4.0), a grainy photograph. Upper row:
a part of it as it is, and the sample picture with noise of sigma 25, as JPEG of quality 10, and with half of
its pixels missing. Lower row: what `imagegs encode --restore auto` makes of them. It prints PSNR against the
clean part, where there is one, and the sizes of the files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from imagegs.metrics import psnr

ROOT = Path(__file__).parent.parent
SAMPLE, OUT = ROOT / "assets/sample.png", ROOT / "docs/pictures/restoration.webp"
PART = (128, 64, 384, 320)  # left, top, right, bottom
GRAINY_PART = (1700, 450, 1956, 706)


def imagegs(*arguments: str | Path) -> str:
    """Runs the command as a user would, and returns what it printed."""
    command = [sys.executable, "-m", "imagegs", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def damaged(clean: np.ndarray, photo: Path, folder: Path) -> list[Path]:
    """Files of the damaged pictures; the first one is of the photograph."""
    rng = np.random.default_rng(0)
    noisy = np.clip(np.round(clean + rng.normal(0, 25, clean.shape)), 0, 255).astype(np.uint8)
    known = rng.random(clean.shape[:2]) < 0.5
    files = [folder / name for name in ("grainy.png", "noisy.png", "coarse.jpg", "holes.png")]
    Image.open(photo).convert("RGB").crop(GRAINY_PART).save(files[0])
    Image.fromarray(noisy).save(files[1])
    Image.fromarray(clean).save(files[2], quality=10)
    Image.fromarray(np.dstack([clean * known[:, :, None], 255 * known]).astype(np.uint8)).save(files[3])
    return files


def main() -> None:
    clean = np.asarray(Image.open(SAMPLE).convert("RGB").crop(PART))
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        for file in damaged(clean, Path(sys.argv[1]), Path(folder)):
            target, painted = file.with_suffix(".gsimg"), Path(folder) / "painted.png"
            report = json.loads(
                imagegs("encode", file, "-o", target, "--restore", "auto", "--json", "--quiet")
            )
            imagegs("decode", target, "-o", painted, "--quiet")
            before, after = (np.asarray(Image.open(p).convert("RGB")) for p in (file, painted))
            gain = f"{psnr(clean, before):.2f} -> {psnr(clean, after):.2f} dB, " if columns else ""
            print(f"{report['restore']}: {gain}{report['bytes']} bytes, {report['bpp']:.3f} bpp")
            columns.append(np.concatenate([before, after]))
    Image.fromarray(np.concatenate(columns, axis=1)).save(OUT, quality=80)


if __name__ == "__main__":
    main()
