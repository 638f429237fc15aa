"""Makes docs/commands.md from what `imagegs COMMAND --help` prints: run it after a change of an option."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from imagegs.cli.app import make_parser

PAGE = Path(__file__).parent / "commands.md"
_START = """# Commands

`imagegs COMMAND --help` prints these texts. The guides explain them;
[The files of a run](files.md) tells what a command replaces, and what `-` stands for.
"""


def commands_page() -> str:
    """The whole page."""
    return _START + "".join(f"\n## {name}\n\n```text\n{text.strip()}\n```\n" for name, text in helps())


def helps() -> Iterator[tuple[str, str]]:
    """Each command, "imagegs" first, and its help."""
    parser = make_parser()
    yield parser.prog, parser.format_help()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command.prog, command.format_help()


if __name__ == "__main__":
    PAGE.write_text(commands_page(), "utf-8")
