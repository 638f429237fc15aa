"""Reads damaged files: each must give Gaussians or say what is wrong, in little time and memory.

    python tests/fuzz.py [--count N] [--seed S] [--first I]

File I of a seed is the same on every run. One that fails is written to build/, and the command that repeats
it is printed.
"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "conformance"))

import numpy as np  # noqa: E402

import decode_reference  # noqa: E402
from imagegs import FormatError, Gaussians, decode, read_info, render  # noqa: E402
from imagegs.errors import LimitError  # noqa: E402
from mutations import mutated  # noqa: E402

SECONDS = 2.0  # for a file, all readings together
MEMORY = 2**27  # bytes that reading and painting may take beyond what the process had at the start
HEIGHT = 8  # of the pictures that are painted
WIDEST = 64
COMPARED = 300  # Gaussians: with more the reference decoder, in Python, takes too long


def corpus() -> list[bytes]:
    """The valid files of the conformance set."""
    paths = sorted((ROOT / "conformance" / "valid").glob("*.gsimg"))
    assert paths
    return [path.read_bytes() for path in paths]


def limit_memory() -> None:
    """Beyond it everything raises MemoryError, which no check expects. Where the system has no such limit,
    there is none.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def check(data: bytes, compare: bool) -> str:
    """Why the file is rejected, numbers left out; "" when it is not. Else AssertionError."""
    start = time.perf_counter()
    reason = read(data, allow_partial=False)
    partial = read(data, allow_partial=True)
    assert reason or not partial, f"rejected in part, but not as a whole: {partial}"
    seconds = time.perf_counter() - start
    assert seconds < SECONDS, f"took {seconds:.1f} s"
    if compare and declared(data) <= COMPARED:
        check_reference(data, accepted=not reason)
    return re.sub(r"[0-9.e+-]*[0-9]", "#", reason)


def read(data: bytes, allow_partial: bool) -> str:
    """What `decode` says against the file, or "". `read_info` says the same, and what decodes is painted."""
    try:
        info, says = read_info(data, allow_partial), ""
    except FormatError as error:
        info, says = None, str(error)
    try:
        gaussians = decode(data, allow_partial=allow_partial)
    except LimitError:
        assert info is not None, "over the limit, and invalid"
    except FormatError as error:
        assert str(error) == says, f"decode: {error}; read_info: {says or 'accepted'}"
    else:
        assert info is not None and info.n_gaussians == len(gaussians), f"decoded; read_info: {says}"
        paint(gaussians)
    return says


def paint(g: Gaussians) -> None:
    width = max(1, round(g.width * HEIGHT / g.height))
    picture = render(g, height=HEIGHT, region=(0, 0, min(width, WIDEST), HEIGHT), threads=1)
    assert np.isfinite(picture).all(), "the picture is not finite"


def declared(data: bytes) -> int:
    """How many Gaussians the layers say they have, as far as they can be found."""
    counts = [match.end() + 4 for match in re.finditer(b"LAYR", data)]
    return sum(int.from_bytes(data[at : at + 4], "little") for at in counts)


def check_reference(data: bytes, accepted: bool) -> None:
    try:
        decode_reference.decode(data)
    except decode_reference.InvalidFileError as error:
        assert not accepted, f"only the reference decoder rejects it: {error}"
    else:
        assert accepted, "only the reference decoder accepts it"


def run(seed: int, first: int, count: int, compare_every: int) -> Counter[str]:
    """How often each reason was met. A failure is reported and raised."""
    files, reasons = corpus(), Counter[str]()
    for data in files:
        assert check(data, compare=True) == ""
    limit_memory()
    for number in range(first, first + count):
        data = mutated(files, Random(seed * 2**40 + number))
        try:
            reasons[check(data, compare=number % compare_every == 0)] += 1
        except BaseException:
            path = ROOT / "build" / f"fuzz-{seed}-{number}.gsimg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            print(f"{path}: python tests/fuzz.py --seed {seed} --first {number} --count 1", file=sys.stderr)
            raise
    return reasons


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**20), help="default: a random one")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--compare-every", type=int, default=10, help="with the reference decoder")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    start = time.perf_counter()
    reasons = run(options.seed, options.first, options.count, options.compare_every)
    seconds = time.perf_counter() - start
    print(f"{options.count} files in {seconds:.1f} s: {reasons.pop('', 0)} read, else {len(reasons)} reasons")
    for reason, times in reasons.most_common():
        print(f"{times:6d}  {reason}")


if __name__ == "__main__":
    main()
