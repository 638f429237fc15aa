"""What the benchmarks of whole pictures share: options, pictures, results that a later run goes on from."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imagegs.evaluation.bench import machine
from imagegs.pictures.reading import read_picture

SUFFIXES = (".png", ".jpg", ".webp", ".tif")


def picture_parser(description: str) -> argparse.ArgumentParser:
    """A parser with --pictures, --side, --count, --names and --out."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--side", type=int, help="of the longer side, pixels; larger pictures are reduced")
    parser.add_argument("--count", type=int, help="only the first so many pictures")
    parser.add_argument("--names", help="only the pictures of these names, without suffixes: a,b,c")
    parser.add_argument("--out", type=Path, help="results; what the file already has is kept")
    return parser


def pictures(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES]


def chosen_pictures(options: argparse.Namespace) -> list[Path]:
    """The pictures that the options of `picture_parser` ask for."""
    first = pictures(options.pictures)[: options.count]
    names = options.names.split(",") if options.names else None
    return [path for path in first if names is None or path.stem in names]


def load(path: Path, side: int | None) -> Any:
    """An RGB picture (no alpha, gray repeated), its longer side reduced to `side` by box filtering."""
    pixels = read_picture(path).pixels
    pixels = pixels[:, :, :3] if pixels.shape[2] > 2 else pixels[:, :, :1].repeat(3, axis=2)
    if side is None or max(pixels.shape[:2]) <= side:
        return pixels
    height, width = (max(1, round(length * side / max(pixels.shape[:2]))) for length in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


class Record:
    """Rows, the machine and the setting that they were measured with, in a JSON file if there is one."""

    def __init__(self, path: Path | None, setting: dict[str, Any], rows: str = "rows") -> None:
        self._path = path
        self.result: dict[str, Any] = {"machine": machine(), **setting, rows: {}}
        if path and path.exists():
            self.result = json.loads(path.read_text())
            if {k: self.result[k] for k in setting} != setting:
                raise SystemExit(f"{path} has other settings")
        self.rows: dict[str, Any] = self.result[rows]

    def fill(self, options: argparse.Namespace, measure: Callable[[Path, argparse.Namespace], Any]) -> None:
        """A row for each picture that has none."""
        for path in chosen_pictures(options):
            if path.stem not in self.rows:
                self.rows[path.stem] = measure(path, options)
                print(path.stem, self.rows[path.stem], flush=True)
                self.keep()

    def keep(self) -> None:
        """Writes what there is now."""
        if self._path:
            self._path.write_text(json.dumps(self.result) + "\n")
