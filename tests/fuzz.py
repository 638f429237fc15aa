"""Reads damaged files with all three decoders: each must give Gaussians or say what is wrong, in little time
and memory, and all must give the same ones, or find the file invalid for the same reason.

    python tests/fuzz.py [--count N] [--seed S] [--first I] [--jobs J]

File I of a seed is the same on every run. One that fails is written to build/, and the command that repeats
it is printed. The decoders: imagegs itself; conformance/decode_reference.py, where the files are small enough
for it; the JavaScript library, in Node.js.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import secrets
import sys
import time
import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "conformance"))

import numpy as np  # noqa: E402

import decode_reference  # noqa: E402
from expected import ARRAYS, stored_integers  # noqa: E402
from imagegs import FormatError, Gaussians, decode, read_info, render  # noqa: E402
from imagegs.codec import FileInfo  # noqa: E402
from imagegs.codec.byte_source import Memory  # noqa: E402
from imagegs.codec.container import ORDER, read_chunks  # noqa: E402
from imagegs.codec.grain import grain_in  # noqa: E402
from imagegs.errors import LimitError  # noqa: E402
from imagegs.limits import NO_SIZE_LIMIT  # noqa: E402
from imagegs.textures.map_list import from_metadata  # noqa: E402
from mutations import mutated  # noqa: E402
from node_decoder import NODE, NodeDecoder  # noqa: E402

SECONDS = 2.0  # for a file, all readings of a decoder together
MEMORY = 2**27  # bytes that reading and painting may take beyond what the process had at the start
HEIGHT = 8  # of the pictures that are painted
WIDEST = 64
COMPARED = 300  # Gaussians: with more the reference decoder, in Python, takes too long
BATCH = 250  # files of a job
FACTS = {"width": "width", "height": "height", "n_gaussians": "nGaussians", "blend": "blend"}
FACTS |= {"bit_depth": "bitDepth", "wrap": "wrap", "channels": "channels"}

# The reference decoder's own goes bit by bit; the conformance files hold it to the same values.
decode_reference.crc32 = zlib.crc32


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


def check(data: bytes, node: NodeDecoder | None = None, counts: Counter[str] | None = None) -> str:
    """Why the file is rejected, numbers left out; "" when it is not. Else AssertionError.

    counts: how often what was compared.
    """
    counts = Counter() if counts is None else counts
    start = time.perf_counter()
    reason, info = read(data, allow_partial=False)
    partial, _ = read(data, allow_partial=True)
    assert reason or not partial, f"rejected in part, but not as a whole: {partial}"
    seconds = time.perf_counter() - start
    assert seconds < SECONDS, f"took {seconds:.1f} s"
    if declared(data) <= COMPARED:
        check_reference(data, reason, counts)
    if node is not None:
        check_javascript(node, data, reason, info, counts)
        problem = node.decode(data, allow_partial=True)["problem"]
        assert bool(problem) == bool(partial), f"cut short, JavaScript: {problem}; imagegs: {partial}"
    return kind(reason)


def kind(reason: str) -> str:
    """Without numbers, and types of chunks that are none."""
    plain = re.sub(rf"(chunk|not) (?!{'|'.join(ORDER)})[A-Za-z]{{4}}\b", r"\1 ?", reason)
    plain = re.sub(r"its type [0-9a-f ]+ is", "its type ? is", plain)
    return re.sub(r"[0-9.e+-]*[0-9]", "#", plain)


def read(data: bytes, allow_partial: bool) -> tuple[str, FileInfo | None]:
    """What is wrong with the file, or "". `decode` and `read_info` say the same; what decodes within the
    usual limits is painted.
    """
    try:
        info, says = read_info(data, size_limit=NO_SIZE_LIMIT, allow_partial=allow_partial), ""
    except FormatError as error:
        info, says = None, str(error)
    try:
        gaussians = decode(data, allow_partial=allow_partial)
    except LimitError:
        pass
    except FormatError as error:
        assert str(error) == says, f"decode: {error}; read_info: {says or 'accepted'}"
    else:
        assert info is not None and info.n_gaussians == len(gaussians), f"decoded; read_info: {says}"
        paint(gaussians)
    return says, info


def paint(g: Gaussians) -> None:
    width = max(1, round(g.width * HEIGHT / g.height))
    picture = render(g, height=HEIGHT, region=(0, 0, min(width, WIDEST), HEIGHT), threads=1)
    assert np.isfinite(picture).all(), "the picture is not finite"


def declared(data: bytes) -> int:
    """How many Gaussians the layers say they have, as far as they can be found."""
    counts = [match.end() + 4 for match in re.finditer(b"LAYR", data)]
    return sum(int.from_bytes(data[at : at + 4], "little") for at in counts)


def check_reference(data: bytes, reason: str, counts: Counter[str]) -> None:
    counts["verdicts of the reference decoder"] += 1
    try:
        found = decode_reference.decode(data)
    except decode_reference.InvalidFileError as error:
        assert reason, f"only the reference decoder rejects it: {error}"
        return
    assert not reason, "only the reference decoder accepts it"
    same = {name: found[name] for name in ("integers", "grain")}
    check_numbers(data, {field: found[name] for name, field in ARRAYS.items()} | same)
    counts["numbers of the reference decoder"] += 1


def check_numbers(data: bytes, found: dict[str, Any]) -> None:
    """Of another decoder, exactly; colours to what a unit in the last place of the largest is."""
    g = decode(data, size_limit=NO_SIZE_LIMIT, whole=False)
    assert np.array_equal(np.ravel(found["integers"]), stored_integers(data).ravel()), "other integers"
    grain = grain_in(data)
    assert found["grain"] == (None if grain is None else grain.deviations().tolist()), "other grain"
    for field in ARRAYS.values():
        expected, values = getattr(g, field).ravel(), np.ravel(found[field])
        slack = 2.0**-23 * np.abs(expected).max() if field == "color" else 0.0
        assert values.shape == expected.shape and np.abs(values - expected).max() <= slack, f"other {field}"


def check_javascript(
    node: NodeDecoder, data: bytes, reason: str, info: FileInfo | None, counts: Counter[str]
) -> None:
    found = node.decode(data)
    problem = found["problem"] or ""
    counts["verdicts of the JavaScript decoder"] += 1
    assert found["milliseconds"] < 1000 * SECONDS, f"JavaScript took {found['milliseconds']} ms"
    assert bool(problem) == bool(reason), (
        f"JavaScript: {problem or 'accepted'}; imagegs: {reason or 'accepted'}"
    )
    if info is None:
        assert problem == reason or comes_later(data, reason), f"JavaScript: {problem}; imagegs: {reason}"
        counts["messages of the JavaScript decoder"] += problem == reason
        return
    check_numbers(data, found)
    counts["numbers of the JavaScript decoder"] += 1
    facts = {name: getattr(info, name) for name in FACTS} | {"channels": list(info.channels)}
    assert {name: found[key] for name, key in FACTS.items()} == facts, "other facts"
    try:
        from_metadata(info.metadata, info.channels)
    except FormatError:
        return  # also for names of files, which mean nothing on a page
    assert not found["maps"], f"JavaScript, of the maps: {found['maps']}"


def comes_later(data: bytes, reason: str) -> bool:
    """Whether one that reads the file from its start may find another fault before this one: imagegs checks
    the frame of the whole file first, and the sizes of all layers before the first is decoded.
    """
    if re.match("layer [0-9]|the layers |[0-9]+ layers", reason):
        return True
    try:
        read_chunks(Memory(data))
    except FormatError:
        return True
    return False


def run(seed: int, first: int, count: int) -> tuple[Counter[str], Counter[str]]:
    """How often each reason was met, and what was compared. A failure is reported and raised."""
    files, reasons, counts = corpus(), Counter[str](), Counter[str]()
    node = _node()
    _limit_once()
    for number in range(first, first + count):
        data = mutated(files, Random(seed * 2**40 + number))
        try:
            reasons[check(data, node, counts)] += 1
        except BaseException:
            path = ROOT / "build" / f"fuzz-{seed}-{number}.gsimg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            print(f"{path}: python tests/fuzz.py --seed {seed} --first {number} --count 1", file=sys.stderr)
            raise
    return reasons, counts


_running: dict[str, NodeDecoder] = {}  # one a process, which ends with it


def _node() -> NodeDecoder | None:
    if NODE is not None and not _running:
        _running["node"] = NodeDecoder()
    return _running.get("node")


_limited: list[bool] = []


def _limit_once() -> None:
    """When all is loaded, which the first valid file sees to."""
    if not _limited:
        assert check(corpus()[0]) == ""
        limit_memory()
        _limited.append(True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**20), help="default: a random one")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    if NODE is None:
        print("Node.js is missing: the JavaScript decoder is left out", file=sys.stderr)
    start = time.perf_counter()
    reasons, counts = Counter[str](), Counter[str]()
    for data in corpus():
        assert check(data, _node()) == ""
    last = options.first + options.count
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        jobs = [
            pool.submit(run, options.seed, at, min(BATCH, last - at))
            for at in range(options.first, last, BATCH)
        ]
        for job in as_completed(jobs):
            try:
                more = job.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            reasons += more[0]
            counts += more[1]
    seconds = time.perf_counter() - start
    print(f"{options.count} files in {seconds:.1f} s: {reasons.pop('', 0)} read, else {len(reasons)} reasons")
    for counted in (counts, reasons):
        for name, times in counted.most_common():
            print(f"{times:6d}  {name}")


if __name__ == "__main__":
    main()
