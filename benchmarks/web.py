"""Times of the JavaScript library in headless Chromium: prints a Markdown table.

    python benchmarks/web.py [--api webgpu] [--angle swiftshader] [--runs 7] [-n 10000] [--side 1024]
                             [--out FILE.json]

Every run is a page of its own, so that code is compiled anew as it is for a visitor; without a graphics card
WebGL2 is run by Mesa and WebGPU by SwiftShader, or both by the latter: --angle swiftshader. The Gaussians are
those of access.py, in clusters, with a fit's usual precision, in 8 layers.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import imagegs
from access import USUAL, clustered
from browser import FLAGS, HOST
from imagegs.gaussians import layer_ends
from imagegs.web.module import module_text
from records import Record
from web_tables import times

MEASURE = """async ([side, api]) => {
    const times = {}, start = performance.now();
    let last = start;
    const note = (name) => {
        const now = performance.now();
        times[name] = now - last;
        last = now;
    };
    const web = await import("/imagegs.js");
    note("load and compile the library");
    let first = 0;
    const onLayer = () => (first ||= performance.now() - last);
    const picture = await web.loadPicture("/a.gsimg", { onLayer });
    times["fetch and decode the first layer, in the worker"] = first;
    note("fetch and decode all of the file, in the worker");
    const canvas = document.body.appendChild(document.createElement("canvas"));
    const renderer = await web.makeRenderer(canvas, { api });
    note("start the renderer");
    const painting = new web.Painting(renderer, picture);
    const size = { width: side, height: side };
    const view = { x: 0, y: 0, width: picture.width, height: picture.height };
    await painting.prepareLists(size);
    note("list the Gaussians of each tile, in the worker");
    const corner = { x: 0, y: 0, width: 1, height: 1 };
    await painting.readPixels(corner, { width: 1, height: 1 });
    note("compile the shader, send the Gaussians to the card");
    await painting.readPixels(view, size);
    note("paint and read pixels back");
    times["all of it"] = last - start;
    const small = await web.loadPicture("/small.gsimg");
    small.close();
    web.ImageGSElement.api = api;
    last = performance.now();
    document.body.innerHTML = '<image-gs src="/small.gsimg"></image-gs>'.repeat(40);
    await Promise.all([...document.body.children].map((element) => element.decode()));
    note("40 elements of 16 x 16, 20 Gaussians");
    const bytes = new Uint8Array(await (await fetch("/a.gsimg")).arrayBuffer());
    last = performance.now();
    web.decode(bytes);
    note("decode(), cold");
    for (let i = 0; i < 5; ++i) {
        last = performance.now();
        web.decode(bytes);
        note("decode(), warm");
    }
    return times;
}"""


def measure(browser: Any, data: bytes, small: bytes, side: int, api: str) -> dict[str, float]:
    """Milliseconds in a new page."""
    kind = "application/octet-stream"
    bodies = {
        "imagegs.js": (module_text(), "text/javascript"),
        "a.gsimg": (data, kind),
        "small.gsimg": (small, kind),
    }

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        body, kind = bodies.get(name, ("<!doctype html>", "text/html"))
        route.fulfill(body=body, content_type=kind)

    page = browser.new_page()
    page.route("**/*", answer)
    page.goto(HOST)
    times: dict[str, float] = page.evaluate(MEASURE, [side, api])
    page.close()
    return times


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("-n", "--gaussians", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=1024, help="of the canvas and of what is painted, pixels")
    parser.add_argument("--api", choices=["webgl2", "webgpu"], default="webgl2")
    parser.add_argument("--angle", default="gl-egl", help="what Chromium runs WebGL2 by")
    parser.add_argument("--out", type=Path, help="results; other APIs that the file already has are kept")
    options = parser.parse_args()
    ends = layer_ends(options.gaussians, 8)
    layers = tuple(end - start for start, end in zip([0, *ends], ends, strict=False))
    g = clustered(options.gaussians, options.side, options.side).replace(layers=layers)
    data = imagegs.encode(g, USUAL)
    small = imagegs.encode(clustered(20, 16, 16), USUAL)
    flags = [f"--use-angle={options.angle}" if flag.startswith("--use-angle") else flag for flag in FLAGS]
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=flags)
        runs = [measure(browser, data, small, options.side, options.api) for _ in range(options.runs)]
        version = browser.version
        browser.close()
    setting = {"gaussians": options.gaussians, "side": options.side, "angle": options.angle}
    record = Record(options.out, {**setting, "bytes": len(data), "chromium": version})
    record.rows[options.api] = {name: [run[name] for run in runs] for name in runs[0]}
    record.keep()
    print(f"{record.result['machine']}; Chromium {version}; {options.api}, ANGLE {options.angle}")
    print(f"{options.gaussians:,} Gaussians, {len(data):,} bytes", times(record.rows), sep="\n\n")


if __name__ == "__main__":
    main()
