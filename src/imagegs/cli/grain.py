"""The options --grain of several commands."""

from __future__ import annotations

from argparse import ArgumentTypeError

from imagegs.choices import GRAINS, GrainChoice
from imagegs.cli.options import Parser, number

MOST_FACTOR = 2.0  # that of imagegs.grain.adding, which is not loaded to parse


def grain_choice(text: str) -> GrainChoice:
    """A converter of what an encoder is asked for."""
    for name in GRAINS:
        if text == name:
            return name
    return _number(text, 1, "auto, off, or a number")


def grain_factor(text: str) -> float:
    """A converter of a factor on the grain that a file tells of."""
    return 0.0 if text == "off" else _number(text, MOST_FACTOR, "off, or a number")


def _number(text: str, most: float, wanted: str) -> float:
    try:
        return number(0, most)(text)
    except ArgumentTypeError:
        raise ArgumentTypeError(f"{text[:40]!r} is not {wanted} from 0 to {most:g}") from None


def add_grain_option(parser: Parser, default: float, help: str) -> None:
    """--grain of a command that paints."""
    parser.add_argument("--grain", type=grain_factor, default=default, metavar="off|0..2", help=help)
