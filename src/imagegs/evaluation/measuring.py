"""The rows of one codec and one picture: a file within each size, what it costs, how alike it is.

A row is what results.json has of a file:

    codec, picture    names
    rate              the bits a pixel that were allowed; null: the codec's one rate; "floor": its
                      smallest file
    bytes, bpp        of the whole file; bpp alone, of the smallest file, where none is within the rate
    setting           of the codec's dial; null for one without
    METRIC            a number for each metric of the bench; null: PSNR of equal pictures, or a picture too
                      small for the metric
    encode_seconds, encode_cpu_seconds, encode_peak_bytes, and the same of decode
    multiply_adds     a pixel, on average: .gsimg files and neural networks alone
    error             in place of all these: why there is no file
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from imagegs.codec import bytes_for_bpp
from imagegs.evaluation.codec import Codec, Pixels
from imagegs.evaluation.costs import Cost, measured
from imagegs.evaluation.crops import Window, as_webp, cut
from imagegs.evaluation.metrics import METRICS
from imagegs.evaluation.sizes import SizeSearch
from imagegs.evaluation.store import Store, digest, digest_of_files, digest_of_pixels

Row = dict[str, Any]
FLOOR = "floor"


@dataclass(frozen=True)
class Subject:
    """A picture to measure with: its pixels, and the window that the report shows of it, if it shows one."""

    name: str
    pixels: Pixels
    window: Window | None = None

    @property
    def area(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0] * self.pixels.shape[1])


class Bench:
    """Measures; what the store has is taken from there."""

    def __init__(self, codec: Codec, subject: Subject, metrics: tuple[str, ...], store: Store) -> None:
        self._codec, self._subject, self._metrics, self._store = codec, subject, metrics, store
        version = " ".join(filter(None, (codec.code and codec.code(), codec.version())))
        picture = digest_of_pixels(subject.pixels)
        self._about = [picture, codec.name, codec.settings, version]
        self._search: SizeSearch | None = None

    def rows(self, rates: tuple[float, ...]) -> Iterator[Row]:
        """One for each rate; of a codec of one rate, one in all; a last one of the floor where it is above
        some rate.
        """
        dial = self._codec.dial
        if dial is not None and len(dial) == 1:
            yield self._row(None)
            return
        below_floor = False
        for rate in rates:
            row = self._row(rate)
            below_floor |= "bytes" not in row and "error" not in row
            yield row
        if below_floor and dial is not None:
            yield self._row(FLOOR)

    def _row(self, rate: float | str | None) -> Row:
        where = {"codec": self._codec.name, "picture": self._subject.name, "rate": rate}
        n_bytes = bytes_for_bpp(rate, *self._subject.pixels.shape[:2]) if isinstance(rate, float) else rate
        key = digest(*self._about, n_bytes)
        row = self._known(key)
        if row is None:
            row = self._encoded(key, n_bytes)
            row = self._completed(key, row) if "bytes" in row else row
        return where | {name: value for name, value in row.items() if "@" not in name}

    def _known(self, key: str) -> Row | None:
        """The row of an earlier run, or None where there is none or the store is damaged."""
        row = self._store.read_json(key)
        if row is None or "bytes" not in row:
            return row
        if len(self._store.read(key, "file") or b"") != row["bytes"]:
            return None
        try:
            return self._completed(key, row)
        except Exception:  # whatever a codec's library raises at damaged bytes
            return None

    def _encoded(self, key: str, n_bytes: int | str | None) -> Row:
        try:
            row, data = self._make(n_bytes)
        except Exception as error:
            # Whatever a codec's library raises is a result of this picture, and not kept for the next run.
            return {"error": f"{type(error).__name__}: {error}"}
        if data is not None:
            row |= {"bytes": len(data), "bpp": 8 * len(data) / self._subject.area}
            self._store.write(key, "file", data)
        self._store.write_json(key, row)
        return row

    def _make(self, n_bytes: int | str | None) -> tuple[Row, bytes | None]:
        codec, pixels = self._codec, self._subject.pixels
        if codec.dial is None:
            assert isinstance(n_bytes, int)
            setting: float = n_bytes
        elif n_bytes is None or n_bytes == FLOOR:
            setting = codec.dial[0]
        else:
            assert isinstance(n_bytes, int)
            self._search = self._search or SizeSearch(codec, pixels)
            found = self._search.best_within(n_bytes)
            if found is None:
                return {"bpp": 8 * len(self._search.smallest()) / self._subject.area}, None
            setting = found[0]
        data, cost = measured(lambda: codec.encode(pixels, setting))
        return {"setting": None if codec.dial is None else setting, **_told("encode", cost)}, data

    def _completed(self, key: str, row: Row) -> Row:
        """Completes a row with all measures that are asked for; decodes the file where one is missing."""
        needed = {f"{name}@{_metric_version()}": name for name in self._metrics}
        window = self._subject.window
        crop = None if window is None else self.crop_key(key)
        lacks_crop = crop is not None and self._store.read(crop, "webp") is None
        missing = [name for at, name in needed.items() if at not in row]
        if missing or lacks_crop or "decode_seconds" not in row:
            data = self._store.read(key, "file") or b""
            decoded, cost = measured(lambda: self._codec.decode(data, self._subject.pixels.shape))
            row = {**row, **_told("decode", cost)} if "decode_seconds" not in row else row
            if self._codec.multiply_adds is not None and "multiply_adds" not in row:
                row["multiply_adds"] = self._codec.multiply_adds(data, self._subject.pixels.shape)
            plain = self._plain(data, decoded)
            for name in missing:
                picture = decoded if METRICS[name].perceptual else plain
                row[f"{name}@{_metric_version()}"] = self._measured(name, picture)
            if crop is not None and window is not None:
                self._store.write(crop, "webp", as_webp(cut(decoded, window)))
            self._store.write_json(key, row)
        shown = {name: row[at] for at, name in needed.items()}
        return row | shown | ({} if crop is None else {"crop": crop})

    def _plain(self, data: bytes, decoded: Pixels) -> Pixels:
        """The picture without what its decoder adds for the eye."""
        if self._codec.decode_plain is None:
            return decoded
        return self._codec.decode_plain(data, self._subject.pixels.shape)

    def _measured(self, name: str, decoded: Pixels) -> float | None:
        """The value, or None for no number: the PSNR of equal pictures, a metric that needs a larger one."""
        try:
            value = METRICS[name].measure(self._subject.pixels, decoded)
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def crop_key(self, key: str) -> str:
        """The key of the window's picture in the store."""
        return digest(key, self._subject.window)


def _told(what: str, cost: Cost) -> Row:
    return {
        f"{what}_seconds": cost.seconds,
        f"{what}_cpu_seconds": cost.cpu_seconds,
        f"{what}_peak_bytes": cost.peak_bytes,
    }


@cache
def _metric_version() -> str:
    """A key of the code that measures: any change of it may change every number."""
    folder = Path(__file__).parent
    shared = [folder.parent / name for name in ("metrics.py", "pictures/transparency.py")]
    perceptual = [*folder.glob("perceptual/*.py"), *folder.parent.glob("ssimulacra/*.py")]
    files = [folder / "metrics.py", *perceptual, *shared]
    return digest_of_files(files)[:8]
