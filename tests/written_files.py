"""What the tests of written files share: contents, owners and modes, and both kinds of temporaries."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

posix_only = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX systems")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


@pytest.fixture(autouse=True, params=["nameless", "named"])
def kind_of_temporaries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporaries of both kinds: without a name where the system can make them, and with one."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of each file of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def facts(path: Path) -> tuple[int, int, int]:
    """User, group and mode of a file."""
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
