"""Damaged files: 1,500 of `make fuzz`, the same on every run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import fuzz
import mutations
from node_decoder import NODE, NodeDecoder
from requirements import missing


def test_damaged_files_are_read_or_rejected_in_little_time_and_memory() -> None:
    """In processes of their own, whose memory is limited; and all decoders say the same of them."""
    command = [sys.executable, str(Path(fuzz.__file__)), "--seed", "0", "--count", "1500", "-j", "2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = re.search(r"(\d+) read, else (\d+) reasons", done.stdout)
    assert found is not None
    assert 300 < int(found[1]) < 750 and int(found[2]) > 60, done.stdout  # neither all nor nothing is damage
    counts = {
        name: int(count) for count, name in re.findall(r"^ *(\d+)  (.*decoder)$", done.stdout, re.MULTILINE)
    }
    assert counts["verdicts of the reference decoder"] > 1000
    assert counts["numbers of the reference decoder"] > 200
    if NODE is not None:
        assert counts["verdicts of the JavaScript decoder"] == 1500
        assert counts["numbers of the JavaScript decoder"] == int(found[1])
        assert counts["messages of the JavaScript decoder"] > 500


def test_the_same_numbers_give_the_same_damage() -> None:
    files = fuzz.corpus()
    first, again = ([mutations.mutated(files, Random(i)) for i in range(200)] for _ in range(2))
    assert first == again and len(set(first)) > 150


def test_what_breaks_the_rules_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (data, *_) = fuzz.corpus()
    assert fuzz.check(data) == ""
    assert fuzz.check(data[:-1]) == "chunk TAIL: truncated in the checksum: # of # bytes"
    for name, wrong in (("SECONDS", 0.0), ("decode", lambda *_, **__: 1 / 0)):
        with monkeypatch.context() as patch:
            patch.setattr(fuzz, name, wrong)
            with pytest.raises((AssertionError, ZeroDivisionError)):
                fuzz.check(data)
    with monkeypatch.context() as patch:
        patch.setattr(fuzz.decode_reference, "decode", lambda _: {})
        with pytest.raises(AssertionError, match="only the reference decoder accepts it"):
            fuzz.check(data[:-1])
    other = fuzz.decode_reference.decode(data)
    other["angle"] = other["angle"] + 1e-6
    monkeypatch.setattr(fuzz.decode_reference, "decode", lambda _: other)
    with pytest.raises(AssertionError, match="other angle"):
        fuzz.check(data)


def test_what_the_javascript_decoder_does_otherwise_is_found() -> None:
    if NODE is None:
        missing("Node.js")
    (data, *_) = fuzz.corpus()
    with NodeDecoder() as node:
        fuzz.check(data, node)
        found = node.decode(data)

        class Other:
            def __init__(self, changes: dict[str, Any]) -> None:
                self.changes = changes

            def decode(self, _: bytes, allow_partial: bool = False) -> dict[str, Any]:
                return {**found, **self.changes}

        for changes, told in (
            (
                {"problem": "chunk HEAD: zero Gaussians"},
                "JavaScript: chunk HEAD: zero Gaussians; imagegs: accepted",
            ),
            ({"xy": found["xy"] + np.float32(1)}, "other xy"),
            ({"width": 7}, "other facts"),
            ({"maps": "the list of maps is damaged"}, "JavaScript, of the maps: the list of maps is damaged"),
            ({"milliseconds": 1e5}, "JavaScript took 100000.0 ms"),
        ):
            with pytest.raises(AssertionError, match=told):
                fuzz.check(data, Other(changes))  # type: ignore[arg-type]
