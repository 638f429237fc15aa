"""The JavaScript in web/ as one ES module, to save as imagegs.js or to put into a page.

All modules become parts of one function, `library`, each in a scope of its own; what it returns are the
exports. The function's own text is what the page's worker runs (web/thread.js): nothing is fetched, so it
works anywhere.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

ENTRY = "imagegs"
_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
_FORWARD = re.compile(r'^export \{ ([^}]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def module_text() -> str:
    """The text of the module, ASCII alone, without what would end a script element in a page.

    Raises ValueError for a source whose imports and exports are not of the plain forms used in web/.
    """
    parts: dict[str, str] = {}
    exported: dict[str, list[str]] = {}
    entry = _source(ENTRY)
    for _, name in _FORWARD.findall(entry):
        _add(name, parts, exported, ())
    public = [(names, name) for names, name in _FORWARD.findall(entry)]
    for names, name in public:
        _check_names(ENTRY, names, name, exported)
    returned = ", ".join(f"{each}: {name}.{each}" for names, name in public for each in names.split(", "))
    exports = ", ".join(each for names, _ in public for each in names.split(", "))
    about = entry[: entry.index("\n\n")]
    body = "\n".join(parts.values())
    return (
        f'{about}\nfunction library() {{\n"use strict";\n{body}\nreturn {{ {returned} }};\n}}\n'
        f"export const {{ {exports} }} = library();\n"
    )


def _add(name: str, parts: dict[str, str], exported: dict[str, list[str]], within: tuple[str, ...]) -> None:
    """Adds a module behind those that it imports."""
    if name in within:
        raise ValueError(f"{name}.js imports itself, by way of {', '.join(within)}")
    if name in parts:
        return
    source = _source(name)
    for names, other in _IMPORT.findall(source):
        _add(other, parts, exported, (*within, name))
        _check_names(name, names, other, exported)
    exported[name] = _EXPORT.findall(source)
    plain = _EXPORT.sub(
        lambda found: found[0].removeprefix("export "), _IMPORT.sub(r"const { \1 } = \2;", source)
    )
    if wrong := _LEFT_OVER.search(plain):
        raise ValueError(f"{name}.js: {wrong[0]}")
    parts[name] = f"const {name} = (() => {{\n{plain}return {{ {', '.join(exported[name])} }};\n}})();\n"


def _check_names(name: str, names: str, other: str, exported: dict[str, list[str]]) -> None:
    for each in names.split(", "):
        if each not in exported[other]:
            raise ValueError(f"{name}.js imports {each}, which {other}.js does not export")


def _source(name: str) -> str:
    return files(__package__).joinpath("web", f"{name}.js").read_text("utf-8")
