"""imagegs as a codec of the bench: `imagegs.compress` to a size, and `decompress`.

A name is imagegs, then a tune if not the default one, -grain, and an effort, as in imagegs-psnr,
imagegs-visual-grain-e7; or paper, the recipe of Image-GS, and an effort.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from imagegs import _native
from imagegs.choices import TUNES
from imagegs.codec import Bits
from imagegs.codec import decode as decode_gaussians
from imagegs.compression import compress, decompress
from imagegs.compression.keywords import CompressKeywords
from imagegs.evaluation.codec import Codec, Pixels, Shape
from imagegs.evaluation.store import digest_of_files
from imagegs.limits import DEFAULT_SIZE_LIMIT
from imagegs.rendering import Painter

_OURS = re.compile(rf"imagegs(?:-(?P<tune>{'|'.join(TUNES)}))?(?P<grain>-grain)?(?:-e(?P<effort>[1-9]))?")
_PAPER = re.compile(r"paper(?:-e(?P<effort>[1-9]))?")


def own_codec(name: str, effort: int) -> Codec | None:
    """The codec of a name, or None where the name is none of ours; `effort`: where the name has none."""
    if found := _PAPER.fullmatch(name):
        keywords = CompressKeywords(recipe="paper", bits=Bits())
        title, settings = ["Image-GS recipe"], ["recipe paper", "16 bits a number"]
    elif found := _OURS.fullmatch(name):
        tune = next((each for each in TUNES if each == found["tune"]), None)
        keywords = CompressKeywords(tune=tune, grain="auto" if found["grain"] else "off")
        told = [f"tune {tune}"] * (tune is not None) + ["grain"] * bool(found["grain"])
        title, settings = ["imagegs", *told], ["recipe imagegs", *told]
    else:
        return None
    keywords |= {"effort": int(found["effort"] or effort), "threads": 1}
    title += [f"effort {found['effort']}"] * bool(found["effort"])
    settings.insert(1, f"effort {keywords['effort']}")
    return Codec(
        name,
        ", ".join(title),
        ", ".join(settings),
        partial(_encode, keywords),
        _decode,
        dial=None,
        decode_plain=partial(_decode, grain=0.0) if keywords.get("grain") == "auto" else None,
        multiply_adds=_multiply_adds,
        code=_code,
    )


def _encode(keywords: CompressKeywords, pixels: Pixels, n_bytes: float) -> bytes:
    """The largest file within n_bytes. Raises ValueError where there is none."""
    sized: CompressKeywords = {**keywords, "target_size": int(n_bytes)}
    return compress(pixels, **sized)


def _decode(data: bytes, shape: Shape, grain: float = 1.0) -> Pixels:
    decoded = decompress(data, grain=grain, threads=1, size_limit=size_limit_of(shape))
    assert not isinstance(decoded, dict)  # one picture was compressed
    return decoded.reshape(shape)


def _multiply_adds(data: bytes, shape: Shape) -> float | None:
    gaussians = decode_gaussians(data, size_limit=size_limit_of(shape))
    counted = Painter(gaussians, threads=1).multiply_adds()
    return None if counted is None else counted.mean


@cache
def _code() -> str:
    """A key of the code that makes the files: any change of it may change them."""
    package = Path(__file__).parents[1]
    rooms = ("", "pictures/", "codec/", "fitting/", "restoration/", "grain/", "compression/")
    files = [file for room in rooms for file in package.glob(f"{room}*.py")]
    return digest_of_files([*files, Path(_native.__file__)])


def size_limit_of(shape: Sequence[int]) -> int:
    """The default, or what a larger picture (H, W, ...) needs that the bench was asked to take."""
    return max(DEFAULT_SIZE_LIMIT, math.prod(shape[:2]))
