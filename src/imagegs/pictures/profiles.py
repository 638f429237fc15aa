"""ICC profiles and colours named by numbers (CICP): bring pictures in other colour spaces to sRGB.

Eight-bit pictures go through LittleCMS (PIL.ImageCms), with the profile's own default intent. LittleCMS
is offered by Pillow for eight bits only, so 16-bit RGB and gray pictures are converted here, from the
profile's matrix and tone curves; so are pictures of either depth whose colours are named by numbers.

Source: ICC.1:2022 (profile layout, section 7; 'cicp', 'curv' and 'para', 10.3, 10.6 and 10.18; the matrix
model, F.3; Bradford's adaptation, E.3); IEC 61966-2-1 (sRGB), its primaries adapted to D50 by Bradford as ICC
asks; SMPTE RP 177 (a matrix from primaries and white).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imagegs.errors import FormatError
from imagegs.pictures.cicp import Cicp
from imagegs.pictures.pixels import IntegerPixels

if TYPE_CHECKING:
    from PIL import Image

_SRGB_TO_XYZ = np.array(  # D50
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])  # XYZ of ICC's white
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
# A profile that moves no colour by more than this many of 255 levels is taken to be sRGB itself.
_SAME_LEVELS = 2.0
_STRIP_ROWS = 64


def srgb_image(image: Image.Image, profile: bytes) -> Image.Image:
    """An L, RGB or CMYK picture with 8 bits, in sRGB: L stays L, the others come back as RGB.

    A profile that is damaged or meant for another kind of picture is ignored; so is one that is sRGB.
    """
    from PIL import Image, ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return image.convert("RGB") if image.mode == "CMYK" else image

    def convert(picture: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(picture, transform)
        assert converted is not None  # it is None only for a transform in place
        return converted.getchannel("G") if picture.mode == "L" else converted

    if image.mode != "CMYK":
        probe = _probe_colors(1 if image.mode == "L" else 3)
        converted = np.asarray(convert(Image.fromarray(probe)), np.float64)
        if _is_srgb(source.profile.profile_description, probe, converted):
            return image
    return convert(image)


def srgb_pixels(pixels: NDArray[np.uint16], profile: bytes) -> NDArray[np.uint16]:
    """16-bit gray or RGB pixels, (H, W, 1) or (H, W, 3), in sRGB.

    A profile that is damaged or meant for another kind of picture is ignored; so is one that is sRGB.

    Raises FormatError where the profile describes its colours by a table rather than by matrix and
    curves, which is not supported for 16 bits.
    """
    if profile[16:20] != (b"GRAY" if pixels.shape[2] == 1 else b"RGB "):
        return pixels
    try:
        tags = _tags(profile)
        by_matrix = b"A2B0" not in tags and profile[20:24] == b"XYZ "
        convert = _matrix_conversion(tags, pixels.shape[2]) if by_matrix else None
    except (struct.error, KeyError, ValueError, IndexError):
        return pixels
    probe = _probe_colors(pixels.shape[2]).reshape(27, -1, pixels.shape[2])
    converted = probe + 256.0 if convert is None else convert(probe.astype(np.uint16) * 257) / 257.0
    if _is_srgb(_description(profile), probe, converted):
        return pixels
    if convert is None:
        raise FormatError("a table-based ICC profile is not supported for 16 bits: convert it to sRGB first")
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), _STRIP_ROWS):
        result[top : top + _STRIP_ROWS] = convert(pixels[top : top + _STRIP_ROWS]) + np.float32(0.5)
    return result


def cicp_pixels(pixels: IntegerPixels, cicp: Cicp) -> IntegerPixels:
    """8- or 16-bit gray or RGB pixels, (H, W, 1) or (H, W, 3), in sRGB.

    Colours that sRGB does not hold are cut off at its limits. Raises FormatError for HDR, and for primaries
    and curves that are not supported.
    """
    if cicp.is_srgb:
        return pixels
    n_channels, scale = pixels.shape[2], np.uint16(257 if pixels.dtype == np.uint8 else 1)
    curve = _decoding_curve(cicp.gamma)
    matrix = np.eye(1) if n_channels == 1 else np.linalg.inv(_SRGB_TO_XYZ) @ _to_xyz(*cicp.chromaticities)
    convert = _conversion([curve] * n_channels, matrix)
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), _STRIP_ROWS):
        deep = pixels[top : top + _STRIP_ROWS].astype(np.uint16) * scale
        result[top : top + _STRIP_ROWS] = convert(deep) / np.float32(scale) + np.float32(0.5)
    return result


def check_not_hdr(profile: bytes) -> None:
    """Raise FormatError for a profile whose cicp tag says HDR: its tables would give but a sketch of it."""
    try:
        tag = _tags(profile).get(b"cicp", b"")
    except struct.error:
        return
    if len(tag) >= 12:
        cicp = Cicp(tag[8], tag[9])
        _ = cicp.is_srgb or cicp.gamma


def _decoding_curve(gamma: float | None) -> NDArray[np.float32]:
    """Linear light, 0..1, for each of the 65536 sample values: a power, or the curve of sRGB."""
    x = np.linspace(0.0, 1.0, 65536)
    y = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4) if gamma is None else x**gamma
    return y.astype(np.float32)


def _to_xyz(*chromaticities: tuple[float, float]) -> NDArray[np.float64]:
    """The matrix from linear RGB to XYZ, adapted to D50, for red, green, blue and white (x, y)."""
    *primaries, white = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in chromaticities)
    columns = np.array(primaries).T
    scaled = columns * np.linalg.solve(columns, white)
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ scaled)


def _probe_colors(n_channels: int) -> NDArray[np.uint8]:
    """Colours all over the cube, or all grays, as a small picture: (27, 27, 3) or (27, 27)."""
    if n_channels == 1:
        return np.linspace(0, 255, 27 * 27).astype(np.uint8).reshape(27, 27)
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)


def _is_srgb(description: str | None, probe: NDArray[np.uint8], converted: NDArray[Any]) -> bool:
    # By name, since the perceptual tables of some sRGB profiles do move colours on purpose.
    named = (description or "").startswith("sRGB")
    return named or bool(np.abs(converted - probe).max() <= _SAME_LEVELS)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The tag table of a profile: signature -> the tag's bytes (type signature first)."""
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = [struct.unpack_from(">4sII", profile, 132 + 12 * i) for i in range(min(count, 100))]
    return {name: profile[offset : offset + size] for name, offset, size in entries}


