"""Texture files: what a graphics card sees of them, the rules of both containers, formats, packs."""

from __future__ import annotations

import io
import json
import math
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imagegs
from imagegs.applications.export.engines import encoding
from imagegs.applications.export.engines.dds import dds_file
from imagegs.applications.export.engines.files import texels_of, texture_files
from imagegs.applications.export.engines.formats import FORMATS
from imagegs.applications.export.engines.planning import as_stack, plan_textures
from imagegs.errors import ImageGSError
from imagegs.gaussians import Gaussians
from imagegs.textures.map_list import TextureMap, make_map
from imagegs.textures.mips import mip_chain
from requirements import missing, need_packages
from texture_files import (
    BY_NAME,
    MAPS,
    decode_basis,
    decode_level,
    named,
    read_dds,
    read_ktx2,
    sizes,
    stack,
)

ROOT = Path(__file__).parent.parent
SHAPES = [(61, 45), (5, 3), (1, 1), (127, 64), (64, 64)]
BLOCKS = {"bc7": 16, "bc5": 16, "bc4": 8, "bc3": 16, "bc1": 8}  # bytes
KEPT = {"bc7": 4, "bc5": 2, "bc4": 1, "bc3": 4, "bc1": 4, "rgba8": 4, "etc1s": 4, "uastc": 4}  # channels
ANY = [each.name for each in MAPS]
TAKEN = {  # the maps that each format takes
    "bc7": ANY,
    "rgba8": ANY,
    "bc3": ANY,
    "bc1": ["Color", "Glow", "AO", "Roughness", "Height", "Normal"],
    "bc4": ["AO", "Roughness", "Height"],
    "bc5": ["Normal", "Flow"],
}
# PSNR in dB, about 1 below the worst that was measured: of levels of 16 texels a side and more, of others.
FLOORS = {
    "bc7": (42, 32),
    "bc5": (49, 41),
    "bc4": (49, 42),
    "bc3": (39, 30),
    "bc1": (38, 29),
    "rgba8": (math.inf, math.inf),
    "uastc": (41, 32),
    "etc1s": (33.5, 28),
}
DESCRIPTORS = {  # color model, bytes of a block, samples: channel, first bit, bits
    "bc7": (134, 16, [(0, 0, 128)]),
    "bc5": (132, 16, [(0, 0, 64), (1, 64, 64)]),
    "bc4": (131, 8, [(0, 0, 64)]),
    "bc3": (130, 16, [(15, 0, 64), (0, 64, 64)]),
    "bc1": (128, 8, [(0, 0, 64)]),
    "bc1a": (128, 8, [(1, 0, 64)]),
    "rgba8": (1, 4, [(0, 0, 8), (1, 8, 8), (2, 16, 8), (15, 24, 8)]),
}
VK = {"bc7": (145, 146), "bc5": (141, None), "bc4": (139, None), "bc3": (137, 138), "bc1": (131, 132)}
VK |= {"rgba8": (37, 43), "bc1a": (133, 134)}
DXGI = {"bc7": (98, 99), "bc5": (83, None), "bc4": (80, None), "bc3": (77, 78), "bc1": (71, 72)}
DXGI["rgba8"] = (28, 29)


def levels_of(gaussians: Gaussians, each: TextureMap) -> list[np.ndarray]:
    """The mip levels of a map with 8 bits, whatever its file had."""
    return mip_chain(gaussians, replace(each, bit_depth=8))


@pytest.fixture(autouse=True)
def packages() -> None:
    need_packages("alktx2", "bc7enc", "etcpak", "texture2ddecoder")


def files(target: str, *names: str, g: Gaussians | None = None, **options: object) -> dict[str, bytes]:
    made = texture_files(stack() if g is None else g, named(*names), target, **options)
    return {name: b"".join(pieces) for name, pieces in made.items()}


def one(target: str, name: str, g: Gaussians | None = None, **options: object) -> bytes:
    [data] = files(target, name, g=g, **options).values()
    return data


