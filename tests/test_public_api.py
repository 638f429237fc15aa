"""The public names: what their signatures are made of, and that they agree with each other."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import dataclasses
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

import numpy.typing
import pytest

import imagegs
from imagegs.compression.keywords import CompressKeywords

PUBLIC = {name: getattr(imagegs, name) for name in imagegs.__all__ if name != "__version__"}
CLASSES = {name: each for name, each in PUBLIC.items() if inspect.isclass(each)}
FUNCTIONS = {name: each for name, each in PUBLIC.items() if isinstance(each, FunctionType)}
ALIASES = PUBLIC.keys() - CLASSES.keys() - FUNCTIONS.keys()
ELSEWHERE: tuple[ModuleType, ...] = (builtins, typing, collections.abc, numpy.typing)


def function_of(member: object) -> Callable[..., Any] | None:
    """What a method or a property calls."""
    if isinstance(member, property):
        return member.fget
    if isinstance(member, cached_property):
        return member.func
    return getattr(member, "__func__", member if isinstance(member, FunctionType) else None)


def is_record(cls: type) -> bool:
    return dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")


def methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public ones; the constructor of a record has the record's fields."""
    for name, member in vars(cls).items():
        function = function_of(member)
        if function is not None and (not name.startswith("_") or (name == "__init__" and not is_record(cls))):
            yield f"{cls.__name__}.{name}", function


CALLS = FUNCTIONS | {name: each for cls in CLASSES.values() for name, each in methods(cls)}


def annotations() -> Iterator[tuple[str, str, ModuleType]]:
    """Where it is, its text, and the module whose names it is written in."""
    for name, owner in CALLS.items() | CLASSES.items():
        for of, annotation in inspect.get_annotations(owner).items():
            if of == "return" or not of.startswith("_"):
                text = getattr(annotation, "__forward_arg__", annotation)
                yield f"{name}: {of}", text, sys.modules[owner.__module__]


def is_public(name: str, module: ModuleType) -> bool:
    value = vars(module).get(name, getattr(builtins, name, None))
    if any(getattr(other, name, ELSEWHERE) is value for other in ELSEWHERE):
        return True
    if isinstance(value, ModuleType):
        return not value.__name__.startswith("imagegs")
    return name in PUBLIC and value is PUBLIC[name]


def test_types_in_signatures_are_public():
    """Who calls a function can name all that it takes and returns."""
    found = list(annotations())
    assert len(found) > 200
    for where, text, module in found:
        names = {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}
        inside = {name for name in names if not is_public(name, module)}
        assert not inside, f"imagegs.{where}: {text} has {inside}, not among the public names"


def test_public_aliases_are_of_public_types():
    assert len(ALIASES) == 9
    for name in ALIASES:
        for part in [PUBLIC[name], *typing.get_args(PUBLIC[name])]:
            module = getattr(part, "__module__", "")
            assert not str(module).startswith("imagegs") or part in PUBLIC.values(), name


def test_options_are_given_by_name():
    """All but the first arguments: what a function works on, and how many Gaussians or which coding."""
    by_place = [
        f"{name}: {parameter.name}"
        for name, function in CALLS.items()
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is not parameter.empty
    ]
    assert sorted(by_place) == [
        "encode: coding",
        "fit: n_gaussians",
        "fit_progressively: n_gaussians",
        "save: coding",
    ]


def test_options_are_spelled_out():
    """An editor completes them, and help() shows them."""
    for name, function in CALLS.items():
        kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
        takes_any = inspect.Parameter.VAR_KEYWORD in kinds
        assert takes_any == (name == "Gaussians.replace"), name  # its keywords are the fields


# Options that are not the same in all calls; in all others one name has one type and one default.
DIFFERENT = {
    "layers": {"int = 1", "int | None = None"},  # files have several by default, but not those of fixed point
    "n_gaussians": {"int | None = None", "int"},
    "steps": {"int | None = None", "int = 1"},  # of a fit; of each rounding on the way to a lattice
    # A restoration has another default, and so has a search for a score.
    "tune": {"Tune = 'balanced'", "Tune | None = None", "Tune = 'visual'"},
    "wrap": {"bool | None = None", "bool = False"},  # a fit can go on from Gaussians, which say it
    "psnr": {"float", "float | None = None"},
    "ssimulacra2": {"float", "float | None = None"},
    # What to look for in a picture; what a file stores; a factor on that.
    "grain": {"GrainChoice = 'off'", "Grain | None = None", "float = 1.0"},
}


def test_an_option_is_the_same_in_all_calls():
    spelled: dict[str, set[str]] = {}
    for function in FUNCTIONS.values():
        for parameter in inspect.signature(function).parameters.values():
            is_option = parameter.kind is parameter.KEYWORD_ONLY
            if is_option or parameter.name in DIFFERENT:
                default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
                spelled.setdefault(parameter.name, set()).add(f"{parameter.annotation}{default}")
    assert {name: forms for name, forms in spelled.items() if len(forms) > 1} == {
        name: forms for name, forms in DIFFERENT.items() if len(spelled[name]) > 1
    }


def options_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [each for each in parameters if each.kind is each.KEYWORD_ONLY]


@pytest.mark.parametrize(
    ("name", "other", "own"),
    [
        ("fit", "fit_progressively", {"progress"}),
        ("compress", "compress_with_report", set()),
        ("compress", "imwrite", set()),
        ("decompress", "imread", set()),
        ("decode", "load", set()),
    ],
)
def test_options_that_are_explained_elsewhere(name: str, other: str, own: set[str]):
    """`own`: what only the first one has."""
    first, second = options_of(PUBLIC[name]), options_of(PUBLIC[other])
    assert [each for each in first if each.name not in own] == second
    assert f"`{name}`" in PUBLIC[other].__doc__


@pytest.mark.parametrize("name", ["fit_to_psnr", "fit_to_ssimulacra2"])
def test_a_search_has_options_of_a_fit_in_their_order(name: str):
    of_fit = [each.name for each in options_of(imagegs.fit)]
    of_search = [each.name for each in options_of(PUBLIC[name]) if each.name != "measure"]
    assert of_search == [name for name in of_fit if name in of_search]
    assert set(of_fit) - set(of_search) == {"time_budget", "recipe", "start", "bits"}


def test_the_keywords_of_inner_calls_are_those_of_compress():
    keywords = inspect.get_annotations(CompressKeywords)
    found = {name: each.__forward_arg__ for name, each in keywords.items()}
    assert found == {each.name: each.annotation for each in options_of(imagegs.compress)}
