"""A share of `make kill-stress`: a command that is killed leaves the old file or the new one, and no more."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kill_stress

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")


@pytest.mark.parametrize("options", [["KILL"], ["TERM", *(["--named"] if hasattr(os, "O_TMPFILE") else [])]])
def test_a_file_is_whole_at_any_moment(options: list[str]) -> None:
    command = [sys.executable, kill_stress.__file__, "--moments", "16", "--seed", "0", "--signal", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = re.findall(r"(\d+) old, (\d+) new, 0 broken", done.stdout)
    assert len(counts) == 2, done.stdout
    assert all(int(old) + int(new) == 16 for old, new in counts)
    assert sum(int(old) for old, _ in counts) > 0, "no moment came before the end"


def test_what_is_broken_or_left_is_seen(tmp_path: Path) -> None:
    case = kill_stress.cases(tmp_path)["decode"]
    found = kill_stress.Found()
    case.target.with_name("left").touch()
    case.look(found)
    case.target.write_bytes(case.new[:-1])
    case.look(found)
    assert (found.targets, found.temporaries) == ({"new": 1, "broken": 1}, 1)
