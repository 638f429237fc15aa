"""Commands that are killed at random moments over an existing file: it is whole, and nothing else is left.

A process that has run the command before forks for every moment, so that few of them fall into the start.
Half of the moments lie anywhere in a run, half while the file is written, as the child tells by a pipe.

    kill_stress.py [--moments N] [--signal KILL|TERM|HUP] [--named] [--seed S] [--folder DIR]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from imagegs import files
from imagegs.cli import main

OLD = b"old contents " * 500


@dataclass
class Found:
    """What was there after all moments: how often."""

    targets: Counter[str] = field(default_factory=Counter)  # "old", "new", "broken"
    codes: Counter[int] = field(default_factory=Counter)  # exit codes; -9: by that signal
    temporaries: int = 0

    def __str__(self) -> str:
        whole = ", ".join(f"{self.targets[name]} {name}" for name in ("old", "new", "broken"))
        return f"{self.targets.total()} moments: {whole}; {self.temporaries} temporaries left"


class Case:
    """A command that writes over a file in a folder of its own."""

    def __init__(self, folder: Path, arguments: list[str], target: Path) -> None:
        self.folder, self.arguments, self.target = folder, arguments, target
        self._write_old()
        if code := main(arguments):  # in this process: it loads all that a child needs
            raise SystemExit(f"exit code {code} of imagegs {' '.join(arguments)}")
        self.new = target.read_bytes()
        self._others = {path.name for path in folder.iterdir()}

    def times(self) -> tuple[float, float]:
        """Seconds that a run takes, and the writing in it."""
        runs, writes = [], []
        for _ in range(9):
            self._write_old()
            start = time.perf_counter()

            def watch(child: int, told: int) -> None:
                os.read(told, 1)
                begin = time.perf_counter()
                os.read(told, 1)
                writes.append(time.perf_counter() - begin)

            self._run(watch)
            runs.append(time.perf_counter() - start)
        return statistics.median(runs), statistics.median(writes)

    def kill(self, number: int, delay: float, while_writing: bool, found: Found) -> None:
        """One moment."""
        self._write_old()

        def end(child: int, told: int) -> None:
            if while_writing:
                os.read(told, 1)
            until = time.perf_counter() + delay
            while (left := until - time.perf_counter()) > 0:
                if left > 0.002:
                    time.sleep(left - 0.001)
            os.kill(child, number)

        found.codes[self._run(end)] += 1
        self.look(found)

    def look(self, found: Found) -> None:
        """What is there now."""
        left = self._left()
        held = self.target.read_bytes()
        found.targets["old" if held == OLD else "new" if held == self.new else "broken"] += 1
        found.temporaries += len(left)
        for path in left:
            path.unlink()

    def _left(self) -> list[Path]:
        """What does not belong in the folder, and is no step that a helper process is about to end."""
        for _ in range(100):
            left = [path for path in self.folder.iterdir() if path.name not in self._others]
            if not left:
                break
            time.sleep(0.01)
        return left

    def _write_old(self) -> None:
        if not self.target.exists() or self.target.read_bytes() != OLD:
            self.target.write_bytes(OLD)

    def _run(self, meanwhile: Callable[[int, int], None]) -> int:
        """The exit code; meanwhile gets the child's number and where the child tells of its writing."""
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            _be_command(self.arguments, tell)
        os.close(tell)
        try:
            meanwhile(child, told)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        finally:
            os.close(told)


def _be_command(arguments: list[str], tell: int) -> None:
    """The child's part: never returns."""
    code = 1
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(null, descriptor)
        write_all = files.write_all

        def told(*parts: object, **options: object) -> list[int]:
            os.write(tell, b"<")
            sizes = write_all(*parts, **options)  # type: ignore[arg-type]
            os.write(tell, b">")
            return sizes

        files.write_all = told  # type: ignore[assignment]
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)  # as a shell starts it
        code = main(arguments)
    finally:
        os._exit(code)


def cases(folder: Path) -> dict[str, Case]:
    """encode and decode of a picture so small that writing it takes a good part of the run."""
    rows, columns = np.mgrid[:24, :24]
    pixels = np.stack([rows * 9, columns * 9, rows * columns % 251], axis=2).astype(np.uint8)
    found = {}
    for name, source, target in (("encode", "in.png", "out.gsimg"), ("decode", "in.gsimg", "out.png")):
        place = folder / name
        place.mkdir()
        if name == "encode":
            Image.fromarray(pixels).save(place / source)
            options = ["--steps", "2"]
        else:
            (place / source).write_bytes(found["encode"].new)
            options = []
        line = [name, str(place / source), "-o", str(place / target), "-j", "1", "--quiet", *options]
        found[name] = Case(place, line, place / target)
    return found


def stress(case: Case, number: int, moments: int, rng: random.Random) -> Found:
    """Every second moment while the file is written, as long as that takes and a little longer."""
    run, write = case.times()
    found = Found()
    for i in range(moments):
        while_writing = i % 2 == 1
        case.kill(number, rng.uniform(0, 1.2 * (write if while_writing else run)), while_writing, found)
    return found


def run(folder: Path, moments: int, number: int, seed: int) -> dict[str, Found]:
    """Of encode and of decode, in a folder that holds nothing yet."""
    rng = random.Random(seed)
    return {name: stress(case, number, moments, rng) for name, case in cases(folder).items()}


def has_nameless_files(folder: Path) -> bool:
    """Whether the system and the file system make files that vanish with a process (O_TMPFILE)."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
    except (AttributeError, OSError):
        return False
    return True


def command_line() -> int:
    """Exit code 1 where a file was not whole, or a temporary was left that need not be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--moments", type=int, default=1000, help="of each command")
    parser.add_argument("--signal", choices=("KILL", "TERM", "HUP"), default="KILL")
    parser.add_argument("--named", action="store_true", help="as on systems without files that have no name")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--folder", type=Path, help="on the file system to try")
    options = parser.parse_args()
    if options.named:
        del os.O_TMPFILE
    failed = False
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        number = signal.Signals[f"SIG{options.signal}"]
        may_leave = number == signal.SIGKILL and not has_nameless_files(Path(folder))
        for name, found in run(Path(folder), options.moments, number, options.seed).items():
            codes = dict(sorted(found.codes.items()))
            print(f"{name}, {number.name}, seed {options.seed}: {found}; exit codes {codes}")
            failed |= found.targets["broken"] > 0 or (found.temporaries > 0 and not may_leave)
    return failed


if __name__ == "__main__":
    sys.exit(command_line())
