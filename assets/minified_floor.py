"""docs/pictures/floor.webp: a floor of Gaussians at points, of filtered ones, of a texture with mip levels.

    python assets/minified_floor.py

It takes Chromium, as the tests do. What is drawn is what tests/test_floor.py measures.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import imagegs
from browser import FLAGS, HOST
from floor import error_of, floor_views, paving, true_floor

OUT = Path(__file__).parent.parent / "docs/pictures/floor.webp"
GAP = 4  # pixels


def main() -> None:
    from playwright.sync_api import sync_playwright

    gaussians = imagegs.fit(paving(), 1500, effort=3, wrap=True)
    true = true_floor(gaussians)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto(HOST)
        views = {**floor_views(page, gaussians, Path(folder) / "export"), "mean of 64 points": true}
        browser.close()
    for name, view in views.items():
        print(f"{name}: {error_of(view, true):.1f} levels from the mean of 64 points")
    gap = np.ones((GAP, true.shape[1], 3))
    plate = np.concatenate([part for view in views.values() for part in (view, gap)][:-1])
    twice = np.round(255 * plate).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    Image.fromarray(twice).save(OUT, quality=80, method=6)


if __name__ == "__main__":
    main()
