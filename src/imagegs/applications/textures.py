"""The maps of a texture: what the usual file names say of them.

The endings are those of ambientCG, Poly Haven, glTF, Unity and Unreal; docs/textures.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

_ENDINGS = {
    "color": "color col colour albedo diffuse diff basecolor bc d",
    "normal": "normal normalgl normaldx nor norgl nordx nrm bumpmap n",
    "roughness": "roughness rough r",
    "metallic": "metallic metalness metal m",
    "occlusion": "ambientocclusion occlusion ao",
    "displacement": "displacement disp height h",
    "opacity": "opacity alpha",
    "emissive": "emission emissive emit",
    # Several in the channels of one picture, in whatever order: they stay packed.
    "orm": "orm arm occlusionroughnessmetallic metallicroughness metallicsmoothness",
}
_KINDS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
KINDS = (*_ENDINGS, "other")
_SEEN_AS_COLOR = ("color", "emissive")

# What download pages add to the names: the resolution, and the format of the file within an archive.
_NOISE = re.compile(
    r"\d{1,2}k|\d{3,5}(x\d{3,5})?px|\d{3,5}x\d{3,5}|8bit|16bit|png|jpg|jpeg|tif|tiff", re.IGNORECASE
)


def kind_of(file: str) -> tuple[str, str]:
    """The kind of a map, one of KINDS, and its ending as the file spells it.

    file: the file's name, with its suffix or without. "Tiles036_1K_Color.jpg" gives ("color", "Color"), a
    name with an ending of no known kind ("other", the name's last part).
    """
    stem = PurePath(file).stem
    parts = [part for part in re.split(r"[_\-.\s]+", stem) if part and not _NOISE.fullmatch(part)]
    for n in (2, 1):  # "nor_gl" before "gl"
        ending = parts[-n:]
        if len(ending) < n:
            continue
        joined = "".join(ending).lower()
        if joined in _KINDS and (len(joined) > 1 or len(parts) > 1):  # a letter alone says nothing: n.png
            return _KINDS[joined], "_".join(ending)
    return "other", parts[-1] if parts else stem


def color_space_of(kind: str) -> str:
    """ "srgb" for what is seen as a colour, "linear" for data."""
    return "srgb" if kind in _SEEN_AS_COLOR else "linear"


def map_names(files: Sequence[str]) -> list[str]:
    """A name for each of the files, which are all different: no two names are equal.

    The endings where they tell the files apart, else the names without suffixes, else the names.
    """
    endings = [kind_of(file)[1] for file in files]
    for names in (endings, [PurePath(file).stem for file in files]):
        if len({name.casefold() for name in names}) == len(names):
            return names
    return list(files)
