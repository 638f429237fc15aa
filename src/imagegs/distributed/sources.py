"""The pictures that a batch is about: in folders, by patterns, in lists."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagegs.files import PathLike
from imagegs.pictures.names import is_litter, is_picture, matches

_ARRAY_SUFFIX = ".npy"


@dataclass(frozen=True, slots=True)
class Source:
    """A picture file."""

    path: Path  # whole
    below: Path  # the folder that its output has below the folder of outputs


def whole(path: PathLike) -> Path:
    """The absolute path, without "." and ".."; links stay."""
    return Path(os.path.normpath(Path(path).absolute()))


def sources_of(named: PathLike, exclude: Sequence[str] = ()) -> list[Source]:
    """The pictures that one name stands for: a folder and all folders in it, a pattern, or a file.

    A pattern has *, ? or [...] in its names, and ** for any folders. exclude: patterns of names to leave out
    of folders.

    Raises FileNotFoundError where there is no such file, or no picture.
    """
    path = Path(named)
    if path.is_dir():
        found = list(_in_folder(path, exclude))
    elif not os.path.lexists(path) and _is_pattern(str(path)):
        found = list(_by_pattern(path, exclude))
    elif path.exists():
        return [_source(path, path.parent)]
    else:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not found:
        raise FileNotFoundError(errno.ENOENT, "there are no pictures", str(path))
    return found


def listed(lines: Iterable[str]) -> Iterator[Source]:
    """The pictures of a list, a path a line, which may be missing: that is an error of theirs alone.

    The folders of a relative path are kept; an absolute path, and one that goes up, stands for the file
    alone.
    """
    for line in lines:
        if text := line.rstrip("\r\n"):
            path = Path(text)
            keeps = not path.is_absolute() and ".." not in path.parts
            yield _source(path, Path() if keeps else path.parent)


def _source(path: Path, root: Path) -> Source:
    return Source(whole(path), path.parent.relative_to(root))


def _in_folder(folder: Path, exclude: Sequence[str]) -> Iterator[Source]:
    """Links to folders are not followed: they may lead in a circle."""
    for where, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not (name[0] == "." or is_litter(Path(name))))
        for name in sorted(names):
            path = Path(where) / name
            if _is_wanted(path, exclude):
                yield _source(path, folder)


def _by_pattern(pattern: Path, exclude: Sequence[str]) -> Iterator[Source]:
    n_plain = next(i for i, part in enumerate(pattern.parts) if _is_pattern(part))
    root, rest = Path(*pattern.parts[:n_plain]), Path(*pattern.parts[n_plain:])
    for path in sorted(root.glob(str(rest))):
        is_hidden = any(part[0] == "." for part in path.relative_to(root).parts)
        if not is_hidden and _is_wanted(path, exclude):
            yield _source(path, root)


def _is_pattern(name: str) -> bool:
    return any(character in name for character in "*?[")


def _is_wanted(path: Path, exclude: Sequence[str]) -> bool:
    is_known = is_picture(path) or (path.suffix.lower() == _ARRAY_SUFFIX and path.is_file())
    return is_known and not any(matches(path.name, pattern) for pattern in exclude)


def _raise(error: OSError) -> None:
    raise error
