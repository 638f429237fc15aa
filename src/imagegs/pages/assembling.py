"""Web pages in one text: a template, into which styles, scripts and data are put."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def assembled(template: str, parts: dict[str, str]) -> str:
    """The template, each mark in it replaced by its part.

    Raises ValueError for a mark that it has not.
    """
    for mark, text in parts.items():
        before, found, after = template.partition(mark)
        if not found:
            raise ValueError(f"the page has no place for {mark}")
        template = before + text + after
    return template


def json_in_page(value: Any) -> str:
    """JSON for the inside of a script element, which nothing in it can end. Raises ValueError for NaN."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def element_script() -> str:
    """JavaScript: `at(id)` and `element(tag, attributes, ...children)`."""
    return (files(__package__) / "element.js").read_text("utf-8")
