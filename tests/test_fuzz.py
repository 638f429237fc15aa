"""Damaged files: 2,000 of `make fuzz`, the same on every run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

import fuzz
import mutations


def test_damaged_files_are_read_or_rejected_in_little_time_and_memory() -> None:
    """In a process of its own, whose memory is limited."""
    command = [sys.executable, str(Path(fuzz.__file__)), "--seed", "0", "--count", "2000"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = re.search(r"(\d+) read, else (\d+) reasons", done.stdout)
    assert found is not None
    assert 200 < int(found[1]) < 1000 and int(found[2]) > 80, done.stdout  # neither all nor nothing is damage


def test_the_same_numbers_give_the_same_damage() -> None:
    files = fuzz.corpus()
    first, again = ([mutations.mutated(files, Random(i)) for i in range(200)] for _ in range(2))
    assert first == again and len(set(first)) > 150


def test_what_breaks_the_rules_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (data, *_) = fuzz.corpus()
    assert fuzz.check(data, compare=True) == ""
    assert fuzz.check(data[:-1], compare=True) == "chunk TAIL: truncated in the checksum: # of # bytes"
    for name, wrong in (("SECONDS", 0.0), ("decode", lambda *_, **__: 1 / 0)):
        with monkeypatch.context() as patch:
            patch.setattr(fuzz, name, wrong)
            with pytest.raises((AssertionError, ZeroDivisionError)):
                fuzz.check(data, compare=False)
    monkeypatch.setattr(fuzz.decode_reference, "decode", lambda _: {})
    with pytest.raises(AssertionError, match="only the reference decoder accepts it"):
        fuzz.check(data[:-1], compare=True)
