"""What a test needs from the system: skipped where it is absent, except in continuous integration."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test; with the variable CI in the environment it fails: there everything is to run."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and in CI nothing is skipped", pytrace=False)
    pytest.skip(f"{what} is missing")


def need_packages(*names: str) -> None:
    """Skip the test, or fail it as above, where a package of an extra is not installed."""
    for name in names:
        if find_spec(name) is None:
            missing(f"the package {name}")


def need_packages_of_module(*names: str) -> None:
    """The same for all tests of a module, at its beginning."""
    for name in names:
        if find_spec(name) is None:
            if os.environ.get("CI"):
                raise ImportError(f"the package {name} is missing, and in CI nothing is skipped")
            pytest.skip(f"the package {name} is missing", allow_module_level=True)


def need_bench() -> None:
    """All packages of `imagegs[bench]` that its codecs and measures ask for, so that nothing is left out."""
    need_packages("flip_evaluator", "imagecodecs", "opencodecs", "stlpips_pytorch")
