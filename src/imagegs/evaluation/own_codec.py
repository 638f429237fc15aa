"""imagegs as a codec of the bench: `imagegs.compress` to a size, and `decompress`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from imagegs.codec import Bits
from imagegs.compression import compress, decompress
from imagegs.compression.keywords import CompressKeywords
from imagegs.evaluation.codec import Codec, Pixels, Shape
from imagegs.fitting import RecipeName
from imagegs.limits import DEFAULT_SIZE_LIMIT

TITLES: dict[RecipeName, str] = {"imagegs": "imagegs", "paper": "Image-GS recipe"}


def own_codec(name: str, recipe: RecipeName, effort: int) -> Codec:
    """A recipe and an effort; the paper's numbers have 16 bits."""
    keywords = CompressKeywords(recipe=recipe, effort=effort, bits=Bits() if recipe == "paper" else None)
    effort_told = name.rpartition("-e")[2] if name != recipe else ""
    title = TITLES[recipe] + (f", effort {effort_told}" if effort_told else "")
    settings = f"recipe {recipe}, effort {effort}" + (", 16 bits a number" if recipe == "paper" else "")
    return Codec(name, title, settings, partial(_encode, keywords), _decode, dial=None)


def _encode(keywords: CompressKeywords, pixels: Pixels, n_bytes: float) -> bytes:
    """The largest file within n_bytes. Raises ValueError where there is none."""
    sized: CompressKeywords = {**keywords, "target_size": int(n_bytes), "threads": 1}
    return compress(pixels, **sized)


def _decode(data: bytes, shape: Shape) -> Pixels:
    decoded = decompress(data, threads=1, size_limit=size_limit_of(shape))
    assert not isinstance(decoded, dict)  # one picture was compressed
    return decoded.reshape(shape)


def size_limit_of(shape: Sequence[int]) -> int:
    """The default, or what a larger picture (H, W, ...) needs that the bench was asked to take."""
    return max(DEFAULT_SIZE_LIMIT, math.prod(shape[:2]))
