"""The parser, with errors of one line, and the options that several commands share."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from imagegs.cli.reports import write_line
from imagegs.cli.standard_streams import file_path
from imagegs.limits import DEFAULT_LIMITS

MAX_THREADS = 1024

_LONGEST_NUMBER = 40  # characters
_NEGATIVE_NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|-inf(inity)?$|-nan$", re.IGNORECASE)

Subparsers = Any  # what argparse's add_subparsers returns; its type is private


class UsageError(ValueError):
    """The command line is wrong."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse prints the usage and exits, and takes no abbreviated options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Formatter, **settings)
        # argparse takes "-1" for a value, but "-1e9" and "-inf" for unknown options.
        self._negative_number_matcher = _NEGATIVE_NUMBER

    def error(self, message: str) -> NoReturn:
        """Raises UsageError, where argparse prints and exits."""
        raise UsageError(f"{message} (see '{self.prog} --help')")

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse would ignore the error of a full disk.
        write_line(file or sys.stdout, message.rstrip("\n"))


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Writes "-o, --output OUT" in place of "-o OUT, --output OUT"."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{**settings, "max_help_position": 34, "width": 100})

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        names = ", ".join(action.option_strings)
        return f"{names} {self._format_args(action, action.dest.upper())}"


def add_command(
    commands: Subparsers, name: str, run: Callable[[argparse.Namespace], None], about: str, epilog: str = ""
) -> Parser:
    """Adds a command that calls `run` with the parsed options."""
    parser: Parser = commands.add_parser(name, help=about, description=about, epilog=epilog.strip())
    parser.set_defaults(run=run)
    return parser


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """A converter of text to integers from low to high; high None: without an upper bound."""

    def convert(text: str) -> int:
        wanted = (
            f"a whole number of {low} or more" if high is None else f"a whole number from {low} to {high}"
        )
        try:
            value = int(text) if len(text) <= _LONGEST_NUMBER else low - 1
        except ValueError:
            value = low - 1
        if value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is not {wanted}")
        return value

    return convert


def positive(text: str) -> float:
    """Converts text to a finite number above 0."""
    value = _parsed(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a number above 0")
    return value


def _parsed(text: str) -> float:
    """The number in a text; NaN where it has none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def at_most(high: float) -> Callable[[str], float]:
    """A converter of text to finite numbers of `high` or less."""

    def convert(text: str) -> float:
        value = _parsed(text)
        if not -math.inf < value <= high:
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a number of {high:g} or less")
        return value

    return convert


def number(low: float, high: float) -> Callable[[str], float]:
    """A converter of text to numbers from low to high."""

    def convert(text: str) -> float:
        value = _parsed(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a number from {low:g} to {high:g}")
        return value

    return convert


def region(text: str) -> tuple[int, int, int, int]:
    """Converts "X,Y,W,H" to four whole numbers of pixels."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(re.fullmatch("[0-9]{1,9}", part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,W,H in whole pixels")
    x, y, width, height = map(int, parts)
    return x, y, width, height


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_NUMBER else text[:_LONGEST_NUMBER] + "...")


def add_input(parser: Parser, name: str, metavar: str, help: str) -> None:
    """Adds a required argument that names a file to read."""
    parser.add_argument(name, metavar=metavar, type=file_path, help=help)


def add_output(parser: Parser, metavar: str, default: str) -> None:
    """Adds -o, --overwrite and --no-overwrite."""
    parser.add_argument(
        "-o", "--output", metavar=metavar, type=file_path, help=f"where to write (default: {default})"
    )
    add_overwriting(parser)


def add_overwriting(parser: Parser) -> None:
    """Adds --overwrite and --no-overwrite."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--overwrite",
        action="store_true",
        help="also replace files whose names you did not type, and files of another kind; never an input",
    )
    choice.add_argument(
        "--no-overwrite", action="store_true", help="replace no file, not even one whose name you typed"
    )


def add_shared(parser: Parser | argparse._ArgumentGroup, names: Sequence[str]) -> None:
    """Adds some of the options that are the same in every command."""
    for name in names:
        flags, settings = _SHARED[name]
        parser.add_argument(*flags, **settings)


_SHARED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "threads": (
        ("-j", "--threads"),
        {
            "type": whole(1, MAX_THREADS),
            "metavar": "N",
            "help": "number of threads (default: one for each core)",
        },
    ),
    "height": (("--height",), {"type": whole(1), "metavar": "H", "help": "height of the picture in pixels"}),
    "size_limit": (
        ("--size-limit",),
        {
            "type": whole(1),
            "metavar": "PIXELS",
            "help": "refuse larger pictures, and more memory and work in proportion: a guard against hostile "
            f"files (default: {DEFAULT_LIMITS.max_pixels}, "
            f"or {DEFAULT_LIMITS.max_picture_pixels} for picture files that are read)",
        },
    ),
    "allow_partial": (
        ("--allow-partial",),
        {"action": "store_true", "help": "read a file that was cut short, up to its last complete layer"},
    ),
    "exclude": (
        ("--exclude",),
        {
            "action": "append",
            "metavar": "PATTERN",
            "default": [],
            "help": "for a folder: leave out files of such names, for example '*preview*' (repeatable)",
        },
    ),
    "quiet": (("--quiet",), {"action": "store_true", "help": "print nothing but errors"}),
    "json": (("--json",), {"action": "store_true", "help": "print one JSON object on standard output"}),
}
