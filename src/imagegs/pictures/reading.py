"""Pictures out of files: PNG, TIFF, JPEG, WebP, AVIF, JPEG 2000 and some more, see pictures/formats.py.

`read_picture` takes every kind of picture to integers of 8 or 16 bits with named channels, `picture_of` one
that Pillow holds already; the way back is `imagegs.pictures.writing.write_picture`. docs/pictures.md has a
table of what is read how.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from imagegs.errors import FormatError, ImageGSError, LimitError, is_of_the_disk
from imagegs.files import PathLike, read_to_limit
from imagegs.limits import DEFAULT_LIMITS
from imagegs.pictures import deep_samples
from imagegs.pictures.cicp import Cicp, avif_cicp, png_cicp
from imagegs.pictures.finishing import (
    as_array,
    finished,
    in_srgb,
    of_tiff,
    valid_orientation,
    with_keyed_alpha,
)
from imagegs.pictures.formats import START_BYTES, check_dds, open_image, refuse_others, why_not_opened
from imagegs.pictures.frames import count_frames, count_pages
from imagegs.pictures.jpeg2000 import check_colors, full_range, is_jpeg2000, read_header
from imagegs.pictures.pillow_settings import pillow_settings
from imagegs.pictures.pixels import MAX_PIXELS, Picture, gray_if_gray
from imagegs.pictures.pnm import read_pnm
from imagegs.pictures.tiff import TiffPage
from imagegs.pictures.tiff_directories import is_tiff

_ORIENTATION = 0x0112  # the EXIF tag


def read_picture(
    source: PathLike | BinaryIO, *, max_pixels: int = MAX_PIXELS, as_data: bool = False
) -> Picture:
    """Read a picture file: the first frame or page, 8 or 16 bits, gray or RGB, with alpha or without.

    source: a path, or a file opened for reading in binary, at its start; it need not be seekable.

    Samples of 1 to 8 bits are scaled to 8, those of 9 to 16 bits to 16 (PNG, TIFF, PGM and PPM, JPEG 2000;
    AVIF and CMYK are read as 8). Palettes and CMYK become RGB, a palette of grays alone becomes gray; a
    transparent colour or palette entry becomes an alpha channel; an alpha channel is kept, opaque or not, and
    divided out of colours that were multiplied with it. The EXIF orientation is applied. Colours that an ICC
    profile or CICP numbers (cICP of PNG, nclx of AVIF) say are not sRGB are converted to it, with 16 bits
    too, unless the profile works by tables (FormatError); as_data: they are not, the samples are no colours
    (normals, roughness). PNG's gAMA and cHRM are ignored. docs/pictures.md says more.

    Raises FileNotFoundError, IsADirectoryError, PermissionError, ...; FormatError where the contents are
    damaged, no picture, or of a kind that is not supported (32-bit and floating-point samples, HDR, ...);
    LimitError above max_pixels pixels.
    """
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as opened:
            return read_picture(opened, max_pixels=max_pixels, as_data=as_data)
    file = source if source.seekable() else io.BytesIO(read_to_limit(source, _max_bytes(max_pixels)))
    with pillow_settings(max_pixels):
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
    """How large a file may be that is held in memory: so many pixels, not compressed, of 4 bytes each."""
    return max(DEFAULT_LIMITS.max_bytes, 4 * max_pixels)


def _reason(error: Exception) -> str:
    """ ": what was wrong", where the error says it in words; a failed look-up names but a key or an index."""
    text = " ".join(str(error).split())
    return f": {text}" if text and not isinstance(error, LookupError) else ""


def picture_of(
    image: Image.Image, info: Mapping[str, Any] | None = None, *, as_data: bool = False
) -> Picture:
    """A picture that Pillow holds, of 8 bits or 16 bits of gray, read as `read_picture` reads files.

    info: what counts in place of the picture's own `transparency`, `icc_profile` and `exif`, as the writers
    of Pillow take them; None or empty for none. as_data: see `read_picture`.

    Raises ValueError for modes that are no such picture (F, among others) and for values of mode I beyond
    0..65535; FormatError for profiles that are not supported.
    """
    image.load()
    orientation = orientation_of(image)
    if info:
        orientation = _orientation_in(info["exif"]) if "exif" in info else orientation
        image = image.copy()
        image.info.update(info)
        for name in [name for name, value in info.items() if value is None]:
            del image.info[name]
    profile = None if as_data else image.info.get("icc_profile") or None
    if image.mode == "I" or image.mode.startswith("I;16"):
        pixels = with_keyed_alpha(_deep_gray(image), image.info.get("transparency"))
        return finished(pixels, orientation, profile)
    return _eight_bits(image, orientation, profile)


def _read(file: BinaryIO, max_pixels: int, as_data: bool) -> Picture:
    start = file.read(START_BYTES)
    if not start:
        raise FormatError("the file is empty")
    refuse_others(start)
    if is_tiff(start):
        return replace(_read_tiff(file, start, max_pixels, as_data), n_frames=count_pages(file))
    deep = read_pnm(file, max_pixels)
    if deep is not None:
        return finished(deep)
    numbers = None if as_data else _numbered_colors(start, file)
    return _read_with_pillow(file, start, numbers, as_data)


def _read_tiff(file: BinaryIO, start: bytes, max_pixels: int, as_data: bool) -> Picture:
    page = TiffPage(file)
    if page.is_byte_wise:
        return of_tiff(page.samples(max_pixels), as_data)
    return _read_with_pillow(page.for_pillow(), start, None, as_data)


def _numbered_colors(start: bytes, file: BinaryIO) -> Cicp | None:
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return png_cicp(file)
    return avif_cicp(file) if start[4:8] == b"ftyp" else None


def _read_with_pillow(file: BinaryIO, start: bytes, numbers: Cicp | None, as_data: bool) -> Picture:
    """numbers: what the file says of its colours by numbers; an ICC profile comes before those of AVIF."""
    try:
        image = open_image(file)
    except UnidentifiedImageError:
        raise FormatError(why_not_opened(file)) from None
    picture = _of_opened(image, file, start, numbers, as_data)
    return replace(picture, n_frames=count_frames(image))


def _of_opened(
    image: ImageFile.ImageFile, file: BinaryIO, start: bytes, numbers: Cicp | None, as_data: bool
) -> Picture:
    if is_jpeg2000(start):
        return _read_jpeg2000(image, file, as_data)
    if numbers is not None and image.format == "AVIF" and image.info.get("icc_profile"):
        numbers = None
    if image.format == "DDS":
        check_dds(start)
    if not deep_samples.is_deep_color(image):
        return _in_numbered_colors(image, numbers, as_data)
    pixels = with_keyed_alpha(deep_samples.read_deep_color(image, file), image.info.get("transparency"))
    profile = None if as_data else image.info.get("icc_profile")
    return finished(pixels, orientation_of(image), numbers or profile)


def _in_numbered_colors(image: ImageFile.ImageFile, numbers: Cicp | None, as_data: bool) -> Picture:
    """A picture that Pillow has opened; numbers come before its profile."""
    info = _scaled_gray_key(image)
    if numbers is None:
        return picture_of(image, info, as_data=as_data)
    picture = picture_of(image, info, as_data=True)
    return finished(picture.pixels, 1, numbers)


def _read_jpeg2000(image: ImageFile.ImageFile, file: BinaryIO, as_data: bool) -> Picture:
    header = read_header(file)
    if not as_data:
        check_colors(header)
    color = None if as_data else header.color
    pixels = full_range(image, header, file)
    if pixels is not None:
        return finished(pixels, orientation_of(image), color)
    if isinstance(color, Cicp):
        return _in_numbered_colors(image, color, as_data)
    return picture_of(image, {"icc_profile": color} if color else None)


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8, that is left to apply; Pillow itself turns TIFF when it loads it."""
    return valid_orientation(image.getexif().get(_ORIENTATION))


