"""`imagegs encode` of a folder of maps, and `decode`, `info` and `compare` of what it gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import FAST, Outcome, Run, check_failure, sample_gaussians, sample_pixels
from imagegs.codec import load, read_info, save
from imagegs.pictures.pixels import to_float, to_integers
from imagegs.pictures.reading import read_picture
from imagegs.pictures.writing import write_picture
from imagegs.rendering import render
from imagegs.textures.normals import with_unit_normals

FILES = {  # name: channels, type
    "x_AO.tif": (("Y",), np.uint8),
    "x_Color.png": (("R", "G", "B", "A"), np.uint8),
    "x_Height.png": (("Y",), np.uint16),
    "x_Normal.jpg": (("R", "G", "B"), np.uint8),
}
OUTPUTS = ["x_AO.tif", "x_Color.png", "x_Height.png", "x_Normal.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The maps of a texture, and a file and a folder that are none."""
    folder = tmp_path / "tiles.v2"
    (folder / "more.png").mkdir(parents=True)
    (folder / "licence.txt").write_text("CC0")
    np.save(folder / "array.npy", sample_pixels())
    (folder / "._x_Color.png").write_bytes(b"\0")
    for name, (channels, dtype) in FILES.items():
        pixels = sample_pixels(len(channels), dtype)
        if "Normal" in name:
            pixels = to_integers(with_unit_normals(to_float(pixels)), 8)
        write_picture(folder / name, pixels, channels)
    return folder


@pytest.fixture
def stack(run: Run, folder: Path) -> Path:
    assert run("encode", folder, "--quiet", *FAST).code == 0
    return folder.with_name("tiles.v2.gsimg")


def test_a_folder_comes_back(run: Run, folder: Path, stack: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "x_AO.tif").write_bytes(b"old")
    (out / "mine.txt").write_text("mine")
    outcome = run("decode", stack, "-o", out, "--overwrite")
    assert outcome.code == 0 and outcome.out == ""
    assert outcome.err.startswith(f"{out}: 4 maps, 48 x 32 pixels, ")
    assert sorted(path.name for path in out.iterdir()) == ["mine.txt", *OUTPUTS]
    for name, (channels, dtype) in zip(OUTPUTS, FILES.values(), strict=True):
        picture = read_picture(out / name)
        assert picture.channels == channels and picture.pixels.dtype == dtype
    comparison = run("compare", folder, out, "--json").json
    assert comparison == {**run("compare", folder, stack, "--json").json, "b": str(out)}
    assert [each["name"] for each in comparison["maps"]] == ["AO", "Color", "Height", "Normal"]
    assert all(each["psnr"] > 20 for each in comparison["maps"])
    assert [each["name"] for each in comparison["maps"] if "mean_angle" in each] == ["Normal"]
    assert 0 < comparison["maps"][3]["mean_angle"] < 30
    assert "Normal    lossless, 0.00 degrees\n" in run("compare", out, out).out


