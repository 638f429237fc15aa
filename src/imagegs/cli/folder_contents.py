"""The contents of a folder of pictures: which files are pictures, and which are left out."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imagegs.cli.exit_codes import about
from imagegs.cli.options import UsageError
from imagegs.cli.reports import Verbosity
from imagegs.cli.standard_streams import is_folder
from imagegs.errors import FormatError
from imagegs.pictures.names import is_litter, is_picture, matches

_MOST_NAMED = 8  # in a warning


@dataclass(frozen=True)
class Contents:
    """The files in a folder that are pictures, and the rest."""

    folder: Path
    pictures: tuple[Path, ...]  # sorted by name
    left_out: tuple[str, ...]  # names of what is no picture; the names of folders end in a slash
    idle_patterns: tuple[str, ...]  # the patterns of --exclude that match no name

    def tell(self, speech: Verbosity) -> None:
        """Prints a warning that names what is left out."""
        if self.left_out:
            speech.warn(f"{self.folder}: left out, no pictures: {_some_of(self.left_out)}")


def check_exclude(patterns: Sequence[str], *paths: Path) -> None:
    """Raises UsageError for patterns where no path is a folder, and for patterns with a slash."""
    if patterns and not any(is_folder(path) for path in paths):
        raise UsageError("--exclude needs a folder of pictures")
    if path := next((pattern for pattern in patterns if "/" in pattern), None):
        raise UsageError(f"--exclude {path}: a pattern of names, not of paths")


def look_into(folder: Path, exclude: Sequence[str] = ()) -> Contents:
    """The pictures of a folder and what else it holds, without litter and what `exclude` matches.

    exclude: patterns of names (* ? [...]), which match capital and small letters alike.

    Raises a FileError where there is no picture, and for a file with a picture's suffix that cannot be one,
    such as a link that leads nowhere or a pipe.
    """
    with about(folder):
        entries = [entry for entry in sorted(folder.iterdir()) if not is_litter(entry)]
        matched = {p: [entry for entry in entries if matches(entry.name, p)] for p in exclude}
        excluded = [entry for found in matched.values() for entry in found]
        pictures = [entry for entry in pictures_in(folder) if entry not in excluded]
        others = [entry for entry in entries if entry not in excluded and entry not in pictures]
        left_out = tuple(entry.name + "/" * entry.is_dir() for entry in others)
        if not pictures:
            but = f", but {_some_of(left_out)}" if left_out else ""
            raise FormatError(
                f"no pictures in this directory{' that --exclude leaves' * bool(excluded)}{but}"
            )
    for entry in pictures:
        with about(entry):
            _check_file(entry)
    idle = tuple(pattern for pattern, found in matched.items() if not found)
    return Contents(folder, tuple(pictures), left_out, idle)


def pictures_in(folder: Path) -> list[Path]:
    """The files with a picture's suffix, sorted by name, whether they can be read or not. Raises OSError."""
    return [entry for entry in sorted(folder.iterdir()) if is_picture(entry)]


def _some_of(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _check_file(entry: Path) -> None:
    """Raises FileNotFoundError for a link that leads nowhere, FormatError for what is no regular file."""
    if not entry.exists():
        raise FileNotFoundError(errno.ENOENT, "the link leads nowhere (see --exclude)", str(entry))
    if not entry.is_file():
        raise FormatError("is no regular file (see --exclude)")
