"""docs/pictures/gltf.webp: a sphere with PNG pictures, with painted textures, with sampled Gaussians.

    python benchmarks/gltf.py FOLDER -e 3 -o OUT
    python assets/gltf.py OUT

The views are those that the benchmark compares, each at half its size.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

OUT = Path(__file__).parent.parent / "docs/pictures/gltf.webp"
SIDE = 320  # pixels of a view


def main() -> None:
    plate = Image.new("RGB", (3 * SIDE, SIDE))
    for i, kind in enumerate(("pictures", "painted", "sampled")):
        with Image.open(Path(sys.argv[1]) / f"sphere-far-{kind}.png") as view:
            plate.paste(view.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), (i * SIDE, 0))
    plate.save(OUT, quality=85, method=6)


if __name__ == "__main__":
    main()