def seen(chain: list[np.ndarray], format: str) -> list[np.ndarray]:
    """What a graphics card is to see of each level: red, green, blue and alpha, or as many as matter."""
    found = []
    for level in chain:
        h, w, channels = level.shape
        alpha = level[:, :, -1:] if channels in (2, 4) else np.full((h, w, 1), 255, np.uint8)
        color = level[:, :, :3] if channels > 2 else np.repeat(level[:, :, :1], 3, axis=2)
        whole = level if format == "bc5" else np.dstack([color, alpha])
        found.append(whole[:, :, : KEPT[format]])
    return found


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def check_levels(found: list[np.ndarray], expected: list[np.ndarray], format: str) -> None:
    """The PSNR of each level, in dB, is above the floor of the format."""
    assert len(found) == len(expected)
    for level, true in zip(found, expected, strict=True):
        floor = FLOORS[format][min(true.shape[:2]) < 16]
        assert psnr(level[:, :, : true.shape[2]], true) >= floor, (format, true.shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("format", TAKEN)
def test_a_graphics_card_sees_the_levels(format: str, shape: tuple[int, int]) -> None:
    g = stack(*shape)
    made = files("ktx2", *TAKEN[format], g=g, format=format)
    for name in TAKEN[format]:
        levels = read_ktx2(made[f"t_{name}.ktx2"]).levels
        found = [
            decode_level(format, level, *size) for level, size in zip(levels, sizes(*shape), strict=True)
        ]
        check_levels(found, seen(levels_of(g, BY_NAME[name]), format), format)


@pytest.mark.parametrize("name", ["Color", "Leaf", "Decal", "AO", "Normal", "Mask"])
@pytest.mark.parametrize("format", ["etc1s", "uastc"])
def test_loaders_see_the_levels_of_basis_universal(format: str, name: str) -> None:
    import alktx2

    for shape in SHAPES:
        g, each = stack(*shape), BY_NAME[name]
        data = one("ktx2", name, g, format=format)
        about = alktx2.inspect_ktx2(data)
        assert (about["width"], about["height"], about["levels"]) == (*shape, max(shape).bit_length())
        assert about["is_srgb"] == (each.color_space == "srgb")
        assert about["dfd_transfer_func"] == 1 + about["is_srgb"]
        assert about["has_alpha"] == (each.channels in (2, 4))
        assert about["is_etc1s" if format == "etc1s" else "is_uastc"]
        found = [decode_basis(data, k, size) for k, size in enumerate(sizes(*shape))]
        check_levels(found, seen(levels_of(g, each), format), format)


def blocks_of(format: str, width: int, height: int) -> int:
    """The bytes of a level."""
    return 4 * width * height if format == "rgba8" else BLOCKS[format] * -(-width // 4) * -(-height // 4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("format", TAKEN)
def test_ktx2_keeps_the_rules(format: str, shape: tuple[int, int]) -> None:
    """Of sections 3 and 5 of the specification, and of the data format descriptor's."""
    for name in TAKEN[format]:
        data = one("ktx2", name, stack(*shape), format=format)
        file = read_ktx2(data)
        is_srgb = BY_NAME[name].color_space == "srgb"
        assert file.vk_format == VK[format][is_srgb]
        assert (file.type_size, file.size, file.supercompression) == (1, shape, 0)
        n_bytes = [blocks_of(format, *size) for size in sizes(*shape)]
        assert [(length, whole) for _, length, whole in file.places] == [(n, n) for n in n_bytes]
        # One after the other, each but for the padding of its alignment; the smallest level first.
        unit = math.lcm(BLOCKS.get(format, 4), 4)
        assert file.descriptor_place[0] == 80 + 24 * len(file.levels)
        assert file.texts_place[0] == sum(file.descriptor_place)
        end = sum(file.texts_place)
        for start, length, _ in reversed(file.places):
            assert start % unit == 0 and 0 <= start - end < unit
            assert data[end:start] == bytes(start - end)
            end = start + length
        assert end == len(data)
        assert file.texts["KTXorientation"] == "rd" and file.texts["KTXwriter"].startswith("imagegs ")
        assert list(file.texts) == sorted(file.texts) and sum(file.texts_place) % 4 == 0
        check_descriptor(file.descriptor, format, is_srgb)


def check_descriptor(descriptor: bytes, format: str, is_srgb: bool) -> None:
    model, block, samples = DESCRIPTORS[format]
    assert len(descriptor) == 4 + 24 + 16 * len(samples)
    total, vendor, version = struct.unpack_from("<3I", descriptor)
    assert (total, vendor, version) == (len(descriptor), 0, 2 | (total - 4) << 16)
    # Primaries, transfer function, straight alpha: BT.709 with sRGB, or data.
    assert list(descriptor[12:16]) == [model, *((1, 2) if is_srgb else (0, 1)), 0]
    side = 0 if format == "rgba8" else 3
    assert list(descriptor[16:28]) == [side, side, 0, 0, block, *[0] * 7]
    for k, (channel, first, length) in enumerate(samples):
        linear = 0x10 if is_srgb and channel == 15 else 0  # alpha is never encoded
        most = 255 if format == "rgba8" else 0xFFFFFFFF
        expected = struct.pack("<H2B4B2I", first, length - 1, channel | linear, 0, 0, 0, 0, 0, most)
        assert descriptor[28 + 16 * k : 44 + 16 * k] == expected


def test_another_library_reads_and_writes_the_same_ktx2(tmp_path: Path) -> None:
    if shutil.which("node") is None or not (ROOT / "node_modules" / "ktx-parse").exists():
        missing("ktx-parse: npm install")
    texts = [(name, format) for format, names in TAKEN.items() for name in names]
    texts += [("Leaf", "etc1s"), ("Color", "uastc")]
    paths = [tmp_path / f"{format}-{name}.ktx2" for name, format in texts]
    for path, (name, format) in zip(paths, texts, strict=True):
        path.write_bytes(one("ktx2", name, format=format))
    command = ["node", str(ROOT / "tests" / "ktx_parse.mjs"), *map(str, paths)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)
    for path, (name, format), read in zip(paths, texts, found, strict=True):
        file = read_ktx2(path.read_bytes())
        assert read["same"], path.name
        assert (read["vkFormat"], read["width"], read["height"]) == (file.vk_format, *file.size)
        assert [bytes.fromhex(level) for level in read["levels"]] == file.levels
        assert read["descriptor"]["transferFunction"] == 1 + (BY_NAME[name].color_space == "srgb")
        assert format in ("etc1s", "uastc") or read["texts"] == file.texts


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("format", TAKEN)
def test_dds_keeps_the_rules_and_has_the_same_blocks(format: str, shape: tuple[int, int]) -> None:
    for name in TAKEN[format]:
        g = stack(*shape)
        file = read_dds(one("dds", name, g, format=format))
        assert file.dxgi_format == DXGI[format][BY_NAME[name].color_space == "srgb"]
        assert (file.size, file.n_levels) == (shape, max(shape).bit_length())
        by_row = format == "rgba8"
        assert file.flags == 0x21007 | (0x8 if by_row else 0x80000)
        assert file.pitch == (4 * shape[0] if by_row else blocks_of(format, *shape))
        assert file.levels == b"".join(read_ktx2(one("ktx2", name, g, format=format)).levels)


@pytest.mark.parametrize("format", TAKEN)
def test_pillow_reads_dds(format: str) -> None:
    for name in TAKEN[format]:
        if format in ("bc1", "bc3") and BY_NAME[name].color_space == "srgb":
            continue  # Pillow has no numbers for these
        data = one("dds", name, format=format)
        [expected, *_] = seen(levels_of(stack(), BY_NAME[name]), format)
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "DDS" and image.size == (61, 45)
            pixels = np.asarray(image).reshape(45, 61, -1)
        assert psnr(pixels[:, :, : expected.shape[2]], expected) >= FLOORS[format][0], name


def chosen(**options: object) -> dict[str, tuple[str, bool]]:
    """The format of each texture, and whether it is sRGB."""
    return {t.name: (t.texel_format.name, t.is_srgb) for t in plan_textures(MAPS, "ktx2", **options)}


def test_formats_that_suit() -> None:
    assert chosen() == {
        "t_Color": ("bc7", True),
        "t_Leaf": ("bc7", True),
        "t_Decal": ("bc7", True),
        "t_Glow": ("bc7", True),  # bc4 has no sRGB form
        "t_AO": ("bc4", False),
        "t_Roughness": ("bc4", False),
        "t_Height": ("bc4", False),
        "t_Normal": ("bc5", False),
        "t_Flow": ("bc7", False),
        "t_Mask": ("bc7", False),
    }
    both, four = make_map("N", "N.png", "normal", 8, 2), make_map("NH", "NH.png", "normal", 8, 4)
    textures = plan_textures([both, four], "dds")
    assert [t.texel_format.name for t in textures] == ["bc5", "bc7"]


@pytest.mark.parametrize("format", ["bc7", "bc5", "bc4", "bc3", "rgba8", "etc1s", "uastc"])
def test_formats_that_a_map_cannot_have(format: str) -> None:
    for each in MAPS:
        if each.name in TAKEN.get(format, BY_NAME):
            assert len(plan_textures([each], "ktx2", format=format)) == 1
        else:
            with pytest.raises(ValueError, match=f"^map {each.name} cannot be {format}: it h"):
                plan_textures([each], "ktx2", format=format)


def cut_out(name: str) -> Gaussians:
    """Gaussians with an alpha of 0 or 1 in a map, so small that no texel sees two of them."""
    g = stack()
    color = g.color.copy()
    color[:, g.channels.index(f"{name}.A")] = np.arange(len(g)) % 2
    return g.replace(color=color, scale=np.full_like(g.scale, 0.02))


@pytest.mark.parametrize("name", ["Leaf", "Decal", "Mask"])
def test_bc1_with_an_alpha_of_0_and_255(name: str) -> None:
    g, is_srgb = cut_out(name), BY_NAME[name].color_space == "srgb"
    file = read_ktx2(one("ktx2", name, g, format="bc1"))
    assert file.vk_format == VK["bc1a"][is_srgb]
    check_descriptor(file.descriptor, "bc1a", is_srgb)
    dds = read_dds(one("dds", name, g, format="bc1"))
    assert dds.dxgi_format == DXGI["bc1"][is_srgb] and dds.levels == b"".join(file.levels)
    expected = seen(levels_of(g, BY_NAME[name]), "rgba8")
    assert set(np.unique(expected[0][:, :, 3])) == {0, 255}
    floors = (39, 32, 27, 25, 25, 25)  # dB, about 1 below what was measured
    for level, blocks, floor, size in zip(expected, file.levels, floors, sizes(61, 45), strict=True):
        with Image.open(io.BytesIO(b"".join(dds_file(*size, FORMATS["bc1"], False, [blocks])))) as image:
            decoded = np.asarray(image)
        opaque = level[:, :, 3] >= 128
        assert np.array_equal(decoded[:, :, 3] == 255, opaque)
        assert not decoded[~opaque].any()
        assert psnr(decoded[opaque][:, :3], level[opaque][:, :3]) >= floor


def test_bc1_takes_no_other_alpha() -> None:
    opaque = stack().replace(color=np.ones_like(stack().color))
    for name, packs, title in (("Leaf", [], "map Leaf"), (None, ["p=AO,0,0,Height"], "pack p")):
        only = [name] if name else []
        [pieces] = texture_files(opaque, MAPS, "dds", format="bc1", only=only, packs=packs).values()
        assert read_dds(b"".join(pieces)).dxgi_format == 72 - len(packs)
        [pieces] = texture_files(stack(), MAPS, "dds", format="bc1", only=only, packs=packs).values()
        with pytest.raises(
            ValueError, match=f"^{title} cannot be bc1: its alpha is not 0 or 255 everywhere$"
        ):
            b"".join(pieces)


def test_the_first_two_channels_of_bc5() -> None:
    for name in ("Normal", "Flow"):
        [texture] = plan_textures(named(name), "dds", format="bc5")
        for texels, level in zip(texels_of(stack(), texture), levels_of(stack(), BY_NAME[name]), strict=True):
            assert np.array_equal(texels[:, :, :2], level[:, :, :2])
            assert (texels[:, :, 2:] == [0, 255]).all()


def test_packs_have_the_channels_of_their_maps() -> None:
    g = stack()
    chains = {name: levels_of(g, BY_NAME[name]) for name in ("AO", "Roughness", "Height")}
    packs = ["orm=AO,Roughness,Height", "x=255,Height,0,AO"]
    made = texture_files(g, MAPS, "ktx2", format="rgba8", only=["Color"], packs=packs)
    read = {name: read_ktx2(b"".join(pieces)) for name, pieces in made.items()}
    assert list(read) == ["t_Color.ktx2", "orm.ktx2", "x.ktx2"]
    assert [file.vk_format for file in read.values()] == [43, 37, 37]
    for k, (width, height) in enumerate(sizes(61, 45)):
        level = {name: chain[k][:, :, 0] for name, chain in chains.items()}
        full, none = np.full((height, width), 255, np.uint8), np.zeros((height, width), np.uint8)
        orm = np.dstack([level["AO"], level["Roughness"], level["Height"], full])
        mixed = np.dstack([full, level["Height"], none, level["AO"]])
        assert read["orm.ktx2"].levels[k] == orm.tobytes()
        assert read["x.ktx2"].levels[k] == mixed.tobytes()


def test_packed_maps_have_no_files_of_their_own_unless_asked_for() -> None:
    def names(**options: object) -> list[str]:
        return [t.name for t in plan_textures(named("Color", "AO", "Roughness"), "dds", **options)]

    assert names(packs=["p=AO,AO,0"]) == ["t_Color", "t_Roughness", "p"]
    assert names(packs=["p=AO,AO,0"], only=["AO"]) == ["t_AO", "p"]
    assert names(packs=["p=AO,0,0", "q=Roughness,0,255"]) == ["t_Color", "p", "q"]
    numbered = make_map("255", "255.png", "other", 8, 1)
    [texture] = plan_textures([numbered], "dds", packs=["p=255,0,255"])
    assert texture.parts == (numbered, 0, numbered)


@pytest.mark.parametrize(
    ("pack", "problem"),
    [
        ("AO,Roughness,Height", "^a pack is NAME=MAP,MAP,MAP, not 'AO,Roughness,Height'$"),
        ("=AO,Roughness,Height", "^a pack has a name, but not '=AO,Roughness,Height'$"),
        ("p=AO,Roughness", "^pack p has 2 channels, not 3 or 4$"),
        ("p=AO,AO,AO,AO,AO", "^pack p has 5 channels"),
        ("p=0,255,0", "^pack p holds no map$"),
        ("p=AO,Rough,0", "^pack p: no map 'Rough'; maps of one channel are: Glow, AO, Roughness, Height$"),
        ("p=AO,,0", "^pack p: no map ''"),
        ("p=AO,128,0", "^pack p: no map '128'"),
        ("p=AO,Normal,0", "^pack p: map Normal has 3 channels, only maps of one can be packed$"),
        ("p=AO,Glow,0", "^pack p: map Glow holds sRGB colours, which cannot be packed with data$"),
        ("a/b=AO,0,0", "^'a/b.dds' is no name for the file of a texture: it has the character /$"),
        ("nul=AO,0,0", "^'nul.dds' is no name .* device"),
        ("T_COLOR=AO,0,0", "^two textures would have the same file: t_Color.dds and T_COLOR.dds$"),
    ],
)
def test_what_cannot_be_packed(pack: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        plan_textures(MAPS, "dds", packs=[pack])


def test_what_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="no target 'png'; there are ktx2, dds"):
        plan_textures(MAPS, "png")
    with pytest.raises(ValueError, match="no format 'bc6'; there are bc7, bc5, "):
        plan_textures(MAPS, "dds", format="bc6")
    with pytest.raises(ValueError, match="no map 'No' in this file; there are Color, Leaf, "):
        plan_textures(MAPS, "dds", only=["AO", "No"])
    for format in ("etc1s", "uastc"):
        with pytest.raises(ValueError, match=f"{format} is a format of KTX2 files: DDS files do not hold it"):
            plan_textures(MAPS, "dds", format=format)
    twins = [make_map("a", "x.png", "other", 8, 1), make_map("b", "x.tif", "other", 8, 1)]
    with pytest.raises(ValueError, match=r"two textures would have the same file: x\.ktx2 and x\.ktx2"):
        plan_textures(twins, "ktx2")


@pytest.mark.parametrize(
    ("format", "package"),
    [("bc7", "etcpak"), ("bc5", "bc7enc-py"), ("bc1", "bc7enc-py"), ("uastc", "alktx2")],
)
def test_a_missing_package_is_named(format: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = FORMATS[format].module
    monkeypatch.setattr(encoding, "find_spec", lambda name: None if name == module else object())
    [name, *_] = TAKEN.get(format, ["Color"])
    with pytest.raises(ImageGSError, match=f"^{format} .* {package}: pip install 'imagegs\\[export\\]'$"):
        texture_files(stack(), named(name), "ktx2", format=format)
    assert one("ktx2", name, format="rgba8")


def test_a_canvas_that_wraps() -> None:
    """Texels are those of the wrapping canvas, and levels are means of them."""
    g = stack(60, 44, wrap=True)
    data = read_ktx2(one("ktx2", "AO", g, format="rgba8"))
    assert data.levels[0] != read_ktx2(one("ktx2", "AO", g.replace(wrap=False), format="rgba8")).levels[0]
    expected = seen(levels_of(g, BY_NAME["AO"]), "rgba8")
    assert data.levels == [level.tobytes() for level in expected]


def test_pictures_and_channels_without_names_are_maps_too() -> None:
    g = stack()
    for n, depth in ((1, 8), (2, 8), (3, 16), (4, 16)):
        names = ("Y", "A") if n == 2 else ("R", "G", "B", "A")[:n] if n > 1 else ("Y",)
        picture = g.replace(color=g.color[:, :n], channels=names, bit_depth=depth)
        named_like_maps, [each] = as_stack(picture, (), "photo.v2")
        assert each == make_map("photo.v2", "photo.v2.png", "color", depth, n)
        made = texture_files(named_like_maps, [each], "dds", format="rgba8")
        assert list(made) == ["photo.v2.dds"]
        [expected, *_] = seen([imagegs.render(picture, dtype="uint8")], "rgba8")
        assert read_dds(b"".join(made["photo.v2.dds"])).levels.startswith(expected.tobytes())
    others, maps = as_stack(g.replace(color=g.color[:, :5], channels=tuple("abcde")), (), "p")
    assert [(each.file, each.kind) for each in maps] == [(f"{c}.png", "other") for c in "abcde"]
    assert others.channels == ("a.Y", "b.Y", "c.Y", "d.Y", "e.Y")
    assert as_stack(g, MAPS, "p") == (g, MAPS)


def test_threads_do_not_matter() -> None:
    g = stack(130, 150)
    for format in ("bc7", "bc1", "etc1s"):
        assert one("ktx2", "Color", g, format=format, threads=1) == one(
            "ktx2", "Color", g, format=format, threads=3
        )


def test_a_cutout_fits_into_bc1() -> None:
    """Its alpha is painted as 0 and 1 alone; that of other maps is not."""
    g, soft = stack(), BY_NAME["Leaf"]
    hard = replace(soft, cutout=True)
    with pytest.raises(ValueError, match="its alpha is not 0 or 255 everywhere"):
        b"".join(*texture_files(g, [soft], "dds", format="bc1").values())
    [pieces] = texture_files(g, [hard], "ktx2", format="bc1").values()
    alpha = levels_of(g, hard)[0][:, :, 3]
    blocks = read_ktx2(b"".join(pieces)).levels[:1]
    with Image.open(io.BytesIO(b"".join(dds_file(61, 45, FORMATS["bc1"], False, blocks)))) as image:
        assert np.array_equal(np.asarray(image)[:, :, 3], alpha)
    assert np.unique(alpha).tolist() == [0, 255]


@pytest.mark.parametrize("format", ["etc1s", "uastc"])
def test_data_have_no_color_primaries(format: str) -> None:
    for name, primaries in (("Roughness", 0), ("Color", 1)):
        descriptor = read_ktx2(one("ktx2", name, format=format)).descriptor
        assert descriptor[13] == primaries


def test_a_side_that_basis_universal_cannot_have() -> None:
    with pytest.raises(ValueError, match="etc1s has sides of up to 16384 texels, not 16400"):
        one("ktx2", "AO", stack(16400, 4), format="etc1s")


def test_a_pack_without_alpha() -> None:
    packed = plan_textures(MAPS, "dds", format="bc1", only=[], packs=["p=AO,Roughness,0,255", "q=AO,0,0,AO"])
    assert [each.has_alpha for each in packed] == [False, True]
    assert [each.texel_format.name for each in packed] == ["bc1", "bc1a"]


def test_channels_whose_names_no_file_can_have() -> None:
    g = stack().replace(color=stack().color[:, :2], channels=("a/x", "b/x"))
    _, maps = as_stack(g, (), "picture")
    assert [each.file for each in maps] == ["a_x.png", "b_x.png"]