def _orientation_in(exif: Image.Exif | bytes | None) -> int:
    """The orientation in EXIF data, as the writers of Pillow take them."""
    if not isinstance(exif, Image.Exif):
        data, exif = exif, Image.Exif()
        exif.load(data or b"")
    return valid_orientation(exif.get(_ORIENTATION))


def _deep_gray(image: Image.Image) -> NDArray[np.uint16]:
    """(H, W, 1) of a picture of mode I;16 or, where its values are 0..65535, I."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"gray of 0..65535 is possible, not {values.min()}..{values.max()}")
    return values.astype(np.uint16)[:, :, np.newaxis]


def _eight_bits(image: Image.Image, orientation: int, profile: bytes | None) -> Picture:
    """A loaded picture of 8 bits or 1."""
    was_palette = image.mode in ("P", "PA")
    key = None if was_palette else image.info.get("transparency")
    plain = _plain(image, keep_inks=profile is not None)
    pixels = in_srgb(plain, profile) if profile else as_array(plain)
    if plain.mode in ("L", "RGB"):
        # The colour is compared as the file has it, before any conversion to sRGB.
        keyed = with_keyed_alpha(as_array(plain), key)
        pixels = np.concatenate([pixels, keyed[:, :, pixels.shape[2] :]], axis=2)
    picture = finished(pixels, orientation)
    return gray_if_gray(picture) if was_palette else picture


def _scaled_gray_key(image: ImageFile.ImageFile) -> dict[str, Any] | None:
    """Pillow scales gray of 2 and 4 bits up to 8, but not the transparent gray of such a PNG."""
    args = image.tile[0].args if image.tile else None
    scale = {"L;2": 85, "L;4": 17}.get(args) if isinstance(args, str) else None
    key = image.info.get("transparency")
    return {"transparency": key * scale} if scale and isinstance(key, int) else None


def _plain(image: Image.Image, keep_inks: bool) -> Image.Image:
    """A loaded 8-bit picture as L, LA, RGB or RGBA; keep_inks: CMYK stays, for a profile to convert it."""
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
        return image if keep_inks else image.convert("RGB")
    if image.mode not in ("1", "La", "RGBa", "RGBX", "YCbCr", "HSV"):
        raise ValueError(f"pictures of Pillow's mode {image.mode} are not supported")
    return image.convert(modes.get(image.mode, "RGB"))
