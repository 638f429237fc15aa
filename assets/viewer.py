"""Makes docs/pictures/viewer.webp: the viewer with the sample. Needs the extra web-test, Chromium, and `make
demo` first.

python assets/viewer.py
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
FLAGS = ["--no-sandbox", "--use-angle=gl-egl", "--ignore-gpu-blocklist"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "page.html"
        asked = [
            "view",
            "demo/sample.gsimg",
            "--reference",
            "assets/sample.png",
            "--export",
            page_file,
            "--quiet",
        ]
        subprocess.run([sys.executable, "-m", "imagegs", *map(str, asked)], cwd=ROOT, check=True)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 600})
        page.goto(page_file.as_uri())
        page.wait_for_function("globalThis.viewer && viewer.frames.painted > 0")
        for key in ("e", "s"):
            page.keyboard.press(key)
        page.wait_for_function("viewer.reference.psnr > 0")
        page.mouse.move(330, 260)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        picture.save(ROOT / "docs/pictures/viewer.webp", quality=80, method=6)
        browser.close()


if __name__ == "__main__":
    main()
