"""Packages and tools beyond the extra `test`: where one is absent, the test is skipped, or fails."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

import pytest


def missing(what: str, whole_module: bool = False) -> NoReturn:
    """Skip the test, or all of its module where that calls it.

    It fails instead with the variable IMAGEGS_TEST_ALL in the environment, which .ci/run sets: that script
    installs everything. The other jobs of .github/workflows install the extra `test` alone.
    """
    if os.environ.get("IMAGEGS_TEST_ALL"):
        pytest.fail(f"{what} is missing, and IMAGEGS_TEST_ALL lets nothing be skipped", pytrace=False)
    pytest.skip(f"{what} is missing", allow_module_level=whole_module)


def need_packages(*names: str) -> None:
    """Skip the test, or fail it as above, where a package of an extra is not installed."""
    for name in names:
        if find_spec(name) is None:
            missing(f"the package {name}")


def need(name: str) -> Any:
    """A module, as "imageio.v3"; where its package is absent, the test is skipped, or fails as above."""
    need_packages(name.partition(".")[0])
    return import_module(name)


def need_modules(*names: str) -> Any:
    """The first of these; for the head of a module of tests, all of which need them."""
    for name in names:
        if find_spec(name.partition(".")[0]) is None:
            missing(f"the package {name}", whole_module=True)
    return import_module(names[0])


def need_torch() -> Any:
    """PyTorch; for the head of a module, all of whose tests need it."""
    return need_modules("torch")


def need_triton() -> None:
    """PyTorch and Triton; for the head of a module, all of whose tests need them."""
    need_modules("torch", "triton")


def need_neural() -> Any:
    """PyTorch, with all of `imagegs[neural]`; for the head of a module, all of whose tests need it."""
    return need_modules("torch", "siren_pytorch")


def need_bench() -> None:
    """All packages of `imagegs[bench]` that its codecs and measures ask for, so that nothing is left out."""
    need_packages("flip_evaluator", "imagecodecs", "opencodecs", "stlpips_pytorch")
