"""`imagegs export --target ktx2|dds`: what it writes and says, and how it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Outcome, Run, check_failure, sample_gaussians
from imagegs.applications.export.engines import encoding
from imagegs.applications.export.engines.files import texture_files
from imagegs.codec import Bits, decode, save
from imagegs.textures.map_list import make_map, to_metadata
from requirements import need_packages
from run_folder import links
from texture_files import MAPS, read_dds, read_ktx2, stack

FILES = [f"t_{each.name}" for each in MAPS]


@pytest.fixture(autouse=True)
def packages() -> None:
    need_packages("alktx2", "bc7enc", "etcpak")


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """A stack with the maps MAPS, 61 x 45."""
    path = tmp_path / "tiles.gsimg"
    save(path, stack(), Bits.parse("16"), metadata=to_metadata(MAPS))
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("target", ["ktx2", "dds"])
def test_a_file_for_each_map(run: Run, tiles: Path, target: str) -> None:
    outcome = run("export", tiles, "--target", target)
    folder = tiles.with_name(f"tiles-{target}")
    assert outcome.code == 0 and outcome.out == ""
    warning, note, *rest = outcome.err.splitlines()
    assert warning == "imagegs: warning: textures have 8 bits a channel, these maps 16: Height"
    assert note.startswith(f"{folder}: t_Color.{target} (bc7), t_Leaf.{target} (bc7), ") and not rest
    assert f"t_Normal.{target} (bc5)" in note and "; 61 x 45 pixels, " in note
    assert names_in(folder) == sorted(f"{name}.{target}" for name in FILES)
    made = texture_files(decode(tiles.read_bytes()), MAPS, target)
    for name, pieces in made.items():
        assert (folder / name).read_bytes() == b"".join(pieces), name


def test_the_report(run: Run, tiles: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    options = ("--map", "Leaf", "--pack", "orm=AO,Roughness,255", "-o", out, "--json", "--quiet")
    outcome = run("export", tiles, "--target", "ktx2", *options)
    assert outcome.err == ""
    report = outcome.json
    assert report.pop("seconds") >= 0
    size = {name: (out / name).stat().st_size for name in names_in(out)}
    leaf = {
        "output": str(out / "t_Leaf.ktx2"),
        "bytes": size["t_Leaf.ktx2"],
        "format": "bc7",
        "maps": ["Leaf"],
    }
    orm = {"output": str(out / "orm.ktx2"), "bytes": size["orm.ktx2"], "format": "bc7"}
    assert report == {
        "input": str(tiles),
        "output": str(out),
        "target": "ktx2",
        "files": [
            {**leaf, "color_space": "srgb"},
            {**orm, "maps": ["AO", "Roughness", 255], "color_space": "linear"},
        ],
        "width": 61,
        "height": 45,
        "n_gaussians": 40,
    }


@pytest.mark.parametrize("format", ["bc7", "bc3", "etc1s", "uastc", "rgba8"])
def test_a_format_for_all(run: Run, tiles: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / "o"
    report = run("export", tiles, "--target", "ktx2", "--format", format, "-o", out, "--json", "--quiet").json
    assert [each["format"] for each in report["files"]] == [format] * len(MAPS)
    basis = format in ("etc1s", "uastc")
    for name in FILES:
        assert (read_ktx2((out / f"{name}.ktx2").read_bytes()).vk_format == 0) == basis


def test_packed_maps_are_not_written_alone(run: Run, tiles: Path, tmp_path: Path) -> None:
    packs = ("--pack", "orm=AO,Roughness,0", "--pack", "h=Height,Height,Height")
    assert run("export", tiles, "--target", "dds", *packs, "-o", tmp_path / "o").code == 0
    left = [name for name in FILES if name not in ("t_AO", "t_Roughness", "t_Height")]
    assert names_in(tmp_path / "o") == sorted(f"{name}.dds" for name in [*left, "orm", "h"])


def test_a_picture_is_one_texture(run: Run, gsimg: Path, tmp_path: Path) -> None:
    assert run("export", gsimg, "--target", "dds").code == 0
    assert names_in(tmp_path / "sample-dds") == ["sample.dds"]
    file = read_dds((tmp_path / "sample-dds" / "sample.dds").read_bytes())
    assert (file.dxgi_format, file.size, file.n_levels) == (99, (48, 32), 6)


def test_standard_input(gsimg: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "imagegs", "export", "-", "--target", "ktx2", "-o", str(tmp_path / "o")]
    with gsimg.open("rb") as file:
        subprocess.run(command, stdin=file, capture_output=True, check=True)
    assert names_in(tmp_path / "o") == ["Picture.ktx2"]


def test_levels_of_detail(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.gsimg"
    save(file, sample_gaussians().replace(layers=(20, 40)))
    coarse, fine = tmp_path / "coarse", tmp_path / "fine"
    assert run("export", file, "--target", "dds", "--lod", 0, "-o", coarse).code == 0
    assert run("export", file, "--target", "dds", "-o", fine).code == 0
    assert (coarse / "a.dds").read_bytes() != (fine / "a.dds").read_bytes()


def test_files_are_replaced_if_asked_and_others_left(run: Run, tiles: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    out.mkdir()
    (out / "t_Normal.dds").write_bytes(b"old")
    (out / "mine.txt").write_text("mine")
    command = ("export", tiles, "--target", "dds", "-o", out)
    check_failure(run(*command), 4, "t_Normal.dds: the file exists", "--overwrite")
    check_failure(run(*command, "--no-overwrite"), 4, "t_Normal.dds: the file exists and is not overwritten")
    assert names_in(out) == ["mine.txt", "t_Normal.dds"] and (out / "t_Normal.dds").read_bytes() == b"old"
    assert run(*command, "--overwrite").code == 0
    assert names_in(out) == sorted(["mine.txt", *(f"{name}.dds" for name in FILES)])
    assert read_dds((out / "t_Normal.dds").read_bytes()).dxgi_format == 83


def failing(run: Run, file: Path, *options: object) -> Outcome:
    """An export that fails, and leaves nothing."""
    before = names_in(file.parent)
    outcome = run("export", file, *options)
    assert names_in(file.parent) == before
    return outcome


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--target ktx2 --format bc6", "argument --format: invalid choice: 'bc6'"),
        ("--target dds --format etc1s", "etc1s is a format of KTX2 files: DDS files do not hold it"),
        ("--target dds --format bc5", "map Color cannot be bc5: it holds sRGB colours"),
        ("--target dds --format bc4 --map Normal", "map Normal cannot be bc4: it has 3 channels, not one"),
        ("--target ktx2 --format bc1 --map Leaf", "map Leaf cannot be bc1: its alpha is not 0 or 255"),
        ("--target ktx2 --format bc5 --map AO", "map AO cannot be bc5: it has neither two channels nor"),
        ("--target ktx2 --tile 8", "--tile is for shaders, not for ktx2 files"),
        ("--target glsl --format bc7", "--format is for the targets ktx2 and dds"),
        ("--target json --pack p=AO,0,0", "--pack is for the targets ktx2 and dds"),
        ("--target dds --map No", "no map 'No' in this file; there are Color, Leaf, "),
        ("--target dds --pack p", "a pack is NAME=MAP,MAP,MAP, not 'p'"),
        ("--target dds --pack p=AO,No,0", "pack p: no map 'No'; maps of one channel are: Glow, AO, "),
        ("--target dds --pack p=AO,0", "pack p has 2 channels, not 3 or 4"),
        (
            "--target dds --pack p=AO,Color,0",
            "pack p: map Color has 3 channels, only maps of one can be packed",
        ),
        ("--target dds --pack ../p=AO,0,0", "'../p.dds' is no name for the file of a texture: "),
        ("--target dds --pack t_color=AO,0,0", "would have the same file: t_Color.dds and t_color.dds"),
        ("--target ktx2 -o -", "a folder for textures cannot be written to standard output"),
    ],
)
def test_wrong_usage_writes_nothing(run: Run, tiles: Path, options: str, problem: str) -> None:
    check_failure(failing(run, tiles, *options.split()), 2, problem)


@pytest.mark.parametrize("option", ["--map=Color", "--pack=p=AO,0,0"])
def test_a_picture_has_no_maps(run: Run, gsimg: Path, option: str) -> None:
    name = option.split("=")[0]
    check_failure(failing(run, gsimg, "--target", "dds", option), 2, f"{name} needs a texture stack")


def test_a_missing_package(run: Run, tiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "find_spec", lambda name: None if name == "alktx2" else object())
    outcome = failing(run, tiles, "--target", "ktx2", "--format", "uastc")
    check_failure(outcome, 1, "uastc is encoded by alktx2: pip install 'imagegs[export]'")
    assert run("export", tiles, "--target", "ktx2").code == 0


def test_places_that_cannot_be_written(run: Run, tiles: Path, gsimg: Path, tmp_path: Path) -> None:
    dds = ("--target", "dds", "-o")
    check_failure(failing(run, tiles, *dds, gsimg), 4, "is a file, not a folder for textures")
    check_failure(failing(run, tiles, *dds, tmp_path / "no" / "o"), 4, "does not exist")


@links
def test_links_are_not_followed(run: Run, tiles: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "o", tmp_path / "mine"
    out.mkdir()
    (out / "t_AO.dds").symlink_to(mine)
    command = ("export", tiles, "--target", "dds", "-o", out, "--overwrite")
    check_failure(run(*command), 4, "t_AO.dds: a link is there, and is not followed")
    assert not mine.exists() and names_in(out) == ["t_AO.dds"]
    if hasattr(os, "mkfifo"):
        (out / "t_AO.dds").unlink()
        os.mkfifo(out / "t_AO.dds")
        check_failure(run(*command), 4, "t_AO.dds: what is there is no regular file")


def test_broken_files(run: Run, tiles: Path) -> None:
    data = tiles.read_bytes()
    tiles.write_bytes(data[:-9])
    check_failure(failing(run, tiles, "--target", "dds"), 3, "tiles.gsimg: ")
    save(tiles, sample_gaussians(), metadata={"maps": []})
    check_failure(failing(run, tiles, "--target", "ktx2"), 3, "tiles.gsimg: the list of maps is damaged")


def test_too_large_a_canvas_is_refused(run: Run, tiles: Path) -> None:
    outcome = failing(run, tiles, "--target", "dds", "--size-limit", 61 * 45 - 1)
    check_failure(outcome, 3, "tiles.gsimg: the canvas of 61 x 45 pixels is over the limit", "--size-limit")


def test_too_much_painting_is_refused(run: Run, tiles: Path) -> None:
    options = ("--target", "dds", "--size-limit", 61 * 45)  # four channels of that size may be painted
    problem = "tiles.gsimg: 61 x 45 pixels of 22 channels are over the limit of 10980 samples"
    check_failure(failing(run, tiles, *options), 3, problem)
    assert run("export", tiles, *options, "--map", "Normal", "--quiet").code == 0


def test_a_failure_on_the_way_leaves_nothing(run: Run, tiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> bytes:
        raise MemoryError

    monkeypatch.setitem(encoding._ENCODERS, "bc5", fail)  # of the normals, which come after others
    check_failure(failing(run, tiles, "--target", "dds", "--quiet"), 1, "not enough memory")


def test_maps_of_one_stem_are_told_apart(run: Run, tmp_path: Path) -> None:
    maps = [make_map("a", "x.png", "other", 8, 1), make_map("b", "x.tif", "other", 8, 1)]
    file = tmp_path / "twins.gsimg"
    channels = tuple(channel for each in maps for channel in each.stack_channels)
    save(file, sample_gaussians(channels), metadata=to_metadata(maps))
    check_failure(failing(run, file, "--target", "dds"), 2, "would have the same file: x.dds and x.dds")
    assert run("export", file, "--target", "dds", "--map", "b").code == 0
    assert names_in(tmp_path / "twins-dds") == ["x.dds"]
