"""The page of the viewer: one HTML text that includes the library and all scripts."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.pages.assembling import assembled, element_script, json_in_page
from imagegs.viewer.file_parts import FileParts
from imagegs.web.module import module_text

_SCRIPTS = (
    "config.js",
    "viewport.js",
    "gestures.js",
    "card.js",
    "frames.js",
    "overlays.js",
    "identity.js",
    "reference.js",
    "panel.js",
    "readout.js",
    "live.js",
    "parts.js",
    "main.js",
)


@dataclass(frozen=True)
class Shown:
    """What a page shows.

    name: the name of the file, for the title. picture: the bytes of the .gsimg file, or their address, or the
    open file, which is served in parts. references: for the number of each map (0 for a plain picture) the
    PNG files of its original (`reference_files`), or their addresses. events: the address of a stream with
    the progress of a running fit. partial: whether a file that was cut short is shown as far as it goes.
    in_parts: whether only what is in sight is loaded from the address, of a file in blocks.
    """

    name: str
    picture: bytes | str | FileParts
    references: dict[int, tuple[bytes | str, ...]] = field(default_factory=dict)
    events: str | None = None
    partial: bool = False
    in_parts: bool = False


def viewer_page(shown: Shown) -> str:
    """The HTML of the page. It needs no server if `shown` has no addresses."""
    folder = files(__package__) / "page"
    scripts = [(folder / name).read_text("utf-8") for name in _SCRIPTS]
    parts = {
        "/* style */": (folder / "style.css").read_text("utf-8"),
        "/* script */": "\n".join([module_text(), element_script(), *scripts]),
        "/* config */": json_in_page(_config(shown)),
    }
    return assembled((folder / "page.html").read_text("utf-8"), parts)


def reference_files(pixels: NDArray[np.uint8], has_alpha: bool) -> tuple[bytes, ...]:
    """PNG files of (H, W, 1 to 4) pixels: one of the colours, and one of the last channel if that is alpha.

    Both are opaque, because a browser changes the colours of transparent pixels.
    """
    colors = pixels[:, :, :-1] if has_alpha else pixels
    return tuple(_png(part) for part in (colors, *([pixels[:, :, -1:]] if has_alpha else [])))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)).save(
        file, "PNG", compress_level=1
    )
    return file.getvalue()


def _config(shown: Shown) -> dict[str, Any]:
    references = {
        str(number): dict(zip(("color", "alpha"), map(_address, parts), strict=False))
        for number, parts in shown.references.items()
    }
    return {
        "name": shown.name,
        "data": _base64(shown.picture) if isinstance(shown.picture, bytes) else None,
        "picture": shown.picture if isinstance(shown.picture, str) else None,
        "references": references,
        "events": shown.events,
        "partial": shown.partial,
        "inParts": shown.in_parts,
    }


def _address(png: bytes | str) -> str:
    return png if isinstance(png, str) else "data:image/png;base64," + _base64(png)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
