"""The JavaScript beside this file as one ES module, to save as imagegs.js or to put into a page.

All modules become parts of one function, `library`, each in a scope of its own; what it returns are the
exports. The function's own text is what the page's worker runs (start_joined_worker.js): nothing is
fetched, so it works anywhere.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

ENTRIES = ("imagegs", "element")  # the package's two; the module has what both export
STANDS_FOR = {"start_worker": "start_joined_worker"}  # one file has no other to start a worker from
_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
_FORWARD = re.compile(r'^export \{ ([^}]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def module_text() -> str:
    """The text of the module, ASCII alone, without what would end a script element in a page.

    Raises ValueError for a source whose imports and exports are not of the plain forms used here.
    """
    parts: dict[str, str] = {}
    exported: dict[str, list[str]] = {}
    public = [(entry, *found) for entry in ENTRIES for found in _FORWARD.findall(_source(entry))]
    for entry, names, name in public:
        _add(name, parts, exported, ())
        _check_names(entry, names, name, exported)
    returned = ", ".join(f"{each}: {name}.{each}" for _, names, name in public for each in names.split(", "))
    exports = ", ".join(each for _, names, _ in public for each in names.split(", "))
    about = _source(ENTRIES[0]).partition("\n\n")[0]
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
    return files(__package__).joinpath(f"{STANDS_FOR.get(name, name)}.js").read_text("utf-8")