def test_the_report_is_about_the_maps(run: Run, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "t.gsimg"
    report = run("encode", folder, "-o", target, "--json", "--quiet", *FAST).json
    assert report["bytes"] == target.stat().st_size and report["bit_depth"] == 16
    assert report["channels"] == list(load(target).channels) and len(report["channels"]) == 9
    assert report["maps"] == read_info(target.read_bytes()).metadata["maps"]
    assert report["maps"][3] == {
        "name": "Normal",
        "file": "x_Normal.jpg",
        "kind": "normal",
        "bit_depth": 8,
        "channels": 3,
        "color_space": "linear",
        "unit_length": True,
    }
    assert report["psnr"] == pytest.approx(run("compare", folder, target, "--json").json["psnr"], abs=1e-9)


def test_a_size_counts_the_list_of_maps(run: Run, folder: Path) -> None:
    report = run("encode", folder, "--target-size", 1500, "--json", "--quiet", *FAST).json
    assert 1400 < report["bytes"] <= 1500


def test_the_default_output_is_a_folder_beside_the_file(run: Run, stack: Path, tmp_path: Path) -> None:
    moved = stack.rename(tmp_path / "other.gsimg")
    report = run("decode", moved, "--json", "--quiet", "--height", 16, "--region", "2,3,10,11").json
    assert report["output"] == str(tmp_path / "other") and (report["width"], report["height"]) == (10, 11)
    assert [Path(each["output"]).name for each in report["maps"]] == OUTPUTS
    whole = render(load(moved), height=16, region=(2, 3, 10, 11), dtype=np.uint16)
    assert np.array_equal(read_picture(tmp_path / "other" / "x_Height.png").pixels, whole[:, :, 5:6])
    assert read_picture(tmp_path / "other" / "x_Normal.png").pixels.shape == (11, 10, 3)


def test_what_may_be_the_originals_is_not_replaced(run: Run, folder: Path, stack: Path) -> None:
    """The folder that was encoded lies where decode puts its maps by itself."""
    before = {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    for options in ([], ["-o", folder]):  # the maps' names are typed by nobody
        check_failure(run("decode", stack, *options), 4, "x_AO.tif", "with -o", "--overwrite")
    assert {file: file.read_bytes() for file in folder.iterdir() if file.is_file()} == before
    assert run("decode", stack, "--overwrite").code == 0
    assert (folder / "x_AO.tif").read_bytes() != before[folder / "x_AO.tif"]


def test_one_map(run: Run, stack: Path, tmp_path: Path) -> None:
    target = tmp_path / "height.webp"
    assert run("decode", stack, "--map", "Height", "-o", target).code == 0
    expected = render(load(stack), dtype=np.uint8)[:, :, 5]
    assert np.array_equal(read_picture(target).pixels[:, :, 0], expected)
    assert run("decode", stack, "--map", "Normal", "--lod", 0).code == 0
    assert read_picture(tmp_path / "x_Normal.png").pixels.shape == (32, 48, 3)
    check_failure(run("decode", stack, "--map", "No"), 2, "'No'", "there are AO, Color, Height, Normal\n")
    check_failure(run("decode", stack, "--map", "Color", "-o", tmp_path / "a.jpg"), 2, "no alpha channel")


def test_a_folder_of_one_map(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    write_picture(folder / "albedo.png", sample_pixels(), ("R", "G", "B"))
    monkeypatch.chdir(folder)
    assert run("encode", ".", *FAST).code == 0
    assert load(tmp_path / "one.gsimg").channels == ("albedo.R", "albedo.G", "albedo.B")


def test_maps_of_other_sizes(run: Run, folder: Path, picture: Path) -> None:
    write_picture(folder / "x_Rough.png", sample_pixels(1)[:8, :8], ("Y",))
    check_failure(
        run("encode", folder, *FAST),
        3,
        "tiles.v2: ",
        "x_AO.tif has 48 x 32 pixels, x_Rough.png has 8 x 8 pixels",
    )
    assert run("encode", folder, "--resize-maps", *FAST).code == 0
    check_failure(run("encode", picture, "--resize-maps", *FAST), 2, "--resize-maps needs a folder of maps")


def test_a_damaged_map(run: Run, folder: Path) -> None:
    (folder / "x_Rough.png").write_bytes(b"no picture")
    check_failure(run("encode", folder, *FAST), 3, "tiles.v2: x_Rough.png: ")
    assert not folder.with_name("tiles.v2.gsimg").exists()


def test_nothing_is_overwritten_where_that_is_asked_for(run: Run, stack: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "x_Normal.png").write_bytes(b"old")
    check_failure(run("decode", stack, "-o", out, "--no-overwrite"), 4, "x_Normal.png: the file exists")
    assert [path.name for path in out.iterdir()] == ["x_Normal.png"]
    assert (out / "x_Normal.png").read_bytes() == b"old"
    (out / "x_Normal.png").unlink()
    assert run("decode", stack, "-o", out, "--no-overwrite").code == 0
    check_failure(run("encode", out, "-o", stack, "--no-overwrite", *FAST), 4, "the file exists")


def test_folders_that_cannot_be_written(run: Run, stack: Path, gsimg: Path, tmp_path: Path) -> None:
    check_failure(run("decode", stack, "-o", tmp_path / "out.png"), 2, "is to be a folder, for 4 maps")
    check_failure(run("decode", stack, "-o", gsimg), 4, "is a file, not a folder for maps")
    check_failure(run("decode", stack, "-o", tmp_path / "no" / "out"), 4, "does not exist")
    check_failure(run("decode", gsimg, "--map", "Color"), 2, "--map needs a texture stack")
    check_failure(run("decode", stack, "-o", tmp_path / "o", "--scale", 9999), 2, "--size-limit")
    check_failure(run("decode", stack, "-o", tmp_path / "o", "--region", "0,0,99,1"), 2, "not inside")
    assert not (tmp_path / "o").exists()


def test_info(run: Run, stack: Path) -> None:
    out = run("info", stack).out
    assert "\nmap 2              Color: color, R G B A, 8 bits, srgb, x_Color.png\n" in out
    assert "metadata maps" not in out
    assert [each["name"] for each in run("info", stack, "--json").json["maps"]][::3] == ["AO", "Normal"]


def commands(run: Run, file: Path, tmp_path: Path) -> list[Outcome]:
    (tmp_path / "folder").mkdir(exist_ok=True)
    return [
        run("decode", file, "-o", tmp_path / "o"),
        run("info", file),
        run("compare", file, tmp_path / "folder"),
    ]


@pytest.mark.parametrize("name", ["../evil.png", "/tmp/evil.png", "..", "a\\evil.png", "\x1b[31mevil.png"])
def test_a_list_that_leads_out_of_the_folder(run: Run, tmp_path: Path, name: str) -> None:
    file = tmp_path / "evil.gsimg"
    entry = {"name": "a", "file": name, "kind": "color", "bit_depth": 8, "channels": 3, "color_space": "srgb"}
    entry["unit_length"] = False
    save(file, sample_gaussians(("a.R", "a.G", "a.B")), metadata={"maps": [entry]})
    for outcome in commands(run, file, tmp_path):
        check_failure(outcome, 3, "evil.gsimg: ", "is no name for the file of a map")
        assert outcome.err[:-1].isprintable()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.gsimg", "folder"]


def test_a_list_that_does_not_fit(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.gsimg"
    save(file, sample_gaussians(), metadata={"maps": []})
    for outcome in commands(run, file, tmp_path):
        check_failure(outcome, 3, "bad.gsimg: the list of maps is damaged")


def test_what_cannot_be_compared(run: Run, folder: Path, stack: Path, gsimg: Path) -> None:
    check_failure(run("compare", folder, gsimg), 2, "sample.gsimg: holds one picture")
    (folder / "x_AO.tif").unlink()
    check_failure(run("compare", stack, folder), 2, "differ in channels: AO.Y")
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    check_failure(run("compare", stack, folder), 3, "no pictures in this directory")
    write_picture(folder / "x.png", sample_pixels()[:9], ("R", "G", "B"))
    check_failure(run("compare", stack, folder), 2, "differ in size: 48 x 32 and 48 x 9 pixels")


@pytest.mark.parametrize("name", ["x_Normal", "normal", "NORMAL"])
def test_a_map_that_weighs_more_is_better(run: Run, folder: Path, name: str) -> None:
    from imagegs.cli.folder_contents import pictures_in
    from imagegs.cli.folders import load_stack
    from imagegs.metrics import psnr
    from imagegs.textures.painting import paint_map
    from imagegs.textures.stacks import read_stack

    def quality(path: Path) -> list[float]:
        gaussians, maps = load_stack(path)
        pictures = read_stack(pictures_in(folder)).picture.pixels
        painted = [paint_map(gaussians, each) for each in maps]
        ends = np.cumsum([each.channels for each in maps])
        parts = np.split(pictures / 65535, ends[:-1], axis=2)
        return [psnr(a, to_float(b)) for a, b in zip(parts, painted, strict=True)]

    def encoded(*flags: object) -> list[float]:
        stack = folder.with_name("stack.gsimg")
        assert run("encode", folder, "-o", stack, "--overwrite", "--quiet", "--effort", 1, *flags).code == 0
        return quality(stack)

    gains = np.subtract(encoded("--map-weight", f"{name.removeprefix('x_')}=16"), encoded())
    assert gains[3] > 0 and gains[:3].mean() < 0


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--map-weight", "bump=2"], "no such map or kind; there are AO, Color, Height, Normal, occlusion"),
        (["--map-weight", "normal"], "--map-weight is MAP=W"),
        (["--map-weight", "normal=0"], "--map-weight is MAP=W"),
        (["--map-weight", "normal=nan"], "--map-weight is MAP=W"),
        (["--map-weight", "normal=2", "--recipe", "paper"], "--map-weight needs the imagegs recipe"),
    ],
)
def test_weights_of_maps_that_are_not_there(run: Run, folder: Path, options: list[str], line: str) -> None:
    outcome = run("encode", folder, *FAST, *options)
    assert outcome.code == 2 and line in outcome.err
    assert not folder.with_name("tiles.v2.gsimg").exists()


def test_weights_of_maps_need_a_folder(run: Run, folder: Path) -> None:
    outcome = run("encode", folder / "x_Color.png", "--map-weight", "color=2")
    assert outcome.code == 2 and "--map-weight needs a folder" in outcome.err
