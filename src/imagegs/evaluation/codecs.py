"""The codecs of `imagegs bench`: what each is called, what it needs, and its files of a picture.

`codec_named` makes one of a name: those of `own_codec` and `neural_codec`, each of `NAMES`, and name-half for
the codec at half the picture's size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image

from imagegs.choices import DEFAULT_EFFORT
from imagegs.evaluation.block_codecs import BLOCK_CODECS
from imagegs.evaluation.codec import Codec, Pixels, Shape
from imagegs.evaluation.neural_codecs import NEURAL_NAMES, neural_codec
from imagegs.evaluation.own_codec import own_codec
from imagegs.evaluation.picture_codecs import PICTURE_CODECS

OTHERS = {codec.name: codec for codec in (*PICTURE_CODECS, *BLOCK_CODECS)}
HALF = "-half"
NAMES = ("imagegs", "paper", *OTHERS, *NEURAL_NAMES)
GROUPS = {  # neural networks take minutes for a file: who says "all" does not wait for them
    "all": ("imagegs", "paper", *OTHERS, *(codec.name + HALF for codec in PICTURE_CODECS)),
    "neural": NEURAL_NAMES,
}
DEFAULT_NAMES = ("imagegs", "jpeg", "mozjpeg", "webp", "avif", "jxl", "jp2", "avif-half")


def codec_named(name: str, effort: int = DEFAULT_EFFORT) -> Codec:
    """The codec of a name; `effort` is that of imagegs and paper where the name says none.

    Raises ValueError for a name that no codec has.
    """
    if name.endswith(HALF):
        return _at_half_size(codec_named(name.removesuffix(HALF), effort))
    if (own := own_codec(name, effort)) is not None:
        return own
    if (neural := neural_codec(name)) is not None:
        return neural
    if name in OTHERS:
        return OTHERS[name]
    raise ValueError(f"no codec {name!r}; there are {', '.join(NAMES)}, and each with {HALF}")


def _at_half_size(codec: Codec) -> Codec:
    return replace(
        codec,
        name=codec.name + HALF,
        title=f"{codec.title}, half size",
        settings=f"{codec.settings}; of the picture box-reduced to half its sides, enlarged by Lanczos",
        encode=partial(_encode_half, codec),
        decode=partial(_decode_half, codec.decode),
        decode_plain=codec.decode_plain and partial(_decode_half, codec.decode_plain),
        multiply_adds=codec.multiply_adds and partial(_multiply_adds_half, codec.multiply_adds),
    )


def _encode_half(codec: Codec, pixels: Pixels, setting: float) -> bytes:
    height, width = _half(pixels.shape)[:2]
    return codec.encode(_resized(pixels, width, height, Image.Resampling.BOX), setting)


def _decode_half(decode: Callable[[bytes, Shape], Pixels], data: bytes, shape: Shape) -> Pixels:
    height, width = shape[:2]
    return _resized(decode(data, _half(shape)), width, height, Image.Resampling.LANCZOS)


def _multiply_adds_half(
    count: Callable[[bytes, Shape], float | None], data: bytes, shape: Shape
) -> float | None:
    return count(data, _half(shape))  # a pixel of the small picture


def _half(shape: tuple[int, ...]) -> Shape:
    return -(-shape[0] // 2), -(-shape[1] // 2), shape[2]


def _resized(pixels: Pixels, width: int, height: int, how: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((width, height), how))
