"""Picture codecs that most people would pick: JPEG, WebP, AVIF, JPEG 2000, JPEG XL, with their usual tools.

Settings are those of slow, careful encoding that a user would still wait for.
"""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from imagegs.evaluation.codec import PILLOW, Codec, Pixels, Shape
from imagegs.pictures.formats import open_image

_QUALITIES = tuple(range(101))
_JPEG_QUALITIES = tuple(range(96))  # more is larger, hardly better
_JPEG_2000_RATIOS = tuple(np.geomspace(3000, 3, 256).round(4).tolist())
_JXL_DISTANCES = tuple(np.geomspace(25, 0.1, 200).round(4).tolist())


def _encode_pillow(kind: str, options: dict[str, Any], pixels: Pixels, quality: float) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=int(quality), **options)
    return file.getvalue()


def _encode_jpeg_2000(pixels: Pixels, ratio: float) -> bytes:
    file = io.BytesIO()
    options: dict[str, Any] = {"quality_mode": "rates", "irreversible": True, "mct": 1}
    Image.fromarray(pixels).save(file, "JPEG2000", quality_layers=[ratio], **options)
    return file.getvalue()


def _encode_mozjpeg(pixels: Pixels, quality: float) -> bytes:
    import opencodecs

    return bytes(opencodecs.get_codec("mozjpeg").encode(pixels, level=int(quality)))


def _encode_jxl(pixels: Pixels, distance: float) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpegxl_encode(pixels, distance=distance, effort=7, numthreads=1))


def _decode_jxl(data: bytes, shape: Shape) -> Pixels:
    import imagecodecs

    return np.asarray(imagecodecs.jpegxl_decode(data, numthreads=1))


def decode_with_pillow(data: bytes, shape: Shape) -> Pixels:
    """The RGB picture in a file that Pillow reads."""
    return np.asarray(open_image(io.BytesIO(data)).convert("RGB"))


def _pillow(name: str, title: str, kind: str, dial: tuple[int, ...], **options: Any) -> Codec:
    told = ", ".join(f"{key} {value}" for key, value in options.items())
    encode = partial(_encode_pillow, kind, options)
    return Codec(name, title, told, encode, decode_with_pillow, dial, (PILLOW,))


def _avif(name: str, title: str, subsampling: str) -> Codec:
    return _pillow(name, title, "AVIF", _QUALITIES, speed=6, subsampling=subsampling, max_threads=1)


_OPENCODECS, _IMAGECODECS = ("opencodecs", "opencodecs"), ("imagecodecs", "imagecodecs")
PICTURE_CODECS = (
    _pillow("jpeg", "JPEG", "JPEG", _JPEG_QUALITIES, progressive=True, optimize=True, subsampling="4:2:0"),
    Codec(
        "mozjpeg",
        "MozJPEG",
        "progressive, trellis, 4:2:0",
        _encode_mozjpeg,
        decode_with_pillow,
        _JPEG_QUALITIES,
        (_OPENCODECS, PILLOW),
    ),
    _pillow("webp", "WebP", "WEBP", _QUALITIES, method=6),
    _avif("avif", "AVIF", "4:2:0"),
    _avif("avif-444", "AVIF 4:4:4", "4:4:4"),
    Codec("jxl", "JPEG XL", "effort 7", _encode_jxl, _decode_jxl, _JXL_DISTANCES, (_IMAGECODECS,)),
    Codec(
        "jp2",
        "JPEG 2000",
        "one layer, irreversible 9/7 wavelet, color transform",
        _encode_jpeg_2000,
        decode_with_pillow,
        _JPEG_2000_RATIOS,
        (PILLOW,),
    ),
)
