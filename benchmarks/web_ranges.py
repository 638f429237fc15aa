"""Measures a screen of a huge picture in headless Chromium: prints Markdown tables.

    python benchmarks/web_ranges.py [--blocks 32] [--frames 40] [--out FILE.json]

The file has blocks of 512 pixels with 4,096 Gaussians each, in 8 layers (tests/huge_files.py). Each row of
the first tables is a picture that was opened anew, on a connection that Chromium slows down; nothing is
painted.
The last table has frames of a window that moves over the canvas, pixel for pixel, painted by software where
there is no graphics card.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "conformance"))

from browser import FLAGS
from huge_files import SIDE, huge_file
from imagegs.evaluation.bench import machine
from range_server import serving_ranges
from web_tables import frames, screen_times, screens

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


def measured_screens(page: Any, server: Any, side: int) -> dict[str, dict[str, float]]:
    """What each view takes, by its name."""
    rows = {}
    for name, (view, width) in whole_and_zooms(side).items():
        server.sent.clear()
        found = page.evaluate(LOOK, [view, width])
        facts = {"layers": found["layers"], "gaussians": found["n"], "requests": len(server.sent)}
        times = {"first_ms": found["first"], "last_ms": found["last"]}
        rows[name] = {**facts, "bytes": server.n_bytes, **times}
    return rows


def measured_frames(page: Any, side: int, n_frames: int) -> dict[str, list[float]]:
    """Milliseconds of the frames of a window, the first time and back again."""
    found: dict[str, list[float]] = page.evaluate(PAN, [[0.4 * side, 0.4 * side], WINDOW, STEP, n_frames])
    return found


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blocks", type=int, default=32, help="along a side of the canvas")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    side = SIDE * options.blocks
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with serving_ranges() as server, sync_playwright() as playwright:
        server.file = huge_file(options.blocks, options.blocks)
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        page = browser.new_page()
        page.goto(server.url)
        slow_down(page)
        result = {
            "machine": machine(),
            "chromium": browser.version,
            "side": side,
            "file_bytes": len(server.file),
            "screens": measured_screens(page, server, side),
            "frames_ms": measured_frames(page, side, options.frames),
        }
        browser.close()
    print(f"{result['machine']}; Chromium {result['chromium']}; {side} x {side} pixels", end="")
    print(
        f", {result['file_bytes']:,} bytes; {BYTES_PER_SECOND:,} bytes/s, {LATENCY_MS} ms; a screen of ",
        end="",
    )
    print(f"{SCREEN['width']} x {SCREEN['height']}; a window of {WINDOW['width']} x {WINDOW['height']}")
    print("", screens(result), screen_times(result), frames(result), sep="\n\n")
    if options.out:
        options.out.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
