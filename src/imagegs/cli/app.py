"""The command `imagegs`: its commands, and what happens when one fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from imagegs.cli.exit_codes import DONE, NO_ACCESS, error_line, exit_code
from imagegs.cli.options import Parser
from imagegs.cli.reports import ClosedOutputError, discard
from imagegs.cli.signals import Ended, signals_raised
from imagegs.version import __version__

# Each is a module of this room with a function `add_parser`.
COMMANDS = (
    *("encode", "batch", "decode", "info", "compare", "view", "plot", "export", "gltf", "saliency"),
    "bench",
)

_ABOUT = "Pictures as a few thousand anisotropic 2D Gaussians: fit, pack, paint back."
_EXAMPLES = """
examples:
  imagegs encode photo.png                      photo.gsimg beside it
  imagegs encode photo.png --bpp 0.2 -e 7       at most 0.2 bits a pixel, more time
  imagegs decode photo.gsimg -o photo.png
  imagegs compare photo.png photo.gsimg

'imagegs COMMAND --help' tells more.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 invalid or unsupported input,
4 a file cannot be read or written, 130 interrupted, 129 hung up, 143 terminated
"""


def make_parser(names: Sequence[str] = COMMANDS) -> Parser:
    """The parser of the command line, for commands of these names."""
    parser = Parser(prog="imagegs", description=_ABOUT, epilog=_EXAMPLES.strip())
    parser.add_argument("--version", action="version", version=f"imagegs {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        import_module(f"imagegs.cli.{name}").add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (by default that of this process) and return its exit code.

    A failure becomes a line on standard error. With IMAGEGS_DEBUG=1 in the environment it is raised instead.
    """
    # When numpy is first imported it starts a BLAS thread for each core: slow, and nothing here uses BLAS.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")  # a file's name may hold anything
    try:
        with signals_raised():
            return _run(arguments)
    except ClosedOutputError:
        return NO_ACCESS
    except (Exception, KeyboardInterrupt, Ended) as error:
        if os.environ.get("IMAGEGS_DEBUG") == "1":
            raise
        return _complain(error)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        # A command that is named first needs no modules of others, which take a fifth of the start.
        named = [name for name in COMMANDS if [name] == list(arguments[:1])]
        options = make_parser(named or COMMANDS).parse_args(arguments)
        options.run(options)
    except SystemExit:  # --help and --version
        pass
    if sys.stdout is None:
        return DONE
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        raise ClosedOutputError from None
    except OSError:
        discard(sys.stdout)
        raise
    return DONE


def _complain(error: BaseException) -> int:
    try:
        if sys.stderr is not None:
            sys.stderr.write(error_line(error) + "\n")
            sys.stderr.flush()
    except OSError:
        discard(sys.stderr)
    return exit_code(error)
