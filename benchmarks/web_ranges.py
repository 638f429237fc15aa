"""Measures a screen of a huge picture in headless Chromium: prints two Markdown tables.

    python benchmarks/web_ranges.py [--blocks 32] [--frames 40]

The file has blocks of 512 pixels with 4,096 Gaussians each, in 8 layers (tests/huge_files.py). Each row of
the first table is a picture that was opened anew, on a connection that Chromium slows down; nothing is
painted.
The second table has frames of a window that moves over the canvas, pixel for pixel, painted by software where
there is no graphics card.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "conformance"))

from browser import FLAGS
from huge_files import SIDE, huge_file
from imagegs.evaluation.bench import machine
from range_server import serving_ranges

SCREEN = {"width": 1280, "height": 800}
ZOOMS = (1 / 8, 1 / 4, 1 / 2, 1, 2)
LATENCY_MS, BYTES_PER_SECOND = 40, 2_500_000
WINDOW, STEP = {"width": 320, "height": 200}, 12  # of the frames: pixels, and pixels between two

LOOK = """async ([view, pixelsAcross]) => {
    const web = await import("/imagegs.js"), start = performance.now();
    const picture = await web.openPicture("huge.gsimg");
    let first = null;
    const onPart = () => (first ??= performance.now() - start);
    const part = await picture.gaussiansFor(view, { pixelsAcross, onPart });
    const found = { layers: part.layers.length, n: part.nGaussians };
    picture.close();
    return { ...found, first, last: performance.now() - start };
}"""
PAN = """async ([start, size, step, frames]) => {
    const web = await import("/imagegs.js"), picture = await web.openPicture("huge.gsimg");
    const renderer = await web.makeRenderer(document.createElement("canvas"), { api: "webgl2" });
    const runs = { "the first time": [], "back again": [] };
    let control = new AbortController(), painting = null, next = null, busy = false;
    const take = async (part) => {
        next = part;
        if (busy) return;
        busy = true;
        while (next) {
            const newer = new web.Painting(renderer, next, { filtered: next.filtered });
            next = null;
            await newer.prepare(size);
            painting?.release();
            painting = newer;
        }
        busy = false;
    };
    const ask = (view) => {
        const old = control, { signal } = (control = new AbortController());
        const detail = { pixelsAcross: size.width };
        if (!painting?.picture.covers(view, detail))
            picture.gaussiansFor(view, { ...detail, signal, onPart: take }).catch(() => {});
        old.abort();
    };
    const viewAt = (i) => ({ x: start[0] + step * i, y: start[1], ...size });
    ask(viewAt(0));
    while (!painting?.picture.complete) await new Promise((resolve) => setTimeout(resolve, 20));
    await painting.paint(viewAt(0), size);
    const places = { "the first time": (i) => i, "back again": (i) => frames - i };
    for (const [name, times] of Object.entries(runs))
        for (let i = 1; i <= frames; ++i) {
            const view = viewAt(places[name](i));
            ask(view);
            const begin = performance.now();
            await painting.paint(view, size);
            await renderer.finish();
            times.push(performance.now() - begin);
            await new Promise((resolve) => setTimeout(resolve));
        }
    return runs;
}"""


def whole_and_zooms(side: int) -> dict[str, tuple[dict[str, float], int]]:
    """The views to look at, and their widths on the screen, by name."""
    views = {"all of it": ({"x": 0, "y": 0, "width": side, "height": side}, SCREEN["height"])}
    for zoom in ZOOMS:
        width, height = SCREEN["width"] / zoom, SCREEN["height"] / zoom
        corner = {"x": 0.4 * side - width / 2, "y": 0.4 * side - height / 2}
        name = f"{zoom:g} : 1" if zoom >= 1 else f"1 : {1 / zoom:g}"
        views[name] = ({**corner, "width": width, "height": height}, SCREEN["width"])
    return views


def slow_down(page: Any) -> None:
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    rates = {"downloadThroughput": BYTES_PER_SECOND, "uploadThroughput": BYTES_PER_SECOND}
    network.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **rates})


def print_screens(page: Any, server: Any, side: int) -> None:
    size = len(server.file)
    print("| zoom | layers | Gaussians | requests | bytes | of the file | first picture, ms | all, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, (view, width) in whole_and_zooms(side).items():
        server.sent.clear()
        found = page.evaluate(LOOK, [view, width])
        row = [name, found["layers"], f"{found['n']:,}", len(server.sent), f"{server.n_bytes:,}"]
        row += [f"{server.n_bytes / size:.1%}", f"{found['first']:.0f}", f"{found['last']:.0f}"]
        print("|", " | ".join(map(str, row)), "|")


def print_frames(page: Any, side: int, frames: int) -> None:
    print(f"\n| {WINDOW['width']} x {WINDOW['height']}, moving | median, ms | 95%, ms | longest, ms |")
    print("| --- | --- | --- | --- |")
    for name, times in page.evaluate(PAN, [[0.4 * side, 0.4 * side], WINDOW, STEP, frames]).items():
        late = statistics.quantiles(times, n=20)[-1]
        print(f"| {name} | {statistics.median(times):.0f} | {late:.0f} | {max(times):.0f} |")


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blocks", type=int, default=32, help="along a side of the canvas")
    parser.add_argument("--frames", type=int, default=40)
    options = parser.parse_args()
    side = SIDE * options.blocks
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with serving_ranges() as server, sync_playwright() as playwright:
        server.file = huge_file(options.blocks, options.blocks)
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        page = browser.new_page()
        page.goto(server.url)
        print(f"{machine()}; Chromium {browser.version}")
        print(f"{side} x {side} pixels, {len(server.file):,} bytes; {BYTES_PER_SECOND:,} bytes/s, ", end="")
        print(f"{LATENCY_MS} ms; a screen of {SCREEN['width']} x {SCREEN['height']}\n")
        slow_down(page)
        print_screens(page, server, side)
        print_frames(page, side, options.frames)
        browser.close()


if __name__ == "__main__":
    main()
