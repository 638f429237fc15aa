"""The JavaScript library as one text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import imagegs
from imagegs import _native
from imagegs.web import module
from imagegs.web.module import module_text

WEB = Path(imagegs.__file__).parent / "web"


def test_it_can_stand_in_a_page() -> None:
    text = module_text()
    assert text.isascii()
    assert not re.search(r"</|<!--|-->|^import\b", text, re.MULTILINE)
    assert re.findall(r"^export .*", text, re.MULTILINE) == [text.rstrip("\n").rpartition("\n")[2]]


def test_all_modules_are_in_it() -> None:
    parts = re.findall(r"^const (\w+) = \(\(\) => \{$", module_text(), re.MULTILINE)
    apart = {*module.ENTRIES, *module.STANDS_FOR.values(), "decoder_worker"}
    assert sorted(parts) == sorted({path.stem for path in WEB.glob("*.js")} - apart)


def test_nothing_outside_is_asked_for() -> None:
    code = re.sub(
        r"/\*.*?\*/", "", module_text(), flags=re.DOTALL
    )  # types in comments are written as imports
    assert not re.search(r"https?://|import\(|importScripts", code)


def test_lines_are_no_longer_than_those_of_python() -> None:
    long = [
        f"{path.name}: {line}"
        for path in WEB.glob("**/*.js")
        for line in path.read_text().split("\n")
        if len(line) > 110
    ]
    assert not long


def test_constants_are_those_of_the_kernels() -> None:
    text = (WEB / "constants.js").read_text()
    found = {
        name: float(value) for name, value in re.findall(r"^export const (\w+) = ([-\d.e]+);", text, re.M)
    }
    assert found["topK"] == _native.SOFTMAX_TOP_K == _native.PAPER_TOP_K
    assert found["cutoff"] == _native.SOFTMAX_CUTOFF
    assert found["paperRadius"] == _native.PAPER_RADIUS
    assert found["paperEpsilon"] == pytest.approx(_native.PAPER_EPSILON)
    assert found["paperTile"] == found["mostSamples"] == _native.TILE


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('import { absent } from "./errors.js";\n', "imports absent, which errors.js does not export"),
        ('import { a } from "./odd.js";\nexport const a = 1;\n', "imports itself"),
        ("export default 1;\n", "export default 1"),
        ('import * as all from "./errors.js";\n', "import \\* as all"),
    ],
)
def test_what_cannot_be_joined_is_told(monkeypatch: pytest.MonkeyPatch, source: str, problem: str) -> None:
    real = module._source
    sources = {module.ENTRIES[0]: '// About.\n\nexport { a } from "./odd.js";\n', "odd": source}
    monkeypatch.setattr(module, "_source", lambda name: sources.get(name) or real(name))
    with pytest.raises(ValueError, match=problem):
        module_text.__wrapped__()
