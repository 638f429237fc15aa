"""Folders that a run fills with files whose names come from what it reads."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imagegs.cli.exit_codes import about


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """The folder exists within this context. If it is new and an error leaves it empty, it is removed."""
    is_new = not folder.exists()
    with about(folder):
        folder.mkdir(exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise


def check_no_links(files: Iterable[Path]) -> None:
    """Raises where a file to write is a pipe, a device, or a link, which may lead out of the folder."""
    for file in files:
        with about(file):
            if file.is_symlink():
                raise FileExistsError(errno.EEXIST, "a link is there, and is not followed", str(file))
            if file.exists() and not (file.is_file() or file.is_dir()):
                raise FileExistsError(errno.EEXIST, "what is there is no regular file", str(file))
