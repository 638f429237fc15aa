"""The kinds of picture files that are read: the one list of what Pillow may open, and names for the others.

Pillow looks at contents, not at names, and some of its readers do more than read: one for PostScript starts
Ghostscript. So it is asked for the formats of this list only, and everything else is refused by name.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from PIL import Image, ImageFile

from imagegs.errors import FormatError

# TGA has no signature: it comes last, and after what is known to be something else.
FORMATS = (
    "PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "PPM", "TIFF", "JPEG2000", "QOI", "DDS", "TGA",
)  # fmt: skip

START_BYTES = 300  # that tell the kinds apart

_HDR = "its samples are floating-point light, and HDR is not supported: make a 16-bit PNG or TIFF of it"
_DRAWING = "it is a drawing or a document, not pixels: make a PNG of it"
_LAYERED = "it is an editor's document: export a PNG or TIFF from it"
_RAW = "it is a camera's raw file: develop it to a PNG or TIFF"
_DATA = "it holds measured data: make a 16-bit PNG or TIFF of it"
_CONVERT = "make a PNG of it"

_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"}  # brands
_CUBE, _VOLUME, _BC6H = 0x200, 0x200000, (94, 95, 96)  # of DDS: flags of "caps2", DXGI formats

# (offset, bytes there, what it is called, what to do). The first that fits is it.
_OTHERS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"v/1\x01", "OpenEXR", _HDR),
    (0, b"#?RADIANCE", "Radiance HDR", _HDR),
    (0, b"#?RGBE", "Radiance HDR", _HDR),
    (0, b"PF\n", "PFM", _HDR),
    (0, b"Pf\n", "PFM", _HDR),
    (0, b"%!PS", "PostScript", _DRAWING),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript", _DRAWING),
    (0, b"%PDF", "PDF", _DRAWING),
    (0, b"\xd7\xcd\xc6\x9a", "WMF", _DRAWING),
    (40, b" EMF", "EMF", _DRAWING),
    (0, b"AT&TFORM", "DjVu", _DRAWING),
    (0, b"8BPS", "Photoshop (PSD)", _LAYERED),
    (0, b"gimp xcf", "GIMP (XCF)", _LAYERED),
    (0, b"II*\0\x10\0\0\0CR", "Canon CR2", _RAW),
    (0, b"IIRO", "Olympus ORF", _RAW),
    (0, b"IIRS", "Olympus ORF", _RAW),
    (0, b"MMOR", "Olympus ORF", _RAW),
    (0, b"IIU\0", "Panasonic RW2", _RAW),
    (0, b"FUJIFILMCCD-RAW", "Fujifilm RAF", _RAW),
    (0, b"FOVb", "Sigma X3F", _RAW),
    (4, b"ftypcrx ", "Canon CR3", _RAW),
    (0, b"SIMPLE  =", "FITS", _DATA),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5", _DATA),
    (0, b"GRIB", "GRIB", _DATA),
    (0, b"BUFR", "BUFR", _DATA),
    (128, b"DICM", "DICOM", _DATA),
    (0, b"\x93NUMPY", "an array of numpy", "name it .npy"),
    (0, b"\0\0\x01\0", "an icon (ICO)", _CONVERT),
    (0, b"icns", "an icon (ICNS)", _CONVERT),
    (0, b"\xff\x0a", "JPEG XL", _CONVERT),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL", _CONVERT),
    (4, b"ftypqt", "a video", "take a frame of it"),
    (4, b"ftypmp4", "a video", "take a frame of it"),
    (4, b"ftypisom", "a video", "take a frame of it"),
    (0, b"\x1aE\xdf\xa3", "a video", "take a frame of it"),
    (0, b"\xabKTX", "KTX", _CONVERT),
    (0, b"P7\n", "PAM", _CONVERT),
    (0, b"farbfeld", "farbfeld", _CONVERT),
    (0, b"\x01\xda", "SGI", _CONVERT),
    (0, b"Y\xa6j\x95", "Sun raster", _CONVERT),
    (0, b"/* XPM */", "XPM", _CONVERT),
    (0, b"#define", "XBM", _CONVERT),
    (0, b"FLIF", "FLIF", _CONVERT),
    (0, b"BPG\xfb", "BPG", _CONVERT),
    (0, b"BLP", "BLP", _CONVERT),
    (0, b"PK\x03\x04", "a ZIP archive", "take the pictures out of it"),
    (0, b"\x1f\x8b", "gzip data", "unpack it"),
)


def refuse_others(start: bytes) -> None:
    """Raise FormatError, which names the kind, for a file of a kind that is known and not read.

    start: the file's first START_BYTES bytes.
    """
    for offset, signature, name, remedy in _OTHERS:
        if start.startswith(signature, offset):
            raise FormatError(f"this seems to be {name}, which is not read; {remedy}")
    if start.startswith(b"\0\0\x02\0") and start[4:6] not in (b"", b"\0\0"):  # which TGA has there
        raise FormatError(f"this seems to be a cursor (CUR), which is not read; {_CONVERT}")
    if _is_heif(start):
        raise FormatError(f"this seems to be HEIF, which is not read; {_CONVERT}")
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml")) and b"<svg" in start.lower():
        raise FormatError(f"this seems to be SVG, which is not read; {_DRAWING}")


def _is_heif(start: bytes) -> bool:
    """Whether the brands of a file are those of HEIF, and none is of AVIF."""
    if start[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[i : i + 4] for i in (8, *range(16, end, 4))}
    return bool(brands & _HEIF) and not brands & {b"avif", b"avis"}


def open_image(file: BinaryIO) -> ImageFile.ImageFile:
    """A picture file of one of FORMATS, opened by Pillow, its pixels not loaded yet.

    file: seekable; read from its start, whatever its position.

    Raises UnidentifiedImageError where it is of none of them or its head is damaged; FormatError for a kind
    that is known and not read; what Pillow raises for a file with too many pixels.
    """
    file.seek(0)
    refuse_others(file.read(START_BYTES))
    return Image.open(file, formats=FORMATS)


def check_dds(start: bytes) -> None:
    """Raise FormatError for a DDS file that is no single picture of whole numbers. start: its first bytes."""
    (kinds,) = struct.unpack_from("<I", start, 112)
    if kinds & (_CUBE | _VOLUME):
        raise FormatError("a cube map or volume (DDS) is not supported: take a picture out of it")
    if start[84:88] == b"DX10" and struct.unpack_from("<I", start, 128)[0] in _BC6H:
        raise FormatError(f"a DDS of BC6H is not supported; {_HDR}")
