"""Pictures out of files: PNG, TIFF, JPEG, WebP and whatever else Pillow opens.

`read_picture` takes every kind of picture to integers of 8 or 16 bits with named channels; the way back is
`imagegs.image_writers.write_picture`.
"""

from __future__ import annotations

import io
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from imagegs import deep_images
from imagegs.errors import FormatError, ImageGSError, LimitError, is_of_the_disk
from imagegs.files import PathLike, read_to_limit
from imagegs.limits import DEFAULT_LIMITS
from imagegs.pixels import CHANNEL_NAMES, MAX_PIXELS, IntegerPixels, Picture

_pillow_lock = threading.Lock()
_nowhere = logging.NullHandler()


def read_picture(
    source: PathLike | BinaryIO, *, max_pixels: int = MAX_PIXELS, as_data: bool = False
) -> Picture:
    """Read a picture file: the first frame or page, 8 or 16 bits, gray or RGB, with alpha or without.

    source: a path, or a file opened for reading in binary, at its start; it need not be seekable.

    Palettes and CMYK become RGB (a palette of grays alone becomes gray), 1 bit becomes 8, a transparent
    colour or palette entry becomes an alpha channel; an alpha channel is kept, opaque or not. The EXIF
    orientation is applied. An embedded ICC profile other than sRGB is converted to sRGB, with 16 bits
    too, unless it works by tables (FormatError); as_data: it is not, the samples are no colours (normals,
    roughness). PNG's gAMA and cHRM are ignored. Deep colour is read as
    16 bits from PNG and TIFF (12-bit gray TIFF is scaled up), as 8 bits from other formats and from CMYK.

    Raises FileNotFoundError, IsADirectoryError, PermissionError, ...; FormatError where the contents are
    damaged, no picture, or of a kind that is not supported (32-bit and floating-point samples, ...);
    LimitError above max_pixels pixels.
    """
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as opened:
            return read_picture(opened, max_pixels=max_pixels, as_data=as_data)
    file = source if source.seekable() else io.BytesIO(read_to_limit(source, _max_bytes(max_pixels)))
    with _pillow_settings(max_pixels):
        try:
            return _read(file, max_pixels, as_data)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise LimitError(f"the picture has more than {max_pixels} pixels, the limit") from None
        except (ImageGSError, MemoryError):
            raise
        except Exception as error:  # Pillow's plugins raise whatever their parsing runs into
            if is_of_the_disk(error):
                raise
            raise FormatError(f"the picture is damaged or not supported{_reason(error)}") from error


def _max_bytes(max_pixels: int) -> int:
    """Of a file that is held in memory: a picture of so many pixels that are not compressed, 4 bytes each."""
    return max(DEFAULT_LIMITS.max_bytes, 4 * max_pixels)


def _reason(error: Exception) -> str:
    """ ": what was wrong", where the error says it in words; a failed look-up names but a key or an index."""
    text = " ".join(str(error).split())
    return f": {text}" if text and not isinstance(error, LookupError) else ""


@contextmanager
def _pillow_settings(max_pixels: int) -> Iterator[None]:
    """Set Pillow's limit on pixels, and silence its warnings but that about the limit, for a while.

    What it and tifffile log goes to standard error while nobody has set up logging; now it does not.
    """
    with _pillow_lock, warnings.catch_warnings(), ExitStack() as undo:
        for logger in (logging.getLogger("PIL"), logging.getLogger("tifffile")):
            logger.addHandler(_nowhere)
            undo.callback(logger.removeHandler, _nowhere)
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _read(file: BinaryIO, max_pixels: int, as_data: bool) -> Picture:
    start = file.read(16)
    file.seek(0)
    if not start:
        raise FormatError("the file is empty")
    try:
        image = Image.open(file)
    except UnidentifiedImageError:
        if deep_images.is_tiff(start):
            return _finished(*deep_images.read_with_tifffile(file, max_pixels), as_data)
        raise FormatError("the contents are damaged, or no picture in a known format") from None
    if deep_images.is_deep_planar(image):
        return _finished(*deep_images.read_with_tifffile(file, max_pixels), as_data)
    if deep_images.is_deep_color(image):
        pixels: IntegerPixels = deep_images.read_deep_color(image, file)
    elif deep_images.is_deep_gray(image):
        pixels = deep_images.read_deep_gray(image)
    elif image.mode in ("I", "F"):
        kind = "32-bit or signed integer" if image.mode == "I" else "floating-point"
        raise FormatError(f"{kind} samples are not supported: save it with 8 or 16 bits")
    else:
        return _read_eight_bits(image, as_data)
    pixels = _with_keyed_alpha(pixels, image.info.get("transparency"))
    return _finished(pixels, _orientation(image), image.info.get("icc_profile"), as_data)


