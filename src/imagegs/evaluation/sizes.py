"""The best file within a number of bytes, of a codec that knows only qualities."""

from __future__ import annotations

import math
from collections.abc import Sequence

from imagegs.evaluation.codec import Codec, Pixels


class SizeSearch:
    """Files of one picture and one codec with a dial; each setting is encoded once, whatever is asked."""

    def __init__(self, codec: Codec, pixels: Pixels) -> None:
        if not codec.dial:
            raise ValueError(f"{codec.name} has no dial")
        self._codec, self._pixels = codec, pixels
        self._dial: Sequence[float] = codec.dial
        self._files: dict[int, bytes] = {}

    def best_within(self, n_bytes: int) -> tuple[float, bytes] | None:
        """The setting with the largest file of n_bytes or less, and that file; None where the smallest is
        larger.

        Sizes are taken to rise along the dial; where a codec breaks that, the file is within the size all
        the same.
        """
        low, high = (
            0,
            len(self._dial),
        )  # the file of low is within, that of high is not, or is beyond the dial
        if len(self._file(0)) > n_bytes:
            return None
        for index, data in self._files.items():
            if len(data) <= n_bytes:
                low = max(low, index)
        high = min([high, *(i for i, data in self._files.items() if i > low and len(data) > n_bytes)])
        bisect = False
        while high - low > 1:
            middle = (low + high) // 2 if bisect else self._guess(low, high, n_bytes)
            if len(self._file(middle)) <= n_bytes:
                low = middle
            else:
                high = middle
            bisect = not bisect  # in turns: guesses alone creep where sizes are far from exponential
        return self._dial[low], self._file(low)

    def smallest(self) -> bytes:
        """The file of the dial's first setting: the codec's floor."""
        return self._file(0)

    def _file(self, index: int) -> bytes:
        if index not in self._files:
            self._files[index] = self._codec.encode(self._pixels, self._dial[index])
        return self._files[index]

    def _guess(self, low: int, high: int, n_bytes: int) -> int:
        """A setting between two: where the size would be n_bytes if its logarithm grew evenly."""
        if high == len(self._dial):
            return (low + high) // 2
        sizes = [math.log(len(self._file(index))) for index in (low, high)]
        share = (math.log(n_bytes) - sizes[0]) / max(sizes[1] - sizes[0], 1e-9)
        return min(max(low + round(share * (high - low)), low + 1), high - 1)
