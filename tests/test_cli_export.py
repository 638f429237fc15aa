"""`imagegs export`: what it writes and says, and how it fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import imagegs
from conftest import Outcome, Run, check_failure, sample_gaussians
from export_reader import Reader
from export_samples import STACK, stack
from imagegs._native import SOFTMAX_CUTOFF, SOFTMAX_TOP_K
from imagegs.applications.export import buffers
from imagegs.applications.export.files import export_files
from imagegs.applications.export.maps import identifiers, sampled_maps
from imagegs.codec import Bits, save
from imagegs.gaussians import Gaussians
from imagegs.textures.map_list import TextureMap, to_metadata

FILES = ["colors.bin", "gaussians.bin", "ids.bin", "manifest.json", "mips.bin", "offsets.bin"]


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """A stack with the maps AO, Color, "rock height" and Normal."""
    path = tmp_path / "tiles.gsimg"
    save(path, stack().gaussians, Bits.parse("16"), metadata=to_metadata(STACK))
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("target", ["glsl", "wgsl", "hlsl"])
def test_a_folder_with_buffers_and_functions(run: Run, tiles: Path, target: str) -> None:
    outcome = run("export", tiles, "--target", target)
    folder = tiles.with_name(f"tiles-{target}")
    assert outcome.code == 0 and outcome.out == ""
    functions = ["filter_AO", "filter_Color", "filter_rock_height", "filter_Normal"]
    assert outcome.err.startswith(f"{folder}: {', '.join(functions)}; 300 Gaussians, ")
    functions += ["sample_AO", "sample_Color", "sample_rock_height", "sample_Normal"]
    assert names_in(folder) == sorted([*FILES, f"sample.{target}"])
    text = (folder / f"sample.{target}").read_text()
    assert all(f" {function}(" in text for function in functions) and "$" not in text and "//@" not in text
    assert "// tiles.gsimg, written by imagegs export\n" in text
    assert "AO: Y, linear\n" in text and "Normal: R G B, linear, vectors of length 1\n" in text


def test_the_manifest(run: Run, tiles: Path, tmp_path: Path) -> None:
    report = run("export", tiles, "--target", "glsl", "-o", tmp_path / "o", "--json", "--quiet").json
    about = json.loads((tmp_path / "o" / "manifest.json").read_text())
    assert about["constants"] == {
        "top_k": SOFTMAX_TOP_K,
        "cutoff": SOFTMAX_CUTOFF,
        "epsilon": 0.0,
        "least_length": 0.001,
    }
    assert about["canvas"] == {"width": 97, "height": 61, "unit": "pixels"}
    assert about["maps"][2] == {
        "name": "rock height",
        "index": 2,
        "function": "sample_rock_height",
        "filter": "filter_rock_height",
        "channels": ["Y"],
        "color_space": "linear",
        "has_alpha": False,
        "unit_length": False,
        "cutout": False,
    }
    assert [each["has_alpha"] for each in about["maps"]] == [False, True, False, False]
    assert [each["unit_length"] for each in about["maps"]] == [False, False, False, True]
    assert about["buffers"]["colors"]["shape"] == [300, 4, 4] and about["texture_row"] == 2048
    for key in ("n_gaussians", "maps", "tiles", "mips"):
        assert report[key] == about[key]
    levels = about["mips"]["levels"]
    sizes = [(each["level"], each["width"], each["height"]) for each in levels]
    assert sizes == [(2, 24, 15), (3, 12, 7), (4, 6, 3), (5, 3, 1), (6, 1, 1)]
    texels = [4 * 4 * width * height for _, width, height in sizes]
    assert [each["offset"] for each in levels] == np.cumsum([0, *texels[:-1]]).tolist()
    assert about["buffers"]["mips"]["bytes"] == sum(texels)
    point, four = about["mips"]["multiply_adds"]
    assert four == 4 * point and point > 8 * about["tiles"]["mean_candidates"]
    sizes = {Path(each["output"]).name: each["bytes"] for each in report["files"]}
    assert sizes == {path.name: path.stat().st_size for path in (tmp_path / "o").iterdir()}


def test_json_is_one_file(run: Run, tiles: Path) -> None:
    assert run("export", tiles, "--target", "json").code == 0
    folder = tiles.with_name("tiles-json")
    assert names_in(folder) == ["texture.json"]
    assert run("export", tiles, "--target", "glsl").code == 0
    text, binary = Reader(folder), Reader(tiles.with_name("tiles-glsl"))
    for name, array in binary.arrays.items():
        assert np.array_equal(text.arrays[name], array), name


def test_some_maps(run: Run, tiles: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    assert run("export", tiles, "--target", "wgsl", "-o", out, "--map", "Normal", "--map", "AO").code == 0
    reader = Reader(out)
    assert [each["name"] for each in reader.about["maps"]] == ["AO", "Normal"]
    uv = np.random.default_rng(0).uniform(0, 1, (50, 2)).astype(np.float32)
    g = imagegs.load(tiles)
    expected = imagegs.sample(g, uv * np.float32([g.width, g.height]))[:, :1].clip(0, 1)
    assert np.median(np.abs(reader.sample(uv)["AO"] - expected)) < 1e-5


def test_levels_of_detail_and_tiles(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.gsimg"
    g = sample_gaussians()
    save(file, g.replace(layers=(20, 40)), imagegs.Lattice.of_fineness(2))
    first = run("export", file, "--target", "json", "--lod", 0, "--json", "--quiet").json
    assert first["n_gaussians"] == 20 and first["tiles"]["columns"] == 3
    every = run("export", file, "--target", "json", "--tile", 4, "--json", "--quiet", "--overwrite").json
    assert every["n_gaussians"] == 60 and (every["tiles"]["columns"], every["tiles"]["rows"]) == (12, 8)
    assert every["tiles"]["mean_candidates"] < 60


def test_files_of_these_names_are_replaced_if_asked_and_others_left(
    run: Run, tiles: Path, tmp_path: Path
) -> None:
    out = tmp_path / "o"
    out.mkdir()
    (out / "ids.bin").write_bytes(b"old")
    (out / "mine.txt").write_text("mine")
    failed = run("export", tiles, "--target", "hlsl", "-o", out, "--no-overwrite")
    check_failure(failed, 4, "ids.bin: the file exists and is not overwritten")
    check_failure(run("export", tiles, "--target", "hlsl", "-o", out), 4, "ids.bin: ", "--overwrite")
    assert names_in(out) == ["ids.bin", "mine.txt"] and (out / "ids.bin").read_bytes() == b"old"
    assert run("export", tiles, "--target", "hlsl", "-o", out, "--overwrite").code == 0
    assert names_in(out) == sorted([*FILES, "mine.txt", "sample.hlsl"])
    assert (out / "ids.bin").read_bytes() != b"old"


def failing(run: Run, file: Path, *options: object) -> Outcome:
    """An export that fails, and leaves nothing."""
    before = names_in(file.parent)
    outcome = run("export", file, *(options or ("--target", "glsl")))
    assert names_in(file.parent) == before
    return outcome


def test_what_cannot_be_exported(run: Run, tiles: Path, gsimg: Path, tmp_path: Path) -> None:
    check_failure(failing(run, tiles, "--quiet"), 2, "--target")
    check_failure(failing(run, tiles, "--target", "metal"), 2, "invalid choice: 'metal'")
    glsl = ("--target", "glsl")
    check_failure(
        failing(run, tiles, *glsl, "--map", "No"),
        2,
        "no map 'No'",
        "there are AO, Color, rock height, Normal\n",
    )
    check_failure(failing(run, gsimg, *glsl, "--map", "Color"), 2, "--map needs a texture stack")
    check_failure(failing(run, tiles, *glsl, "--tile", 0), 2, "--tile")
    check_failure(failing(run, tiles, *glsl, "--lod", 2), 2, "--lod")
    check_failure(failing(run, tiles, *glsl, "-o", gsimg), 4, "is a file, not a folder for buffers")
    check_failure(failing(run, tiles, *glsl, "-o", tmp_path / "no" / "o"), 4, "does not exist")
    check_failure(failing(run, tmp_path / "none.gsimg"), 4, "none.gsimg: no such file")


def test_broken_files(run: Run, tiles: Path) -> None:
    data = tiles.read_bytes()
    tiles.write_bytes(data[:-9])
    check_failure(failing(run, tiles), 3, "tiles.gsimg: ")
    tiles.write_bytes(b"no gsimg")
    check_failure(failing(run, tiles), 3, "tiles.gsimg: ")
    save(tiles, sample_gaussians(), metadata={"maps": []})
    check_failure(failing(run, tiles), 3, "tiles.gsimg: the list of maps is damaged")


def test_too_much_is_refused(run: Run, tiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "MAX_ENTRIES", 500)
    check_failure(
        failing(run, tiles), 3, "the lists of Gaussians of 28 tiles would have more than 500 entries"
    )
    check_failure(
        failing(run, tiles, "--target", "glsl", "--tile", 2), 2, "1519 tiles of 2 x 2 pixels are too many"
    )
    monkeypatch.setattr(buffers, "MAX_ENTRIES", 1100)
    monkeypatch.setattr(buffers, "tile_lists", lambda *_, **__: object())
    check_failure(failing(run, tiles), 3, "300 Gaussians with 4 maps are too many to export")


def test_levels_that_are_too_much_to_paint(run: Run, tiles: Path) -> None:
    """The canvas is within the limit, its samples in all maps are not."""
    size = ("--target", "glsl", "--size-limit")
    message = "--no-mips leaves mip levels out (see --size-limit)"
    check_failure(failing(run, tiles, *size, 6000), 3, message)
    assert run("export", tiles, *size, 6000, "--no-mips").code == 0


def test_texels_that_are_too_many_for_a_text(run: Run, tmp_path: Path) -> None:
    """They are counted before any map is painted."""
    one = Gaussians([[1, 2]], [[3, 3]], [0], [0], [[0.5]], height=6000, width=6000, channels=("Y",))
    save(tmp_path / "a.gsimg", one)
    json = ("--target", "json", "-o", tmp_path / "o")
    message = "texels of 11998156 numbers are over the limit of 8388608 in a text; --no-mips leaves"
    check_failure(failing(run, tmp_path / "a.gsimg", *json), 3, message)
    assert run("export", tmp_path / "a.gsimg", *json, "--no-mips").code == 0


def test_the_paper_blend_has_tiles_of_16(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "p.gsimg"
    g = sample_gaussians()
    save(file, g.replace(blend="paper", log_weight=g.log_weight * 0), Bits.parse("16"))
    check_failure(
        failing(run, file, "--target", "glsl", "--tile", 8), 2, "paper blend sees by tiles of 16 pixels"
    )
    assert run("export", file, "--target", "glsl").code == 0
    assert json.loads((tmp_path / "p-glsl" / "manifest.json").read_text())["constants"]["cutoff"] is None


def test_without_maps_there_is_nothing_to_export() -> None:
    with pytest.raises(ValueError, match="no maps"):
        export_files(sample_gaussians(), (), "glsl")
    with pytest.raises(ValueError, match="no target 'metal'"):
        export_files(sample_gaussians(), sampled_maps("RGB", ()), "metal")


def test_names_become_identifiers() -> None:
    assert identifiers(["nor gl", "nor-gl", "nor_gl"]) == ["nor_gl_2", "nor_gl_3", "nor_gl"]
    assert identifiers(["a", "a_2", "a!", "a?"]) == ["a", "a_2", "a_3", "a_4"]
    assert identifiers(["é", "!", "__x__y", "4K", "Größe"]) == ["map", "map_2", "x_y", "4K", "Gr_e"]


def test_names_that_are_code_stay_comments(run: Run, tmp_path: Path) -> None:
    """A file's author chooses the names of maps; they must not become code."""
    name = "x\u2028fn evil() {} \\"
    each = TextureMap(name, "x.png", "other", 8, 1, "linear", False)
    file = tmp_path / "evil\u2029name $k \\.gsimg"
    save(file, sample_gaussians(each.stack_channels), metadata=to_metadata([each]))
    for target in ("glsl", "wgsl", "hlsl"):
        assert run("export", file, "--target", target, "-o", tmp_path / "o").code == 0
        text = (tmp_path / "o" / f"sample.{target}").read_bytes().decode("ascii")
        lines = [line for line in text.splitlines() if "evil" in line]
        assert len(lines) == 4  # the title, the map's number and its functions
        assert not any(line.endswith("\\") for line in lines)
        shutil.rmtree(tmp_path / "o")


def test_a_picture_is_one_map_and_other_channels_are_many() -> None:
    [one] = sampled_maps(("R", "G", "B", "A"), ())
    assert (one.name, one.identifier, one.columns, one.color_space) == (
        "Picture",
        "Picture",
        (0, 1, 2, 3),
        "srgb",
    )
    many = sampled_maps(("C0", "C 1"), ())
    assert [(each.name, each.identifier, each.columns) for each in many] == [
        ("C0", "C0", (0,)),
        ("C 1", "C_1", (1,)),
    ]
