"""A page that shows a model in three.js: with PNG pictures, and with its textures in a .gsimg file, painted
when it is loaded and sampled in the shader. Needs `make node_modules/installed`.

    python assets/three_page.py [FOLDER]

FOLDER has maps as benchmarks/gltf.py wants them; without one the sample picture is the colour, and stands in
relief. The models are made in demo/three; then the page is served until Ctrl-C.
"""

from __future__ import annotations

import sys
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

sys.path += [str(Path(__file__).parents[1] / name) for name in ("tests", "benchmarks")]

from gltf import MAPS, model_of, moved
from three_pages import Files

ROOT = Path(__file__).parent.parent
OUT = ROOT / "demo/three"
PAGE = Path(__file__).with_suffix(".html")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else sample_maps(OUT / "maps")
    plain, small = OUT / "plain.glb", OUT / "small.glb"
    plain.write_bytes(model_of(folder, 512, "sphere"))
    report = moved(plain, small, bppc=0.5, effort=4)
    print(f"{report['bytes_before']:,} bytes with PNG, {report['bytes']:,} with .gsimg")
    extra = {"": PAGE.read_bytes(), **{path.name: path.read_bytes() for path in (plain, small)}}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, extra=extra))
    print(f"http://127.0.0.1:{server.server_port}/ until Ctrl-C")
    server.serve_forever()


def sample_maps(folder: Path) -> Path:
    """Maps of the sample picture: its colour, a relief of its brightness, and a shine where it is bright."""
    folder.mkdir(exist_ok=True)
    color = np.asarray(Image.open(ROOT / "assets/sample.png").convert("RGB").resize((512, 512)))
    height = color.mean(axis=2) / 255
    down, right = np.gradient(height)
    normal = np.stack([-4 * right, 4 * down, np.ones_like(height)], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    packed = np.stack([0.5 + 0.5 * height, 0.8 - 0.6 * height, height > 0.6], axis=2)
    for name, values in zip(MAPS, (color, 127.5 * (normal + 1), 255 * packed), strict=True):
        Image.fromarray(np.round(values).astype(np.uint8)).save(folder / f"sample_{name}.png")
    return folder


if __name__ == "__main__":
    main()
