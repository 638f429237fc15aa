"""The files of a run, compared with each other before any work, so that nothing is lost.

- No output is an input of the run, nor another output of it, by whatever path, link or spelling.
- A name that the user did not type replaces nothing, unless --overwrite says so.
- A name that the user typed replaces no file of another kind, unless --overwrite says so.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagegs.choices import PLACEMENTS, SALIENCY_METHODS
from imagegs.cli.exit_codes import about
from imagegs.cli.folder_contents import pictures_in
from imagegs.cli.options import UsageError
from imagegs.cli.standard_streams import (
    INPUT,
    OUTPUT,
    STANDARD,
    Data,
    check_standard_output,
    file_path,
    is_folder,
    is_standard_output,
    write_standard_output,
)
from imagegs.files import check_writable, descriptor_of, write_all, write_atomically

# The options of all commands that name files or folders to read. --init and --saliency may name one of WORDS
# instead.
READ = (
    *("input", "file", "files", "pictures", "a", "b"),
    *("init", "saliency", "saliency_model", "mask", "error", "reference", "table", "published"),
)
WORDS = (*PLACEMENTS, *SALIENCY_METHODS)
# First bytes of pictures, arrays, documents and archives, which no file of text begins with.
_FOREIGN_STARTS = (
    *(b"\x89", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"8BPS", b"%PDF", b"PK\3\4"),
    *(b"\0\0\0\x0cjP", b"\0\0\0\x0cJXL", b"\xff\x0a", b"\x93NUMPY", b"\x1f\x8b"),
)
_START_BYTES = 64


@dataclass(frozen=True)
class Kind:
    """A kind of files, which has certain first bytes, or else a certain suffix."""

    name: str
    start: bytes
    suffixes: tuple[str, ...] = ()

    def holds(self, path: Path) -> bool:
        """Whether an existing file is of this kind, or empty. Raises OSError."""
        with path.open("rb") as file:
            start = file.read(max(_START_BYTES, len(self.start)))
        if self.start.startswith(start[: len(self.start)]):
            return True
        is_foreign = start.startswith(_FOREIGN_STARTS) or start[4:8] == b"ftyp"
        return path.suffix.lower() in self.suffixes and not is_foreign


@dataclass(frozen=True)
class Output:
    """A file that a run is about to write."""

    path: Path
    is_named: bool  # the user typed the whole name, not the folder alone
    kind: Kind | None = None  # None: an existing file may be of any kind
    is_text: bool = False
    what: str = "output"


def gsimg_output(path: Path, is_named: bool) -> Output:
    """The .gsimg file that a run is about to write."""
    from imagegs.codec.container import SIGNATURE

    return Output(path, is_named, Kind(".gsimg file", SIGNATURE, (".gsimg",)))


@dataclass(frozen=True)
class RunFiles:
    """All files that a run reads and writes."""

    inputs: tuple[Path, ...]
    outputs: tuple[Output, ...]
    overwrite: bool = False
    no_overwrite: bool = False
    json: bool = False  # the report goes to standard output

    @classmethod
    def of(cls, options: Namespace, *outputs: Output) -> RunFiles:
        """The files of a command line with these outputs. Raises FileError for an unreadable folder."""
        chosen = {name: getattr(options, name, False) for name in ("overwrite", "no_overwrite", "json")}
        return cls(tuple(inputs_of(options)), outputs, **chosen)

    def check(self, yet_to_be: Path | None = None) -> None:
        """Raises now what writing would raise later, and where something would be lost. Changes nothing.

        yet_to_be: a folder that the run makes.

        Raises FileError. Its cause is a UsageError for an output that is an input or another output, or
        that would mix with the JSON object; a FileExistsError where a file must not be replaced; or another
        OSError.
        """
        if self.inputs.count(STANDARD) > 1:
            raise UsageError("standard input, -, can be read only once")
        if self.json:
            self.check_printing()
        for place, output in enumerate(self.outputs):
            with about(output.path):
                self._check_standard(output)
                self._check_apart(output, self.outputs[:place])
                self._check_replaced(output)
                if output.path != STANDARD and output.path.parent != yet_to_be:
                    check_writable(output.path)

    def check_printing(self) -> None:
        """Raises FileError where text would go to standard output and that is an input of the run."""
        with about(STANDARD):
            self._check_apart(Output(STANDARD, is_named=True), ())

    def write(self, path: Path, data: Data) -> int:
        """Writes one of the outputs and returns its number of bytes. Raises FileError.

        The outputs are checked again, because another process may have made or moved a file since. A file
        that comes even later is not replaced either, if it must stay.
        """
        with about(path):
            if path == STANDARD:
                return write_standard_output(data)
            output = next(output for output in self.outputs if output.path == path)
            self._check_apart(output, ())
            self._check_replaced(output)
            return write_atomically(path, data, replace=self._may_replace(output))

    def write_all(self, contents: Mapping[Path, Data]) -> list[int]:
        """Writes outputs, all or none, and returns their numbers of bytes. Raises FileError, OSError.

        The data of a file are asked for when the files before it are on the disk. A file that has come in the
        meantime is not replaced, if it must stay.
        """
        if STANDARD in contents:
            return [self.write(path, data) for path, data in contents.items()]
        for output in self.outputs:
            with about(output.path):
                self._check_apart(output, ())
                self._check_replaced(output)
        return write_all({**contents}, replace=all(map(self._may_replace, self.outputs)))

    def _may_replace(self, output: Output) -> bool:
        """Whether a file that comes at the last moment may be replaced."""
        return self.overwrite or (output.is_named and not self.no_overwrite)

    def _check_standard(self, output: Output) -> None:
        if not is_standard_output(output.path):
            return
        if self.json:
            raise UsageError("the output is standard output, where --json prints its object")
        check_standard_output(output.is_text)

    def _check_apart(self, output: Output, others: Sequence[Output]) -> None:
        """Raises UsageError where the output is an input, or one of the other outputs."""
        for source in self.inputs:
            if _is_same(output.path, source, INPUT):
                raise UsageError(f"the output is the input {source}")
        for other in others:
            if _is_same(output.path, other.path, OUTPUT):
                raise UsageError(f"the {output.what} is the {other.what} {other.path}")

    def _check_replaced(self, output: Output) -> None:
        """Raises FileExistsError where the output is a file that must stay."""
        path = output.path
        if self.overwrite or path == STANDARD or path.is_dir() or not os.path.lexists(path):
            return
        if output.is_named and descriptor_of(path) is not None:  # the shell has opened it
            return
        reason = None
        if self.no_overwrite:
            reason = "the file exists and is not overwritten"
        elif not output.is_named:
            reason = "the file exists: name another output with -o, or replace it with --overwrite"
        elif output.kind is not None and path.is_file() and not output.kind.holds(path):
            reason = f"the file exists and is no {output.kind.name}: replace it with --overwrite"
        if reason is not None:
            raise FileExistsError(errno.EEXIST, reason, str(path))


def check_folder(folder: Path, contents: str) -> None:
    """Raises now what making the folder would raise later."""
    with about(folder):
        if folder == STANDARD:
            raise UsageError(f"a folder for {contents} cannot be written to standard output")
        if folder.is_dir():
            return
        if os.path.lexists(folder):
            raise NotADirectoryError(errno.ENOTDIR, f"is a file, not a folder for {contents}", str(folder))
        check_writable(folder)


def inputs_of(options: Namespace) -> Iterator[Path]:
    """All files that a command line reads, with the pictures in folders."""
    named = [getattr(options, name, None) for name in READ]
    for value in (*named, *_weights(options)):
        for path in value if isinstance(value, list) else [value]:
            if path is not None and path not in WORDS:
                yield from _members(file_path(path) if isinstance(path, str) else path)


def _weights(options: Namespace) -> Iterator[str | None]:
    """The weights of networks that the environment names, if the command can use them."""
    if hasattr(options, "saliency_model"):
        from imagegs.applications import saliency_model

        yield os.environ.get(saliency_model.VARIABLE) or None
    if hasattr(options, "metrics"):
        from imagegs.evaluation.perceptual import lpips

        yield os.environ.get(lpips.VARIABLE) or None


def _members(path: Path) -> Iterator[Path]:
    if is_folder(path):
        with about(path):
            yield from pictures_in(path)
    else:
        yield path


def _is_same(output: Path, other: Path, standard: int) -> bool:
    """Whether two names are one file; standard: the descriptor that `other` stands for where it is "-".

    Terminals, /dev/null and sockets may well be read and written at once.
    """
    if output == other == STANDARD and standard == OUTPUT:
        return True
    one, two = _stat(output, OUTPUT), _stat(other, standard)
    if one is not None and two is not None:
        holds = stat.S_ISREG(one.st_mode) or stat.S_ISBLK(one.st_mode) or stat.S_ISFIFO(one.st_mode)
        return holds and os.path.samestat(one, two)
    # Neither exists. To some systems A.json and a.json are one name, and so are both codings of an umlaut.
    return one is None and two is None and _folded(output) == _folded(other)


def _stat(path: Path, standard: int) -> os.stat_result | None:
    descriptor = standard if path == STANDARD else descriptor_of(path)
    try:
        return path.stat() if descriptor is None else os.fstat(descriptor)
    except OSError:
        return None


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()
