"""The documentation: its examples run, its links lead somewhere, its lists are whole."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import re
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np
import pytest

import imagegs
from conftest import pillow_restored

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), ROOT / "conformance" / "README.md", *(ROOT / "docs").glob("*.md")]
ROOMS = ("native", "tests", "conformance", "benchmarks", "assets", "docs")
NAMED = {"numpy.py"}  # a file of a user's
PUBLIC = [name for name in imagegs.__all__ if name != "__version__"]
CALLABLE = [name for name in PUBLIC if isinstance(getattr(imagegs, name), (type, FunctionType))]


def script(path: str) -> ModuleType:
    """A file of the documentation's own code as a module."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_examples_run(page, tmp_path, monkeypatch):
    """The blocks of a page, one after the other, as a reader types them."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    with pillow_restored():
        for block in blocks:
            exec(compile(block, page, "exec"), names)


@pytest.mark.parametrize("name", CALLABLE)
def test_public_names_have_examples_that_run(name, tmp_path, monkeypatch):
    """In the docstring of the name itself; files come into the current folder."""
    monkeypatch.chdir(tmp_path)
    text = getattr(imagegs, name).__doc__
    test = doctest.DocTestParser().get_doctest(text, {"imagegs": imagegs, "np": np}, name, None, None)
    assert test.examples, f"the docstring of imagegs.{name} has no example"
    told: list[str] = []
    with pillow_restored():
        found = doctest.DocTestRunner().run(test, out=told.append)
    assert found.failed == 0, "".join(told)


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in CALLABLE])
def test_types_without_a_docstring_of_their_own_have_one_below_them(name):
    """As in `Name = Literal["one", "two"]` and a string in the next line: the page of the API shows it."""
    home = next(home for home, names in imagegs._HOMES.items() if name in names)
    module = importlib.import_module(f"imagegs.{home}")
    texts = [
        text
        for path in Path(str(module.__file__)).parent.glob("*.py")
        for text in re.findall(
            rf'^{name} = [^\n]*\n"""(.+?)"""$', path.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    assert len(texts) == 1, name


def test_links_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page}: {link}"


def test_files_that_are_named_exist():
    """By the end of their path, as in `fitting/pursuit.py`."""
    folders = {"src/imagegs": Path(imagegs.__file__).parent, **{room: ROOT / room for room in ROOMS}}
    paths = [
        f"/{room}/{path.relative_to(folder).as_posix()}"
        for room, folder in folders.items()
        for path in folder.rglob("*.*")
    ]
    for page in PAGES:
        for name in re.findall(r"`([\w/]+\.(?:py|h|cpp|js|mjs))`", page.read_text("utf-8")):
            known = "NAME" in name or name in NAMED or any(path.endswith(f"/{name}") for path in paths)
            assert known, f"{page}: {name}"


def test_the_page_of_commands_is_what_help_prints():
    """But for the places where lines end, which differ between versions of Python."""
    page = script("docs/make_commands.py").commands_page()
    committed = (ROOT / "docs/commands.md").read_text("utf-8")
    assert committed.split() == page.split(), "run docs/make_commands.py"


def test_the_page_of_the_api_has_all_public_names():
    page = (ROOT / "docs/api.md").read_text("utf-8")
    assert sorted(re.findall(r"^::: imagegs\.(\w+)$", page, re.MULTILINE)) == sorted(PUBLIC)
