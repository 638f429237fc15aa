"""How many bits each attribute of a Gaussian gets."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from imagegs.codec.quantization import MAX_BITS
from imagegs.gaussians import BlendName


@dataclass(frozen=True)
class Bits:
    """Bits of every number of an attribute: 1..24 each, weight 0..24 (0: no log-weights are stored).

    The "paper" blend has no log-weights, so there `weight` does not count.
    Raises TypeError when a value is not an integer, ValueError when it is out of its range.

    >>> imagegs.Bits(position=14, color=8)
    Bits(position=14, scale=16, angle=16, weight=16, color=8)
    >>> imagegs.Bits.parse("12") == imagegs.Bits(12, 12, 12, 12, 12)
    True
    """

    position: int = 16
    scale: int = 16
    angle: int = 16
    weight: int = 16
    color: int = 16

    def __post_init__(self) -> None:
        for field in fields(self):
            value, lowest = getattr(self, field.name), 0 if field.name == "weight" else 1
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"bits of the {field.name} must be an integer, not {value!r}")
            if not lowest <= value <= MAX_BITS:
                raise ValueError(f"bits of the {field.name} must be {lowest} to {MAX_BITS}, not {value}")

    @classmethod
    def parse(cls, text: str) -> Bits:
        """Reads bits from "12" (all the same) or "12,8,8,8,8" (position, scale, angle, weight, color).

        Raises ValueError for any other text.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) not in (1, 5) or not all(re.fullmatch("[0-9]{1,4}", part) for part in parts):
            raise ValueError(f"bits must be one number or POSITION,SCALE,ANGLE,WEIGHT,COLOR, not {text!r}")
        return cls(*[int(part) for part in parts * (5 // len(parts))])

    def bits_per_gaussian(self, channels: int, blend: BlendName) -> int:
        """Bits of one Gaussian with that many colour channels, ranges and file frame not counted."""
        weight = self.weight if blend == "softmax" else 0
        return 2 * self.position + 2 * self.scale + self.angle + weight + channels * self.color
