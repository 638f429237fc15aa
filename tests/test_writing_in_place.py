"""Where no rename is possible, a file is written in place, and its old contents come back after a failure."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from imagegs.files import write_atomically
from imagegs.staging import overwriting
from written_files import contents, kind_of_temporaries  # noqa: F401 (a fixture)


def bind_mounted(folder: Path, command: str) -> None:
    """Run Python code where `out` in the folder is a mount point, of `source`; skips where that cannot be."""
    script = 'mount --bind source out || exit 99; exec "$0" -c "$1"'
    hide = "" if hasattr(os, "O_TMPFILE") else "import os; del os.O_TMPFILE\n"
    arguments = ["unshare", "-m", "sh", "-c", script, sys.executable, hide + command]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip(f"no mounts: {done.stderr}")
    assert done.returncode == 0, done.stderr


linux_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs Linux, root and unshare",
)


@linux_root
def test_a_mount_point_is_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    (tmp_path / "source").write_bytes(b"old and long")
    bind_mounted(
        tmp_path,
        "from imagegs.files import check_writable, write_all, write_atomically\n"
        "check_writable('out')\n"
        "assert write_atomically('out', b'new') == 3 and open('out', 'rb').read() == b'new'\n"
        "assert write_all({'other': b'1', 'out': b'22'}) == [1, 2]",
    )
    assert contents(tmp_path) == {"out": b"", "source": b"22", "other": b"1"}


@linux_root
def test_a_full_disk_behind_a_mount_point_keeps_the_old_contents(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    (tmp_path / "source").touch()
    bind_mounted(
        tmp_path,
        "import os, errno, subprocess\n"
        "from imagegs.files import write_all\n"
        "os.mkdir('small')\n"
        "subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', 'small'], check=True)\n"
        "open('small/file', 'wb').write(b'old' * 10000)\n"
        "subprocess.run(['mount', '--bind', 'small/file', 'out'], check=True)\n"
        "try:\n"
        "    write_all({'other': b'new', 'out': bytes(100_000)})\n"
        "except OSError as error:\n"
        "    assert error.errno == errno.ENOSPC and error.filename == 'out', error\n"
        "else:\n"
        "    raise SystemExit('written')\n"
        "assert open('out', 'rb').read() == b'old' * 10000\n",
    )
    assert {path.name for path in tmp_path.iterdir()} == {"out", "source", "small"}


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.EIO, "the disk")])
def test_a_failure_in_place_brings_the_old_contents_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    seen = []

    def fail_once(file: IO[bytes]) -> None:
        seen.append((tmp_path / "a").read_bytes())
        if len(seen) == 1:
            raise failure

    monkeypatch.setattr(overwriting, "sync", fail_once)
    with pytest.raises(type(failure)):
        write_atomically(tmp_path / "a", b"new and longer")
    assert seen == [b"new and longer", b"old"]
    assert contents(tmp_path) == {"a": b"old", "b": b"old"}
