"""A server with a page and what the page shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from imagegs.viewer.file_parts import FileParts
from imagegs.viewer.page import Shown, viewer_page
from imagegs.viewer.server import Content, Events, Server

_GSIMG, _PNG, _HTML = "application/octet-stream", "image/png", "text/html; charset=utf-8"


def serve_page(
    shown: Shown,
    port: int = 0,
    *,
    events: Events | None = None,
    newest: Callable[[], bytes] | None = None,
) -> Server:
    """Starts a server for a page; port: 0 takes a free one.

    newest: returns the bytes of the newest picture, where it changes; `events` then announces changes.
    Raises OSError where the port is taken.
    """
    contents: dict[str, Content] = {}
    picture = shown.picture if isinstance(shown.picture, FileParts) else newest or _constant(shown.picture)
    contents["picture.gsimg"] = (_GSIMG, picture)
    references: dict[int, tuple[bytes | str, ...]] = {}
    for number, parts in shown.references.items():
        paths = [f"reference-{number}-{place}.png" for place in range(len(parts))]
        contents |= {path: (_PNG, _constant(part)) for path, part in zip(paths, parts, strict=True)}
        references[number] = tuple(paths)
    told = replace(
        shown,
        picture="picture.gsimg",
        references=references,
        events="events" if events is not None else None,
    )
    contents[""] = (_HTML, _constant(viewer_page(told).encode()))
    return Server(contents, events, port)


def _constant(data: bytes | str) -> Callable[[], bytes]:
    assert isinstance(data, bytes)
    return lambda: data