def _finished(pixels: IntegerPixels, orientation: int, profile: bytes | None, as_data: bool) -> Picture:
    """Upright, and colours in sRGB."""
    profile = None if as_data else profile
    if profile and pixels.dtype == np.uint16:
        from imagegs.color_profiles import srgb_pixels

        n_colors = 1 if pixels.shape[2] < 3 else 3
        deep = cast(NDArray[np.uint16], pixels)
        pixels = np.concatenate([srgb_pixels(deep[:, :, :n_colors], profile), deep[:, :, n_colors:]], axis=2)
    elif profile:
        pixels = _in_srgb(Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels), profile)
    pixels = np.ascontiguousarray(_upright(pixels, orientation))
    return Picture(pixels, CHANNEL_NAMES[pixels.shape[2]])


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8, that is left to apply; Pillow itself turns TIFF when it loads it."""
    return deep_images.valid_orientation(image.getexif().get(0x0112))


def _upright(pixels: IntegerPixels, orientation: int) -> IntegerPixels:
    """Undo an EXIF orientation (TIFF 6.0 and EXIF 2.3, tag 274)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _read_eight_bits(opened: ImageFile.ImageFile, as_data: bool) -> Picture:
    key_scale = _gray_key_scale(opened)
    opened.load()
    if as_data:
        opened.info.pop("icc_profile", None)
    orientation, profile = _orientation(opened), opened.info.get("icc_profile")
    was_palette = opened.mode in ("P", "PA")
    key = None if was_palette else opened.info.get("transparency")
    image = _plain(opened)
    pixels = _in_srgb(image, profile) if profile else _as_array(image)
    if isinstance(key, int) and image.mode == "L":
        key *= key_scale
    if key is not None and image.mode in ("L", "RGB"):
        # The colour is compared as the file has it, before any conversion to sRGB.
        pixels = np.concatenate([pixels, _with_keyed_alpha(_as_array(image), key)[:, :, -1:]], axis=2)
    if was_palette and (pixels[:, :, :1] == pixels[:, :, 1:3]).all():
        pixels = pixels[:, :, [0, 3]] if pixels.shape[2] == 4 else pixels[:, :, :1]
    return _finished(pixels, orientation, None, as_data)


def _gray_key_scale(image: ImageFile.ImageFile) -> int:
    """Pillow scales gray of 2 and 4 bits up to 8, but not the transparent gray of such a PNG."""
    args = image.tile[0].args if image.tile else None
    return {"L;2": 85, "L;4": 17}.get(args, 1) if isinstance(args, str) else 1


def _plain(image: Image.Image) -> Image.Image:
    """A loaded 8-bit picture as L, LA, RGB, RGBA or CMYK."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return cast(Image.Image, ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB"))
    modes = {"1": "L", "La": "LA", "RGBa": "RGBA"}
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image
    if image.mode == "CMYK":
        return image if image.info.get("icc_profile") else image.convert("RGB")
    return image.convert(modes.get(image.mode, "RGB"))


def _in_srgb(image: Image.Image, profile: bytes) -> NDArray[np.uint8]:
    """(H, W, C) of an L, LA, RGB, RGBA or CMYK picture; alpha is left as it is."""
    from imagegs.color_profiles import srgb_image

    if image.mode not in ("LA", "RGBA"):
        return _as_array(srgb_image(image, profile))
    color = srgb_image(image.convert(image.mode[:-1]), profile)
    return np.concatenate([_as_array(color), _as_array(image.getchannel("A"))], axis=2)


def _as_array(image: Image.Image) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.asarray(image)
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


def _with_keyed_alpha(pixels: IntegerPixels, key: object) -> IntegerPixels:
    """Add an alpha channel that is 0 where all channels equal the transparent colour (PNG's tRNS)."""
    if key is None or pixels.shape[2] not in (1, 3):
        return pixels
    opaque = (pixels != np.array(key, dtype=np.int64)).any(axis=2, keepdims=True)
    alpha = opaque * np.array(np.iinfo(pixels.dtype).max, pixels.dtype)
    return np.concatenate([pixels, alpha], axis=2)
