"""The maps of a texture: what the usual file names say of them.

The endings are those of ambientCG, Poly Haven, Poliigon, Megascans, glTF, Substance, Unity and Unreal;
docs/textures.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from imagegs.textures.file_names import twin_key

# A hyphen is where a separator may stand too: base-color is BaseColor, base_color and "Base Color". What has
# none is one part of a name: Metal_Roughness is the roughness of a metal, MetalRoughness holds both.
_ENDINGS = {
    "color": "color colors col coll colour colours clr albedo alb diffuse diff dif base-color base-colour "
    "base-col bc base-map main-tex albedo-transparency albedo-alpha albedo-opacity base-color-alpha "
    "base-color-opacity color-alpha col-alpha diffuse-alpha diff-alpha alpha-masked bca da d",
    "normal": "normal normals norm norms nor nrm nrml nml bumpmap normalbump ddn ddna n",
    "roughness": "roughness rough rgh r",
    "metallic": "metallic metalness metal met mtl m",
    "occlusion": "ambient-occlusion ambient-occ occlusion occl occ ao o",
    "displacement": "displacement displ disp height heights hgt bump parallax h",
    "opacity": "opacity opac alpha transparency transparent cutout opacity-mask alpha-mask",
    "emissive": "emission emissive emissive-color emission-color emit emis emi glow self-illum e",
    # Several in the channels of one picture, in whatever order: they stay packed.
    "orm": "orm omr rom rmo mor mro arm amr ram rma mar mra aorm mrao rmao ormh armh armd ord ordp ordh orh "
    "arh mads mask-map metallic-roughness roughness-metallic metalroughness roughnessmetalness metalrough "
    "roughmetal metallic-smoothness metallic-gloss metallic-glossiness occlusion-roughness roughao aorough "
    "occlusion-roughness-metallic occlusion-roughness-metalness ao-roughness-metallic ao-rough-metal "
    "ambient-occlusion-roughness-metallic",
}
_NORMAL_FLAVOURS = ("gl", "ogl", "opengl", "dx", "directx")  # which way green points, behind the ending
KINDS = (*_ENDINGS, "other")
_SEEN_AS_COLOR = ("color", "emissive")
_MOST_WORDS = 5  # of an ending: Ambient Occlusion Roughness Metallic Map

# What says nothing of the kind: size, bits, format and encoding of the file, a number, a variant, a level of
# detail, a tile of the UV plane (1001, u1_v1, <UDIM>), a copy.
_NOISE = re.compile(
    r"\d{1,2}k|\d+(x\d+)?(px)?|\d+x|(\d{1,2})?bits?|var(iation|iant)?\d*|v\d+|u\d+|u\d+v\d+|lod\d*|mip\d*|udim|copy"
    r"|png|jpe?g|tiff?|exr|hdr|webp|tga|dds|bc[1-7]|dxt[135]|s?rgb|lin(ear)?|raw|acescg|pbr|seamless|tileable",
    re.IGNORECASE,
)
_GLUED_SIZE = re.compile(r"(?<=[A-Za-z])\d{1,2}[Kk]$")  # Normal4K
_SEPARATORS = re.compile(r"[\s!-/:-@\[-`{-~]+")  # spaces and the signs of ASCII, the underscore among them
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z\d]+")  # of camelCase, without the digits between
_MAP = re.compile("(?:maps?|tex|texture)$")


def _spellings() -> tuple[dict[str, str], frozenset[str]]:
    """The kind of each ending, in small letters without separators; those that may have separators."""
    listed = [(each, kind) for kind, endings in _ENDINGS.items() for each in endings.split()]
    normals = [each for each, kind in listed if kind == "normal" and len(each) > 1]
    listed += [(f"{each}-{flavour}", "normal") for each in normals for flavour in _NORMAL_FLAVOURS]
    kinds = {each.replace("-", ""): kind for each, kind in listed}
    return kinds, frozenset(each.replace("-", "") for each, _ in listed if "-" in each)


_KINDS, _SEPARABLE = _spellings()


def kind_of(file: str) -> tuple[str, str]:
    """The kind of a map, one of KINDS, and its ending as the file spells it.

    file: the file's name, with its suffix or without. "Tiles036_1K_Color.jpg" gives ("color", "Color"), a
    name with an ending of no known kind ("other", the name's last part).
    """
    stem = PurePath(file).stem
    parts = [part for part in _SEPARATORS.split(stem) if part and not _NOISE.fullmatch(part)]
    parts = [_GLUED_SIZE.sub("", part) for part in parts]
    words = [(i, found) for i, part in enumerate(parts) for found in _WORD.finditer(part)]
    for n in range(min(_MOST_WORDS, len(words)), 0, -1):  # "nor_gl" before "gl"
        first, word = words[-n]
        ending = [parts[first][word.start() :], *parts[first + 1 :]]
        # A letter alone says nothing (n.png), nor does the last one of a word (PlanN.png).
        if kind := _kind_of_ending(ending, may_be_letter=first > 0 and word.start() == 0):
            return kind, "_".join(ending)
    return "other", parts[-1] if parts else stem


def _kind_of_ending(ending: Sequence[str], may_be_letter: bool) -> str | None:
    """The kind that the last parts of a name tell; may_be_letter: a single letter is an ending, too."""
    joined = "".join("".join(_WORD.findall(part)) for part in ending).lower()
    plain = _MAP.sub("", joined)
    if len(plain) == 1 and not may_be_letter:
        return None
    n_parts = len(ending) - (len(ending) > 1 and _MAP.fullmatch(ending[-1].lower()) is not None)
    for spelled, parts in ((joined, len(ending)), (plain, n_parts)):
        if spelled in _KINDS and (parts == 1 or spelled in _SEPARABLE):
            return _KINDS[spelled]
    return None


def color_space_of(kind: str) -> str:
    """ "srgb" for what is seen as a colour, "linear" for data."""
    return "srgb" if kind in _SEEN_AS_COLOR else "linear"


def map_names(files: Sequence[str]) -> list[str]:
    """A name for each of the files, which are all different: no two names are equal.

    The endings where they tell the files apart, else the names without suffixes, else the names.
    """
    endings = [kind_of(file)[1] for file in files]
    for names in (endings, [PurePath(file).stem for file in files]):
        if len({twin_key(name) for name in names}) == len(names):
            return names
    return list(files)
