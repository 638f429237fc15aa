"""The report of a bench: one HTML file that needs nothing else, results.csv and results.json."""

from __future__ import annotations

import base64
import csv
import io
import json
from importlib.resources import files
from typing import Any

from imagegs.evaluation.codec import Pixels
from imagegs.evaluation.crops import as_webp, busiest_window, cut
from imagegs.evaluation.measuring import Row
from imagegs.evaluation.store import Store
from imagegs.pages.assembling import assembled, element_script, json_in_page

_SCRIPTS = ("elements.js", "chart.js", "tables.js", "crops.js", "system.js", "page.js")
_FIRST_COLUMNS = ("picture", "codec", "rate", "bytes", "bpp", "setting")
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are full-width
REPORT, TABLE, RESULTS = "report.html", "results.csv", "results.json"


def report_files(
    results: dict[str, Any], store: Store, pixels: dict[str, Pixels] | None = None
) -> dict[str, bytes]:
    """The three files, by name, in the order in which they are to be written.

    results: as `summarized` gives them. pixels: (H, W, 3) uint8 of the pictures that rows have crops of, by
    name. Raises OSError where the store cannot be read.
    """
    shown = results | {"images": _images(results["rows"], store), "originals": _originals(pixels or {})}
    return {
        RESULTS: (json.dumps(results, indent=1, allow_nan=False) + "\n").encode(),
        TABLE: _table(results["rows"]).encode("utf-8", "backslashreplace"),
        REPORT: report_page(shown).encode(),
    }


def report_starts() -> dict[str, bytes]:
    """The bytes that each file of a report begins with; they tell it from another file of that name."""
    page = (files(__package__) / "report_page" / "page.html").read_text("utf-8")
    return {
        RESULTS: b'{\n "imagegs": ',
        TABLE: _table([]).removesuffix("\n").encode(),
        REPORT: page.partition("<style>")[0].encode(),
    }


def report_page(results: dict[str, Any]) -> str:
    """The HTML of results with their images."""
    folder = files(__package__) / "report_page"
    scripts = [(folder / name).read_text("utf-8") for name in _SCRIPTS]
    parts = {
        "/* style */": (folder / "style.css").read_text("utf-8"),
        "/* script */": "\n".join([element_script(), *scripts]),
        "/* results */": json_in_page(results),
    }
    return assembled((folder / "page.html").read_text("utf-8"), parts)


def _table(rows: list[Row]) -> str:
    columns = dict.fromkeys([*_FIRST_COLUMNS, *(name for row in rows for name in row if name != "crop")])
    file = io.StringIO()
    # Text in quotes, so that no other separator, as ";", begins a cell within it.
    writer = csv.DictWriter(
        file, list(columns), extrasaction="ignore", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
    )
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, as a picture may be named, behind an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _images(rows: list[Row], store: Store) -> dict[str, str]:
    """The pictures of the store's crops, as addresses by their keys."""
    found = {row["crop"]: store.read(row["crop"], "webp") for row in rows if "crop" in row}
    return {key: _as_url(data) for key, data in found.items() if data is not None}


def _originals(pixels: dict[str, Pixels]) -> dict[str, str]:
    return {name: _as_url(as_webp(cut(picture, busiest_window(picture)))) for name, picture in pixels.items()}


def _as_url(data: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(data).decode()
