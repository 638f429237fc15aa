"""The outcome of a whole batch."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

from imagegs.distributed.rows import Row
from imagegs.distributed.work import Done

_MOST_FAILURES = 100  # in the JSON object; the manifest has all


@dataclass
class Summary:
    """The rows of a batch."""

    rows: list[Row] = field(default_factory=list)  # of pictures that have an output
    failures: list[Row] = field(default_factory=list)
    unchanged: int = 0  # pictures of which an earlier run's output still holds

    def add(self, done: Done) -> None:
        """Counts one more result."""
        (self.rows if done.row.error is None else self.failures).append(done.row)
        self.unchanged += not done.is_new

    @property
    def pictures(self) -> int:
        """The number of all of them."""
        return len(self.rows) + len(self.failures)

    @property
    def encoded(self) -> int:
        """The number of pictures that this run compressed."""
        return len(self.rows) - self.unchanged

    @property
    def bytes(self) -> int:
        """The bytes of all outputs together."""
        return sum(row.bytes or 0 for row in self.rows)

    def mean(self, name: str) -> float | None:
        """The mean of a field over all rows that have it; None where there are none."""
        values = [value for row in self.rows if (value := getattr(row, name)) is not None]
        return statistics.fmean(values) if values else None

    def to_json(self) -> dict[str, Any]:
        """The fields of the command's JSON object. Means are over the pictures that have an output."""
        return {
            "pictures": self.pictures,
            "encoded": self.encoded,
            "unchanged": self.unchanged,
            "failed": len(self.failures),
            "bytes": self.bytes,
            **{f"mean_{name}": self.mean(name) for name in ("bpp", "psnr", "ssim")},
            "failures": [{"input": row.input, "error": row.error} for row in self.failures[:_MOST_FAILURES]],
        }

    def text(self) -> str:
        """The summary in one line, for people."""
        parts = [f"{self.pictures:,} pictures: {self.encoded:,} encoded"]
        parts += [f"{self.unchanged:,} unchanged"] if self.unchanged else []
        parts += [f"{len(self.failures):,} failed"] if self.failures else []
        parts += [f"{self.bytes:,} bytes"]
        for name, text in (("bpp", "{:.3f} bpp"), ("psnr", "{:.2f} dB PSNR"), ("ssim", "{:.4f} SSIM")):
            if (mean := self.mean(name)) is not None:
                parts.append(f"on average {text.format(mean)}" if name == "bpp" else text.format(mean))
        return ", ".join(parts)
