"""Holds the memory that work takes against what there is: work that cannot fit is refused before it begins.

On a system that promises more memory than it has (Linux, by default), a process that takes too much is
killed without a word. So the memory that is left is asked for first: on Linux the least of what the machine
has, what control groups allow, and what the process may have. On other systems nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from imagegs.errors import NotEnoughMemoryError

# Estimates are true to about a tenth. Only what is that much over the memory there is, is refused.
MARGIN = 1.1
_WORTH_ASKING = 2**24  # bytes; less is taken without asking
_UNLIMITED = 2**60  # control groups without a limit have one above this
_ROOT = Path("/")
_ADVICE = "take a smaller size, or run less at a time"
_share: int | None = None


def check_memory(needed: float, what: str, advice: str = _ADVICE, root: Path = _ROOT) -> None:
    """Raises NotEnoughMemoryError where less memory is left than work needs.

    needed: bytes that the work takes beyond those that are taken already, as they are estimated. what: the
    work, such as "the fit of 100 x 100 pixels". advice: what the user can do. root: the folder in which proc
    and sys are.
    """
    left = memory_left(root) if needed >= _WORTH_ASKING else None
    if left is not None and needed > MARGIN * left:
        raise NotEnoughMemoryError(
            f"{what} takes about {_text(needed)} of memory, and {_text(left)} are left: {advice}"
        )


def fit_bytes(height: int, width: int, n_channels: int, n_gaussians: int, *, is_seen: bool) -> int:
    """Bytes that a fit and the writing of its file take at most, beside the picture of integers: about.

    For each pixel that is the target, memory for one call and a picture with what it is made of (12 bytes a
    channel), what finds the places of new Gaussians, smaller copies, and what all channels share. Where
    `is_seen`, an observer has maps of what an eye sees, at all its scales. An alpha that is not opaque takes
    more. benchmarks/memory.py measures it.
    """
    a_pixel = 18 * n_channels + 12
    if is_seen:
        a_pixel = 12 * n_channels + (60 if n_channels < 3 else 75)
    a_gaussian = 110 * (6 + n_channels)
    return height * width * a_pixel + n_gaussians * a_gaussian


def memory_left(root: Path = _ROOT) -> int | None:
    """Bytes that this process can still take; None where that is not known, which is so outside of Linux.

    Files that the system keeps in memory count as free, for it drops them when memory is short, and so does
    free swap space.
    """
    machine = _table(root / "proc/meminfo")
    if "MemAvailable" not in machine:
        return None
    swap = 1024 * machine.get("SwapFree", 0)
    limits = [1024 * machine["MemAvailable"] + swap]
    limits += [left + swap for left in _left_in_groups(root)]
    limits += _left_to_process(root)
    return max(0, min(limits))


def set_share(n_bytes: int | None) -> None:
    """Tells how much memory this process may have in all: the share of one worker of several."""
    global _share
    _share = n_bytes


def _left_to_process(root: Path) -> Iterator[int]:
    """The rest of the share, and of the address space (ulimit -v)."""
    import resource

    page = resource.getpagesize()
    size, resident = map(int, (root / "proc/self/statm").read_text().split()[:2])
    if _share is not None:
        yield _share - page * resident
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        yield soft - page * size


def _left_in_groups(root: Path) -> Iterator[int]:
    """The memory left in each control group that this process is in, and in those above it."""
    for line in _lines(root / "proc/self/cgroup"):
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            yield from _left_upwards(root / "sys/fs/cgroup", path, _left_in_v2)
        elif "memory" in controllers.split(","):
            yield from _left_upwards(root / "sys/fs/cgroup/memory", path, _left_in_v1)


def _left_upwards(mount: Path, path: str, left_in: Callable[[Path], int | None]) -> Iterator[int]:
    """A container may not see the folder of its own group, but that of the group above it."""
    group = mount / path.lstrip("/")
    for folder in (group, *group.parents):
        if (left := left_in(folder)) is not None:
            yield left
        if folder == mount:
            return


def _left_in_v2(folder: Path) -> int | None:
    return _left(folder, "memory.max", "memory.current", "")


def _left_in_v1(folder: Path) -> int | None:
    return _left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")


def _left(folder: Path, of_limit: str, of_use: str, prefix: str) -> int | None:
    limit, used = _number(folder / of_limit), _number(folder / of_use)
    if limit is None or used is None or limit >= _UNLIMITED:
        return None
    kept = _table(folder / "memory.stat")
    return limit - used + sum(kept.get(f"{prefix}{name}", 0) for name in ("inactive_file", "active_file"))


def _number(path: Path) -> int | None:
    """The number in a file; None for another word ("max"), and for no such file."""
    text = "".join(_lines(path)).strip()
    return int(text) if text.isdecimal() else None


def _table(path: Path) -> dict[str, int]:
    """Names and their numbers, line by line."""
    words = [line.replace(":", " ").split() for line in _lines(path)]
    return {name: int(number) for name, number, *_ in (w for w in words if len(w) > 1) if number.isdecimal()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _text(n_bytes: float) -> str:
    return f"{n_bytes / 2**30:.1f} GiB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:.0f} MiB"