def _description(profile: bytes) -> str | None:
    from PIL import ImageCms

    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.profile_description
    except OSError:
        return None


def _matrix_conversion(
    tags: dict[bytes, bytes], n_channels: int
) -> Callable[[NDArray[np.uint16]], NDArray[np.float32]]:
    """A function from 16-bit pixels (..., C) to sRGB, 0..65535 in float32, by the curves and the matrix."""
    if n_channels == 1:
        curves = [_curve(tags[b"kTRC"])]
        matrix = np.eye(1)
    else:
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        columns = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        matrix = np.linalg.inv(_SRGB_TO_XYZ) @ (np.array(columns).T / 65536.0)
    return _conversion(curves, matrix)


def _conversion(
    curves: list[NDArray[np.float32]], matrix: NDArray[np.float64]
) -> Callable[[NDArray[np.uint16]], NDArray[np.float32]]:
    """A function from 16-bit pixels (..., C) to sRGB, 0..65535 in float32.

    curves: for each channel the light, 0..1, of its 65536 values. matrix: from that light to linear sRGB.
    """
    weights = matrix.T.astype(np.float32)

    def convert(pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
        linear = np.stack([curve[pixels[..., i]] for i, curve in enumerate(curves)], axis=-1)
        light = (linear @ weights).clip(0.0, 1.0)
        encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        return encoded.astype(np.float32) * np.float32(65535.0)

    return convert


def _curve(tag: bytes) -> NDArray[np.float32]:
    """A tone curve as a table: linear light, 0..1, for each of the 65536 sample values."""
    x = np.linspace(0.0, 1.0, 65536)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        points = np.array(struct.unpack_from(f">{count}H", tag, 12), np.float64)
        if count < 2:
            y = x ** (points[0] / 256.0 if count else 1.0)
        else:
            y = np.interp(x, np.linspace(0.0, 1.0, count), points / 65535.0)
    elif tag[:4] == b"para":
        y = _parametric_curve(x, tag)
    else:
        raise ValueError(f"unknown kind of tone curve {tag[:4]!r}")
    return y.astype(np.float32)


def _parametric_curve(x: NDArray[np.float64], tag: bytes) -> NDArray[np.float64]:
    """ICC.1:2022 table 68: functions 0 to 4 are (a x + b)^g + e from d on, c x + f below."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    g, *rest = (value / 65536.0 for value in struct.unpack_from(f">{count}i", tag, 12))
    if kind == 0:
        return np.asarray(x**g)
    a, b = rest[:2]
    if kind in (1, 2):
        offset = rest[2] if kind == 2 else 0.0
        return np.asarray((a * x + b).clip(0.0) ** g + offset)
    c, d = rest[2:4]
    e, f = rest[4:] if kind == 4 else (0.0, 0.0)
    return np.asarray(np.where(x >= d, (a * x + b).clip(0.0) ** g + e, c * x + f))
