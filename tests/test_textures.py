"""Texture stacks below the command line: names, reading, the list of maps, normals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import sample_gaussians, sample_pixels
from icc_profiles import icc_chunk, matrix_profile
from imagegs.errors import FormatError
from imagegs.pictures.pixels import to_float, to_integers
from imagegs.pictures.writing import write_picture
from imagegs.rendering import render
from imagegs.textures.map_list import TextureMap, from_metadata, make_map, to_metadata
from imagegs.textures.map_names import kind_of, map_names
from imagegs.textures.mips import mip_chain
from imagegs.textures.normals import mean_angle, with_unit_normals
from imagegs.textures.painting import decode_with_maps, paint_map, paint_stack
from imagegs.textures.stacks import read_stack, stack_of
from picture_files import png_file

NAMES = {
    "color": "T_1K_Color.jpg wood_diff_1k.jpg B_baseColor.png x_Albedo.png T_D.tga T_BC.tga albedo.png",
    "normal": "T_1K-JPG_NormalGL.jpg T_NormalDX.jpg T_Normal.png h_nor_gl_4k.png h_nor_dx.png x_BumpMap.png "
    "T_N.tga",
    "roughness": "T_4K_Roughness.jpg wood_rough_2k.jpg T_Rock_R.tga ROUGHNESS.PNG",
    "metallic": "Metal007_1K_Metalness.jpg wood_metal.png T_Rock_M.tga x_metallic.png",
    "occlusion": "T_AmbientOcclusion.png x_ambient_occlusion.png wood_ao_1k.png x_Occlusion.png T_AO.tga",
    "displacement": "T_Displacement-4K.png wood_disp_1k.png x_Height.png T_Rock_H.tga",
    "opacity": "T_1K_Opacity.jpg",
    "emissive": "T_1K_Emission.jpg x_emissive.png",
    "orm": "a_arm_1k.jpg x_ORM.png B_occlusionRoughnessMetallic.png B_metallicRoughness.png "
    "x_MetallicSmoothness.png",
    "other": "leaves_depth.png brick_dirt_mask.jpg d.png photo.png 1K.png T_PREVIEW.jpg",
}


@pytest.mark.parametrize(("kind", "files"), NAMES.items())
def test_names_are_recognised(kind: str, files: str) -> None:
    for file in files.split():
        assert kind_of(file)[0] == kind, file


def test_the_names_of_maps() -> None:
    assert map_names(["T_1K_Color.jpg", "T_nor_gl_1k.jpg", "T_dirt_mask.png"]) == ["Color", "nor_gl", "mask"]
    assert map_names(["a_Color.png", "b_color.png"]) == ["a_Color", "b_color"]
    assert map_names(["Color.png", "Color.jpg"]) == ["Color.png", "Color.jpg"]
    assert kind_of("1K.png") == ("other", "1K")


def maps_of(files: dict[str, np.ndarray], folder: Path) -> list[Path]:
    for name, pixels in files.items():
        write_picture(
            folder / name,
            pixels,
            {1: ("Y",), 2: ("Y", "A"), 3: tuple("RGB"), 4: tuple("RGBA")}[pixels.shape[2]],
        )
    return [folder / name for name in files]


def test_mixed_depths_gray_and_alpha(tmp_path: Path) -> None:
    gray = np.repeat(sample_pixels(1), 3, axis=2)
    gray_alpha = np.dstack([gray, sample_pixels(4)[:, :, 3]])
    deep = sample_pixels(1, np.uint16)
    files = {"x_ao.png": gray, "x_color.png": gray_alpha, "x_disp.png": deep, "x_nor_gl.png": sample_pixels()}
    stack = read_stack(maps_of(files, tmp_path))
    assert stack.picture.channels == (
        "ao.Y", "color.Y", "color.A", "disp.Y", "nor_gl.R", "nor_gl.G", "nor_gl.B",
    )  # fmt: skip
    assert [(m.bit_depth, m.channels, m.color_space) for m in stack.maps] == [
        (8, 1, "linear"), (8, 2, "srgb"), (16, 1, "linear"), (8, 3, "linear"),
    ]  # fmt: skip
    pixels = stack.picture.pixels
    assert pixels.dtype == np.uint16 and np.array_equal(pixels[:, :, 3:4], deep)
    assert np.array_equal(pixels[:, :, 0], gray[:, :, 0] * np.uint16(257))
    assert np.array_equal(pixels[:, :, 2], gray_alpha[:, :, 3] * np.uint16(257))


def test_a_palette_of_grays_is_one_channel(tmp_path: Path) -> None:
    path = tmp_path / "rough.png"
    Image.fromarray(sample_pixels(1)[:, :, 0]).convert("P").save(path)
    stack = read_stack([path])
    assert stack.picture.channels == ("rough.Y",) and stack.picture.pixels.dtype == np.uint8


def test_sizes(tmp_path: Path) -> None:
    small = sample_pixels(1, np.uint16)[::2, ::2]
    files = maps_of({"x_disp.png": np.ascontiguousarray(small), "x_color.png": sample_pixels()}, tmp_path)
    with pytest.raises(FormatError, match=r"x_disp.png has 24 x 16 pixels, x_color.png has 48 x 32 pixels"):
        read_stack(files)
    stack = read_stack(files, resize=True)
    assert stack.picture.pixels.shape == (32, 48, 4) and [m.bit_depth for m in stack.maps] == [16, 8]
    plane = Image.fromarray(small[:, :, 0] / np.float32(65535)).resize((48, 32), Image.Resampling.LANCZOS)
    expected = np.asarray(plane).clip(0, 1) * 65535
    assert np.abs(stack.picture.pixels[:, :, 0] - expected).max() <= 0.51
    assert np.array_equal(stack.picture.pixels[:, :, 1:], sample_pixels() * np.uint16(257))


def test_too_many_channels(tmp_path: Path) -> None:
    files = maps_of({f"x_{i:02}.png": sample_pixels(4)[:2, :2] for i in range(9)}, tmp_path)
    assert len(read_stack(files[:8]).picture.channels) == 32
    with pytest.raises(FormatError, match="36 channels"):
        read_stack(files)
    with pytest.raises(FormatError, match="45 pictures"):
        read_stack(files * 5)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.png", "a.bmp"], "the maps a.png and a.bmp would both be decoded to a.png"),
        (["a:b.png"], "'a:b.png' is no name for the file of a map"),
        (["a\\b.png"], "is no name for the file of a map"),
        (["a\nb.png"], "is no name for the file of a map"),
        (["a" * 251 + ".png", "a" * 251 + ".tif"], "longer than 255 bytes"),
    ],
)
def test_names_that_a_file_cannot_give_back(tmp_path: Path, names: list[str], message: str) -> None:
    files = maps_of({name: sample_pixels() for name in names}, tmp_path)
    with pytest.raises(FormatError, match=message.replace("\\", ".")):
        read_stack(files)


COLOR = make_map("Color", "x_Color.jpg", "color", 8, 3)
ROUGH = make_map("Rough", "x_Rough.tif", "roughness", 16, 1)
CHANNELS = (*COLOR.stack_channels, *ROUGH.stack_channels)


def test_the_list_comes_back() -> None:
    metadata = {"software": "x", **to_metadata((COLOR, ROUGH))}
    assert from_metadata(metadata, CHANNELS) == (COLOR, ROUGH)
    assert from_metadata({"software": "x"}, CHANNELS) == from_metadata(None, CHANNELS) == ()
    assert to_metadata(()) == {}


def test_the_files_that_are_written() -> None:
    outputs = {
        ("a.jpg", 8): "a.png", ("a.PNG", 16): "a.PNG", ("a.tif", 16): "a.tif", ("a.webp", 8): "a.webp",
        ("a.webp", 16): "a.png", ("a.bmp", 8): "a.png", ("a", 8): "a.png", ("a.tar.exe", 8): "a.tar.png",
    }  # fmt: skip
    for (file, depth), output in outputs.items():
        assert make_map("a", file, "color", depth, 3).output == output


FILES = [
    "",
    ".",
    "..",
    "../x.png",
    "/x.png",
    "a/b.png",
    "a\\b.png",
    "C:x.png",
    ".x.png",
    "a\0.png",
    "a\n.png",
]
DAMAGES: list[tuple[str, object]] = [
    *(("file", file) for file in FILES),
    ("file", 5), ("name", None), ("kind", 1), ("bit_depth", 9), ("bit_depth", True), ("bit_depth", 8.5),
    ("channels", 0), ("channels", 5), ("channels", 1), ("channels", "3"), ("color_space", []), ("name", "x"),
    ("unit_length", 1),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), DAMAGES)
def test_damaged_lists(field: str, value: object) -> None:
    entries: list[Any] = to_metadata((COLOR, ROUGH))["maps"]
    entries[0][field] = value
    with pytest.raises(FormatError):
        from_metadata({"maps": entries}, CHANNELS)
    del entries[0][field]
    with pytest.raises(FormatError, match=f"map 1 has no valid {field}"):
        from_metadata({"maps": entries}, CHANNELS)


@pytest.mark.parametrize("value", [None, 1, "true"])
def test_a_field_that_may_be_missing(value: object) -> None:
    entries: list[Any] = to_metadata((COLOR, ROUGH))["maps"]
    assert "cutout" not in entries[0] and not from_metadata({"maps": entries}, CHANNELS)[0].cutout
    entries[0]["cutout"] = value
    with pytest.raises(FormatError, match="map 1 has no valid cutout"):
        from_metadata({"maps": entries}, CHANNELS)
    entries[0]["cutout"] = True  # of R G B
    with pytest.raises(FormatError, match="map 1 has no channel for a mask"):
        from_metadata({"maps": entries}, CHANNELS)
    entries = to_metadata((COLOR, replace(ROUGH, cutout=True)))["maps"]
    read = from_metadata({"maps": entries}, CHANNELS)
    assert read[1].cutout and from_metadata(to_metadata(read), CHANNELS) == read


def test_numbers_count_by_their_value() -> None:
    """JSON does not tell 8 and 8.0 apart; docs/textures.md says so of these fields."""
    entries: list[Any] = to_metadata((COLOR, ROUGH))["maps"]
    for entry in entries:
        entry |= {field: float(entry[field]) for field in ("bit_depth", "channels")}
    found = from_metadata(json.loads(json.dumps({"maps": entries})), CHANNELS)
    assert found == (COLOR, ROUGH)
    assert all(type(each.bit_depth) is type(each.channels) is int for each in found)


def test_lists_that_are_none_or_do_not_fit() -> None:
    entries = to_metadata((COLOR, ROUGH))["maps"]
    for value in (None, {}, [], "maps", [5], entries[:1], entries[::-1], entries + entries[:1]):
        with pytest.raises(FormatError):
            from_metadata({"maps": value}, CHANNELS)
    for change in ({"channels": True}, {"unit_length": True}):
        with pytest.raises(FormatError, match="map 2 has no"):
            from_metadata({"maps": [entries[0], {**entries[1], **change}]}, CHANNELS)
    twice = [replace(COLOR, name="a"), replace(ROUGH, name="a")]
    channels = [channel for each in twice for channel in each.stack_channels]
    with pytest.raises(FormatError, match="two maps have the same name"):
        from_metadata(to_metadata(twice), channels)
    same_file = [COLOR, replace(ROUGH, file="X_color.PNG")]
    with pytest.raises(FormatError, match=r"would both be decoded to X_color.PNG"):
        from_metadata(to_metadata(same_file), CHANNELS)


def normals(each: TextureMap, pixels: np.ndarray) -> np.ndarray:
    vectors = 2.0 * pixels / (2**each.bit_depth - 1) - 1
    return np.linalg.norm(vectors, axis=2)


def test_maps_are_painted_as_parts_of_the_whole() -> None:
    gaussians = sample_gaussians(CHANNELS, bit_depth=16)
    view = {"height": 20, "region": (3, 4, 9, 10)}
    whole = render(gaussians, dtype=np.uint16, **view)
    assert np.array_equal(paint_map(gaussians, ROUGH, **view), whole[:, :, 3:])
    color = paint_map(gaussians, COLOR, **view)
    assert color.dtype == np.uint8 and np.array_equal(
        color, render(gaussians, dtype=np.uint8, **view)[:, :, :3]
    )
    stack = paint_stack(gaussians, (COLOR, ROUGH))
    assert stack.dtype == np.uint16 and stack.shape == (32, 48, 4) and (stack[:, :, :3] % 257 == 0).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_normals_of_three_channels_have_length_one(depth: int) -> None:
    normal = make_map("N", "N.png", "normal", depth, 3, unit_length=True)
    gaussians = sample_gaussians(normal.stack_channels)
    lengths = normals(normal, paint_map(gaussians, normal))
    assert np.abs(lengths - 1).max() < 2 / 2**depth * 1.8
    as_color = replace(normal, unit_length=False)
    assert np.abs(normals(as_color, paint_map(gaussians, as_color)) - 1).max() > 0.5


def test_a_vector_without_a_direction_stays() -> None:
    middle = np.full((1, 1, 3), 0.5, np.float32)
    assert np.array_equal(with_unit_normals(middle), middle)


def test_which_maps_have_unit_normals(tmp_path: Path) -> None:
    unit = to_integers(with_unit_normals(to_float(sample_pixels())), 8)
    holes = unit.copy()
    holes[:4, :4] = 0
    gray = sample_pixels(1)
    files = {
        "a_N.png": unit,
        "b_Normal.png": holes,
        "c_nor.png": gray,
        "d_nrm.png": np.dstack([unit, np.full_like(gray, 128)]),
    }
    files["e_Color.png"] = unit
    maps = read_stack(maps_of(files, tmp_path)).maps
    assert [each.kind for each in maps[:4]] == ["normal"] * 4
    assert [each.unit_length for each in maps] == [True, False, False, False, False]
    assert from_metadata(to_metadata(maps), [c for each in maps for c in each.stack_channels]) == maps


def leaning_by(tilt: float, shape: tuple[int, int] = (3, 5)) -> np.ndarray:
    """Vectors that lean by so many degrees towards +x, as 16-bit colours."""
    vector = np.array([np.sin(np.radians(tilt)), 0, np.cos(np.radians(tilt))])
    return np.broadcast_to(np.round((vector + 1) / 2 * 65535).astype(np.uint16), (*shape, 3)).copy()


@pytest.mark.parametrize("tilt", [0.0, 0.5, 30.0, 80.0])
def test_the_angle_between_normals(tilt: float) -> None:
    flat, leaning = leaning_by(0), leaning_by(tilt)
    assert mean_angle(leaning, flat) == pytest.approx(tilt, abs=0.01)
    assert mean_angle(leaning[:, :, :2], flat[:, :, :2]) == pytest.approx(tilt, abs=0.01)
    filler = leaning.copy()
    filler[:, :, 2] = 0
    assert mean_angle(filler, np.dstack([flat[:, :, :2], filler[:, :, 2:]])) == pytest.approx(tilt, abs=0.01)


def test_the_length_of_normals_does_not_matter() -> None:
    half = np.round((leaning_by(30) / 65535 - 0.5) * 32767 + 32767.5).astype(np.uint16)
    half[0, 0] += np.uint16(1)  # z is no filler
    assert mean_angle(half, leaning_by(30)) == pytest.approx(0, abs=0.01)


def test_a_vector_of_no_length_points_up() -> None:
    none = np.full((2, 2, 3), 32767, np.uint16)
    none[0, 0, 2] += 1
    assert mean_angle(none, leaning_by(10, (2, 2))) == pytest.approx(10, abs=0.01)


def test_angles_of_what_is_no_normal_map() -> None:
    for first, second in (
        (leaning_by(0), leaning_by(0)[:2]),
        (leaning_by(0)[:, :, :1], leaning_by(0)[:, :, :1]),
    ):
        with pytest.raises(ValueError, match="same shape"):
            mean_angle(first, second)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_profiles_are_applied_to_colours_alone(tmp_path: Path, dtype: type) -> None:
    pixels = sample_pixels(3, dtype)
    profile = icc_chunk(matrix_profile(1.8, swap=True))
    for name, is_data in (("x_Color.png", False), ("x_Roughness.png", True), ("x_Normal.png", True)):
        (tmp_path / name).write_bytes(png_file(pixels, chunks=profile))
        assert np.array_equal(read_stack([tmp_path / name]).picture.pixels, pixels) == is_data


# Masks of 0 and 1.


def cutout(dtype: type = np.uint8) -> np.ndarray:
    """A disc, (40, 48, 4), whose alpha is a mask."""
    y, x = np.mgrid[:40, :48]
    is_in = (x - 24) ** 2 + (y - 20) ** 2 < 220
    color = np.stack([x * 5, y * 6, x + y, 255 * is_in], axis=2).astype(np.uint8)
    return color if dtype is np.uint8 else color.astype(np.uint16) * 257


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_masks_stay_masks(dtype: type) -> None:
    mask = cutout(dtype)[:, :, 3]
    stack = stack_of({"Color": cutout(dtype), "Opacity": mask, "Height": mask})
    assert [each.cutout for each in stack.maps] == [True, True, False]
    data = imagegs.compress(
        {"Color": cutout(dtype), "Opacity": mask, "Height": mask}, n_gaussians=60, effort=1
    )
    painted = imagegs.decompress(data)
    largest = np.iinfo(dtype).max
    for name, found in (("Color", painted["Color"][:, :, 3]), ("Opacity", painted["Opacity"])):
        assert np.unique(found).tolist() == [0, largest], name
        assert (found.squeeze() == mask).mean() > 0.97, name
    assert len(np.unique(painted["Height"])) > 2


@pytest.mark.parametrize("scale", [0.5, 3])
def test_masks_of_other_sizes(scale: float) -> None:
    data = imagegs.compress({"Color": cutout()}, n_gaussians=60, effort=1)
    gaussians, maps = decode_with_maps(data)
    assert np.unique(paint_map(gaussians, maps[0], scale=scale)[:, :, 3]).tolist() == [0, 255]
    half = mip_chain(gaussians, maps[0])[1][:, :, 3]
    assert {0, 255} < set(np.unique(half)) <= {0, 64, 128, 191, 255}


def test_what_is_no_mask() -> None:
    gray = cutout()
    gray[0, 0, 3] = 1
    assert not stack_of({"Color": gray}).maps[0].cutout
    assert not stack_of({"Roughness": cutout()[:, :, 3]}).maps[0].cutout
    assert stack_of({"Opacity": np.zeros((8, 8), np.uint8)}).maps[0].cutout
