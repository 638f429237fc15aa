"""The data of a model in one buffer, without the bytes that only dropped bufferViews had."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import Any

from imagegs.applications.gltf.model import Json, objects_in, ranges_in, view_references

_ALIGNMENT = 8  # bytes: places move by multiples of it, so that numbers of all types stay aligned

Part = tuple[int, int]  # of a buffer: the first byte, and the one behind the last


def pack(
    tree: Json, buffers: Sequence[bytes | None], dropped: Collection[int], added: Sequence[bytes]
) -> tuple[bytes | None, ...]:
    """Changes the JSON of a model so that all data are in its first buffer; returns its buffers.

    buffers: what `Model` has. dropped: numbers of bufferViews that go; nothing refers to them. added: data
    for new bufferViews, which become the last ones. Buffers without data stay, behind the first.

    Raises FormatError for a reference to no bufferView.
    """
    views = objects_in(tree, "bufferViews")
    cuts = [_Cut(parts) for parts in _removed_parts(views, dropped, len(buffers))]
    pieces = [cut.left(data) for cut, data in zip(cuts, buffers, strict=True) if data is not None] + [*added]
    starts = list(accumulate((len(p) + -len(p) % _ALIGNMENT for p in pieces), initial=0))
    _move_ranges(views, buffers, cuts, starts)
    _renumber(tree, views, dropped)
    new = [
        {"buffer": 0, "byteOffset": start, "byteLength": len(data)}
        for start, data in zip(starts[len(pieces) - len(added) :], added, strict=False)
    ]
    put(tree, "bufferViews", [view for i, view in enumerate(views) if i not in dropped] + new)
    merged = b"".join(piece + bytes(-len(piece) % _ALIGNMENT) for piece in pieces)
    return _put_buffers(tree, buffers, merged)


def put(node: Json, key: str, values: list[Any]) -> None:
    """Puts a list under a key; an empty list, which glTF does not allow, takes the key away."""
    if values:
        node[key] = values
    else:
        node.pop(key, None)


class _Cut:
    """Parts that are taken out of a buffer: sorted, apart, of lengths that are multiples of _ALIGNMENT."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.ends = [end for _, end in parts]
        self.removed = list(accumulate((end - start for start, end in parts), initial=0))

    def moved(self, place: int) -> int:
        """Where the byte at a place is afterwards."""
        return place - self.removed[bisect_right(self.ends, place)]

    def left(self, data: bytes) -> bytes:
        """What is left of the buffer."""
        starts, ends = [0, *self.ends], [*(start for start, _ in self.parts), len(data)]
        return b"".join(data[start:end] for start, end in zip(starts, ends, strict=True))


def _removed_parts(views: list[Json], dropped: Collection[int], n_buffers: int) -> Iterator[list[Part]]:
    """For each buffer the parts that only dropped bufferViews have."""
    steps: list[dict[int, list[int]]] = [
        {} for _ in range(n_buffers)
    ]  # by place: dropped and kept ones begun
    for i, view in enumerate(views):
        for part in ranges_in(view):
            start, end = _ends(part)
            for place, step in ((start, 1), (end, -1)):
                steps[part["buffer"]].setdefault(place, [0, 0])[i not in dropped] += step
    for each in steps:
        yield [(start, end - (end - start) % _ALIGNMENT) for start, end in _only_dropped(each)]


def _only_dropped(steps: dict[int, list[int]]) -> Iterator[Part]:
    n_dropped = n_kept = start = 0
    was = False
    for place in sorted(steps):
        n_dropped, n_kept = n_dropped + steps[place][0], n_kept + steps[place][1]
        now = n_dropped > 0 and n_kept == 0
        if was and not now and place - start >= _ALIGNMENT:
            yield start, place
        start = place if now and not was else start
        was = now


def _ends(part: Json) -> Part:
    start = part.get("byteOffset", 0)
    return start, start + part["byteLength"]


def _move_ranges(
    views: list[Json], buffers: Sequence[bytes | None], cuts: list[_Cut], starts: list[int]
) -> None:
    """Lets all ranges name their new buffer, and their new place in it."""
    with_data = [i for i, data in enumerate(buffers) if data is not None]
    without = [i for i, data in enumerate(buffers) if data is None]
    first = len(starts) > 1  # whether there are data at all
    for view in views:
        for part in ranges_in(view):
            old = part["buffer"]
            if old in without:
                part["buffer"] = without.index(old) + first
                continue
            start = starts[with_data.index(old)] + cuts[old].moved(part.get("byteOffset", 0))
            part |= {"buffer": 0, "byteOffset": start}


def _renumber(tree: Json, views: list[Json], dropped: Collection[int]) -> None:
    new = {old: place for place, old in enumerate(i for i in range(len(views)) if i not in dropped)}
    for node in view_references(tree):
        node["bufferView"] = new[node["bufferView"]]


def _put_buffers(tree: Json, buffers: Sequence[bytes | None], merged: bytes) -> tuple[bytes | None, ...]:
    facts = objects_in(tree, "buffers")
    empty = [fact for fact, data in zip(facts, buffers, strict=True) if data is None]
    first = next((fact for fact, data in zip(facts, buffers, strict=True) if data is not None), {})
    kept = {key: value for key, value in first.items() if key != "uri"}
    put(tree, "buffers", ([{**kept, "byteLength": len(merged)}] if merged else []) + empty)
    return (*([merged] if merged else []), *(None for _ in empty))
