"""`imagegs batch --table`: pictures, each with options of its own, from CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import json
from argparse import Action, Namespace
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagegs.cli.batch_parquet import parquet_rows
from imagegs.cli.exit_codes import about
from imagegs.cli.options import Parser, UsageError
from imagegs.errors import FormatError

INPUT, OUTPUT = "input", "output"
_SUFFIXES = (".csv", ".jsonl", ".parquet")
_OTHER_NAMES = {"n_gaussians": "gaussians"}  # as Python has it
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no", "")


@dataclass(frozen=True)
class TableRow:
    """A row of a table: a picture, where it is to be written, and its options."""

    input: str
    output: str | None
    options: Namespace


def read_table(path: Path, parser: Parser, given: Namespace) -> Iterator[TableRow]:
    """The rows of a table: of a header and lines with commas, of a JSON object on each line, or of Parquet.

    parser: has the options that columns may be named after. given: the options of the command line, which
    are those of all rows that do not say otherwise; of options that exclude each other the row's counts.

    Raises FileError: FormatError for what is no such table, UsageError for an unknown column or a bad value,
    OSError.
    """
    actions = {action.dest: action for action in parser._actions}
    with about(path):
        for number, cells in _rows(path):
            try:
                yield _row(cells, parser, actions, given)
            except UsageError as error:
                text = str(error).partition(" (see '")[0]
                raise UsageError(f"row {number}: {text}") from None


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows by the names of their columns, with their numbers from 1; empty cells are left out."""
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError("a table is a .csv file, .jsonl with a JSON object on each line, or .parquet")
    rows = parquet_rows(path) if suffix == ".parquet" else _text_rows(path, suffix == ".csv")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or None in row or INPUT not in row:
            raise FormatError(f"row {number} has no column {INPUT!r}, or more cells than names")
        cells = {name: value for name, value in row.items() if value not in (None, "")}
        yield number, {_name(name): value for name, value in cells.items()}


def _text_rows(path: Path, is_csv: bool) -> Iterator[Any]:
    """The contents of the lines of a file of text; a dict from each of CSV, by the names of the header."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="" if is_csv else None) as file:
        try:
            yield from csv.DictReader(file, strict=True) if is_csv else map(_object, file)
        except (csv.Error, ValueError, RecursionError) as error:
            raise FormatError(f"the table is damaged: {error}") from None


def _object(line: str) -> Any:
    return json.loads(line)


def _name(column: str) -> str:
    name = column.strip().removeprefix("--").replace("-", "_")
    return _OTHER_NAMES.get(name, name)


def _row(cells: dict[str, Any], parser: Parser, actions: dict[str, Action], given: Namespace) -> TableRow:
    cells = dict(cells)
    named, output = cells.pop(INPUT, None), cells.pop(OUTPUT, None)
    if not isinstance(named, str):
        raise UsageError("no input is named")
    if not isinstance(output, (str, type(None))):
        raise UsageError(f"the output cannot be {output!r}")
    arguments = [text for name, value in cells.items() for text in _arguments(name, value, actions)]
    return TableRow(named, output, _parsed(parser, arguments, list(cells), given))


def _arguments(name: str, value: Any, actions: dict[str, Action]) -> Sequence[str]:
    """A cell as arguments of the command line."""
    if (action := actions.get(name)) is None or not action.option_strings or name == "help":
        raise UsageError(f"no option has the name of the column {name!r}")
    flag = action.option_strings[-1]
    if action.nargs != 0:
        return [f"{flag}={value}"]
    text = str(value).strip().lower()
    if text not in (*_YES, *_NO):
        raise UsageError(f"{name} is true or false, not {value!r}")
    return [flag] if text in _YES else []


def _parsed(parser: Parser, arguments: Sequence[str], names: list[str], given: Namespace) -> Namespace:
    options = copy(given)
    for group in parser._mutually_exclusive_groups:
        members = [action.dest for action in group._group_actions]
        if set(members) & set(names):
            for member in members:
                setattr(options, member, parser.get_default(member))
    for name in names:
        setattr(options, name, parser.get_default(name))
    return parser.parse_args(arguments, options)
