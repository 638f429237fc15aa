"""Times of the JavaScript library in headless Chromium: prints a Markdown table.

    python benchmarks/web.py [--runs 7] [-n 10000] [--side 1024]

Every run is a page of its own, so that code is compiled anew as it is for a visitor; WebGL is in software
where there is no graphics card. The Gaussians are those of access.py, in clusters, with a fit's usual
precision, in 8 layers.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import imagegs
from access import USUAL, clustered
from browser import FLAGS, HOST
from imagegs.gaussians import layer_ends
from imagegs.viewer.module import module_text
from kernels import machine

MEASURE = """async (side) => {
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
    const painting = new web.Painting(await web.makeRenderer(canvas), picture);
    const size = { width: side, height: side };
    const view = { x: 0, y: 0, width: picture.width, height: picture.height };
    await painting.prepare(size);
    note("list the Gaussians of each tile, in the worker");
    await painting.readPixels(view, size);
    note("compile the shader, paint and read pixels back");
    times["all of it"] = last - start;
    await painting.readPixels(view, size);
    note("paint and read pixels back again");
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


def measure(browser: Any, data: bytes, side: int) -> dict[str, float]:
    """Milliseconds in a new page."""
    bodies = {"imagegs.js": (module_text(), "text/javascript"), "a.gsimg": (data, "application/octet-stream")}

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        body, kind = bodies.get(name, ("<!doctype html>", "text/html"))
        route.fulfill(body=body, content_type=kind)

    page = browser.new_page()
    page.route("**/*", answer)
    page.goto(HOST)
    times: dict[str, float] = page.evaluate(MEASURE, side)
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
    options = parser.parse_args()
    ends = layer_ends(options.gaussians, 8)
    layers = tuple(end - start for start, end in zip([0, *ends], ends, strict=False))
    g = clustered(options.gaussians, options.side, options.side).replace(layers=layers)
    data = imagegs.encode(g, USUAL)
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        runs = [measure(browser, data, options.side) for _ in range(options.runs)]
        version = browser.version
        browser.close()
    print(f"{machine()}; Chromium {version}; {options.gaussians:,} Gaussians, {len(data):,} bytes\n")
    print("| | median, ms | least, ms |\n| --- | --- | --- |")
    for name in runs[0]:
        times = [run[name] for run in runs]
        print(f"| {name} | {statistics.median(times):.0f} | {min(times):.0f} |")


if __name__ == "__main__":
    main()
