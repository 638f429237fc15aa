"""Which files in a folder are pictures, told by their names."""

from __future__ import annotations

import unicodedata
from fnmatch import fnmatchcase
from pathlib import Path

# The suffixes of picture files, whether imagegs can read them or not: an unreadable map must be an error,
# because a map that is silently left out spoils a texture.
_SUFFIXES = """
    png apng jpg jpeg jpe jfif jif mpo tif tiff btf webp gif avif avifs jp2 j2k j2c jpc jpf jpx jph bmp dib
    tga icb vda vst ppm pgm pbm pnm pam pfm psd dds qoi pcx sgi rgb rgba bw ras xbm xpm
    exr hdr rgbe heic heif hif jxl jxr svg eps dpx cin iff ktx ktx2 astc basis crn pvr vtf tx rat
    psb xcf kra raw r8 r16 r32 dng cr2 cr3 nef arw orf raf rw2
"""
PICTURE_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())
_OF_THE_SYSTEM = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir")


def is_litter(entry: Path) -> bool:
    """Whether a file is one that file managers leave behind, or is hidden and no picture."""
    name = entry.name.lower()
    if name in _OF_THE_SYSTEM or name.startswith("._"):
        return True
    return name[0] == "." and not (entry.suffix.lower() in PICTURE_SUFFIXES and entry.is_file())


def is_picture(entry: Path) -> bool:
    """Whether a name is that of a picture file, whether it can be read or not."""
    return entry.suffix.lower() in PICTURE_SUFFIXES and entry.name[0] != "." and not entry.is_dir()


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern (* ? [...]) matches a name; capital and small letters are alike."""
    name, pattern = (unicodedata.normalize("NFC", text).casefold() for text in (name, pattern))
    return fnmatchcase(name, pattern)
