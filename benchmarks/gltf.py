"""A glTF model with its textures in .gsimg files against the same model with PNG pictures, drawn by three.js.

    python benchmarks/gltf.py FOLDER [--side 1024] [--bppc 0.5] [-e 4] [-o OUT] [--keep FILE.json]

FOLDER has the maps *_baseColor.png, *_normal.png and *_occlusionRoughnessMetallic.png; they are brought to
--side pixels a side (box filter) and put on a square and on a sphere. Each is drawn in headless Chromium with
its pictures, with textures that are painted when the model is loaded, and with a material that samples
Gaussians. Prints a Markdown table of SSIM and PSNR against the first, and the sizes of the files; FILE.json
keeps them. OUT gets the models and the screenshots.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import numpy as np
from PIL import Image

from browser import FLAGS
from gltf_models import glb, image_data, opened, png, surface
from imagegs.evaluation.processes import python_command
from imagegs.metrics import psnr, ssim
from kernels import machine
from three_pages import SETUP, Files
from web_pages import pixels_of
from web_tables import likeness

MAPS = ("baseColor", "normal", "occlusionRoughnessMetallic")
VIEW = 640  # pixels a side
DISTANCES = {"far": 3.0, "near": 1.5}  # of the camera from the middle of the shape

DRAW = """async (url, sampled, distance, view) => {
    const renderer = makeThree(view, view), scene = new THREE.Scene();
    const gltf = await new GLTFLoader()
        .register((parser) => new gs.GLTFImagegsExtension(parser, { renderer, sampled }))
        .loadAsync(url);
    const { RoomEnvironment } = await import("three/addons/environments/RoomEnvironment.js");
    scene.environment = new THREE.PMREMGenerator(renderer).fromScene(new RoomEnvironment()).texture;
    const light = new THREE.DirectionalLight(0xffffff, 1.5);
    light.position.set(2, 2, 3);
    scene.add(gltf.scene, light);
    const camera = new THREE.PerspectiveCamera(40, 1, 0.1, 10);
    camera.position.z = distance;
    renderer.outputColorSpace = THREE.SRGBColorSpace;
    renderer.toneMapping = THREE.ACESFilmicToneMapping;
    renderer.render(scene, camera);
    const gl = renderer.getContext(), shown = new Uint8Array(4 * view * view);
    gl.readPixels(0, 0, view, view, gl.RGBA, gl.UNSIGNED_BYTE, shown);
    return { shown: base64(shown), messages };
}"""


def model_of(folder: Path, side: int, shape: str) -> bytes:
    """A .glb file with the maps on a square or a sphere."""
    data, views, accessors = surface(shape)
    images = []
    for name in MAPS:
        path = next(folder.glob(f"*_{name}.png"))
        picture = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BOX)
        contents = png(np.asarray(picture))
        images.append({"bufferView": len(views), "mimeType": "image/png", "name": name})
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": len(contents)})
        data += contents + bytes(-len(contents) % 4)
    attributes = {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}
    tree: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": 3, "material": 0}]}],
        "materials": [
            {
                "name": folder.name,
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0},
                    "metallicRoughnessTexture": {"index": 2},
                },
                "normalTexture": {"index": 1},
                "occlusionTexture": {"index": 2},
            }
        ],
        "textures": [{"source": i} for i in range(len(MAPS))],
        "images": images,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
    }
    return glb(tree, data)


def moved(model: Path, target: Path, bppc: float, effort: int) -> dict[str, Any]:
    """Runs `imagegs gltf`; its report."""
    options = ["-o", target, "--bppc", bppc, "-e", effort, "--json", "--quiet"]
    command = [*python_command(), "-m", "imagegs", "gltf", model, *options]
    done = subprocess.run([str(each) for each in command], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def draw(page: Any, *arguments: Any) -> np.ndarray:
    """(VIEW, VIEW, 3) of a model."""
    found = page.evaluate(f"(a) => ({DRAW})(...a)", [*arguments, VIEW])
    if found["messages"]:
        print(*found["messages"], sep="\n", file=sys.stderr)
    return pixels_of(found["shown"], VIEW, VIEW)[::-1, :, :3]  # WebGL begins at the bottom


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--bppc", type=float, default=0.5)
    parser.add_argument("-e", "--effort", type=int, default=4)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        run(options, options.output or Path(temporary))


def run(options: argparse.Namespace, out: Path) -> None:
    out.mkdir(exist_ok=True)
    plain, small = out / "plain.glb", out / "small.glb"
    plain.write_bytes(model_of(options.folder, options.side, "square"))
    report = moved(plain, small, options.bppc, options.effort)
    (file,) = report["files"]
    print(f"{machine()}\n")
    print(f"{options.folder.name}, {file['width']} x {file['height']}, {file['channels']} channels: ", end="")
    print(f"{file['bytes_before']:,} bytes of PNG, {file['bytes']:,} bytes of .gsimg, ", end="")
    print(f"{file['n_gaussians']:,} Gaussians, {file['psnr']:.2f} dB; ", end="")
    print(f".glb {report['bytes_before']:,} and {report['bytes']:,} bytes\n")
    rows: list[dict[str, Any]] = []
    tree, data = opened(small)
    gsimg = image_data(tree, data, 0)
    sphere = model_of(options.folder, options.side, "sphere")
    extra = {"square.glb": plain.read_bytes(), "sphere.glb": sphere}
    extra["square-small.glb"] = small.read_bytes()
    extra["sphere-small.glb"] = with_textures(sphere, tree, gsimg)
    for shape, distance, kind, found, expected in screenshots(extra):
        Image.fromarray(found).save(out / f"{shape}-{distance}-{kind}.png")
        if kind != "pictures":
            told = {"shape": shape, "distance": distance, "textures": kind}
            rows.append({**told, "ssim": ssim(expected, found), "psnr": psnr(expected, found)})
    print(likeness(rows))
    if options.keep:
        setting = {"machine": machine(), "folder": options.folder.name, "bppc": options.bppc}
        setting |= {"side": options.side, "effort": options.effort}
        options.keep.write_text(json.dumps({**setting, "report": report, "rows": rows}) + "\n")


def with_textures(model: bytes, moved_tree: dict[str, Any], gsimg: bytes) -> bytes:
    """A model with the textures of one that was moved, which has the same images."""
    from imagegs.applications.gltf.reading import read_model
    from imagegs.applications.gltf.rebuilding import MIME, NewImage, exchanged
    from imagegs.applications.gltf.writing import glb_bytes

    plain = read_model(model, None)
    for texture in plain.json["textures"]:
        texture.clear()
    found = exchanged(plain, {0, 1, 2}, [NewImage("maps", MIME, gsimg)])
    found.json["textures"] = moved_tree["textures"]
    for key in ("extensionsUsed", "extensionsRequired"):
        found.json[key] = moved_tree[key]
    return glb_bytes(found)


def screenshots(extra: dict[str, bytes]) -> Any:
    """Each shape, from far and near, by all kinds of textures: its pixels, and those by PNG pictures."""
    from playwright.sync_api import sync_playwright

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, extra=extra))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for shape, distance in product(("square", "sphere"), DISTANCES):
            expected = None
            for kind in ("pictures", "painted", "sampled"):
                page = browser.new_page()
                page.set_default_timeout(600_000)
                page.goto(f"http://127.0.0.1:{server.server_port}/")
                page.evaluate(SETUP)
                name = f"/{shape}.glb" if kind == "pictures" else f"/{shape}-small.glb"
                found = draw(page, name, kind == "sampled", DISTANCES[distance])
                expected = found if expected is None else expected
                yield shape, distance, kind, found, expected
                page.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
