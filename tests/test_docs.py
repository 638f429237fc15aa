"""The examples of the documentation run."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import pillow_restored

ROOT = Path(__file__).parent.parent


def test_the_readme_example_runs():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    with pillow_restored():
        for block in blocks:
            exec(compile(block, "README.md", "exec"), {})


def test_links_lead_somewhere():
    for page in (ROOT / "README.md", ROOT / "conformance" / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page}: {link}"
