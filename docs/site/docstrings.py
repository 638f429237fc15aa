"""An extension of griffe, which reads the package for docs/api.md: docstrings of this house as Markdown.

They explain arguments in paragraphs that open on the names ("height, scale: the size ..."), fields of a
dataclass in the comment behind each, and have their examples at the end.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_ARGUMENTS = re.compile(r"(\w+(?:, \w+)*): (?=\S)")


class MarkdownDocstrings(griffe.Extension):
    """Turns arguments into lists and examples into blocks of code."""

    def on_object(self, *, obj: griffe.Object, **settings: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)
        elif obj.is_attribute and (comment := _comment(obj)):
            obj.docstring = griffe.Docstring(comment, parent=obj)


def to_markdown(docstring: str) -> str:
    """The Markdown of a docstring."""
    return "\n\n".join(_paragraph(text) for text in docstring.split("\n\n"))


def _paragraph(text: str) -> str:
    lines = text.split("\n")
    if lines[0].lstrip().startswith(">>> "):
        return "\n".join(["```pycon", *lines, "```"])
    if not _ARGUMENTS.match(lines[0]):
        return text
    return "\n".join(
        _ARGUMENTS.sub(r"- **\1**: ", line, count=1) if _ARGUMENTS.match(line) else f"    {line}"
        for line in lines
    )


def _comment(attribute: griffe.Object) -> str:
    """The comment behind a field, as in "xy: FloatArray  # (N, 2) centres"; private names have none."""
    if attribute.name.startswith("_") or attribute.lineno is None or attribute.parent.is_module:
        return ""
    line = attribute.lines_collection[attribute.filepath][attribute.lineno - 1]
    return line.partition("  # ")[2]
