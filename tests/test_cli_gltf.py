"""`imagegs gltf`: what it writes and says, what it leaves alone, and how it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import FAST, Run, check_failure
from gltf_models import glb, image_data, in_files, map_pixels, model, opened, png, problems
from imagegs.applications.gltf.rebuilding import EXTENSION

TREE, DATA = model()


@pytest.fixture
def bottle(tmp_path: Path) -> Path:
    path = tmp_path / "bottle.glb"
    path.write_bytes(glb(TREE, DATA))
    return path


@pytest.fixture
def in_parts(tmp_path: Path) -> Path:
    """A .gltf file with its data and pictures beside it."""
    folder = tmp_path / "parts"
    folder.mkdir()
    path = folder / "bottle.gltf"
    path.write_text(json.dumps(in_files(TREE, DATA, folder, embedded=False)))
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_there_and_back(run: Run, bottle: Path, tmp_path: Path) -> None:
    small, back = tmp_path / "small.glb", tmp_path / "back.glb"
    outcome = run("gltf", bottle, "-o", small, *FAST)
    assert outcome.code == 0 and outcome.out == ""
    first, last = outcome.err.splitlines()
    assert first.startswith(
        "Bottle: BaseColor, OcclusionRoughnessMetallic, Normal, Emissive: 32 x 32 pixels, "
    )
    assert last.startswith(f"{small}: {small.stat().st_size:,} bytes, before {bottle.stat().st_size:,}, ")
    outcome = run("gltf", small, "--back", "-o", back)
    assert outcome.code == 0 and outcome.err.count("32 x 32 pixels") == 4
    tree, data = opened(back)
    assert all(image_data(tree, data, i).startswith(b"\x89PNG") for i in range(4))
    assert problems(back) == []


def test_names_and_the_report(run: Run, bottle: Path) -> None:
    report = run("gltf", bottle, "--json", "--quiet", *FAST).json
    output = bottle.with_name("bottle-gsimg.glb")
    assert report["output"] == str(output) and report["bytes"] == output.stat().st_size
    assert report["bytes_before"] == bottle.stat().st_size
    (file,) = report["files"]
    assert file["maps"][2] == "Normal" and file["channels"] == 13 and file["wrap"] is False
    report = run("gltf", output, "--back", "--json", "--quiet").json
    assert report["output"] == str(bottle.with_name("bottle-gsimg-png.glb"))
    assert [each["name"] for each in report["pictures"]][:2] == ["Bottle_BaseColor", "Bottle_Normal"]


def test_json_with_a_file_beside(run: Run, in_parts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out dir" / "b ö.gltf"
    out.parent.mkdir()
    assert run("gltf", in_parts, "-o", out, "--quiet", *FAST).code == 0
    assert names_in(out.parent) == ["b ö.bin", "b ö.gltf"]
    tree = json.loads(out.read_text())
    assert tree["buffers"][0]["uri"] == "b%20%C3%B6.bin" and tree["extensionsRequired"] == [EXTENSION]
    assert problems(out) == []
    assert run("gltf", out, "--back", "-o", tmp_path / "c.glb", "--quiet").code == 0


def test_options_of_the_compression(run: Run, bottle: Path) -> None:
    report = run("gltf", bottle, "--json", "--quiet", "--bppc", 2, "--wrap", *FAST).json
    (file,) = report["files"]
    assert file["wrap"] is True and 2048 < file["bytes"] <= 2 * 13 * 1024 / 8
    more = run("gltf", bottle, "--json", "--quiet", "-n", 15, "--keep-pictures", "--overwrite", *FAST).json
    assert more["files"][0]["n_gaussians"] == 15 and more["bytes"] > more["bytes_before"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--bpp", "1", "--bppc", "1"], "not allowed with"),
        (["--bppc", "0"], "not a number above 0"),
        (["--tune", "visual"], "invalid choice"),
        (["--back", "--bppc", "1"], "do not go with --back"),
        (["--back", "-e", "3"], "do not go with --back"),
        (["-e", "10"], "from 1 to 9"),
    ],
)
def test_wrong_options(run: Run, bottle: Path, arguments: list[str], problem: str) -> None:
    check_failure(run("gltf", bottle, *arguments), 2, problem)
    assert names_in(bottle.parent) == ["bottle.glb"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (glb(TREE, DATA)[:-9], "is to have"),
        (b"GLTF" + glb(TREE, DATA)[4:], "neither a .glb file nor"),
        (glb({**TREE, "buffers": [{"byteLength": 10**7}]}, DATA), "buffers[0] is to have 10000000 bytes"),
        (glb({**TREE, "images": [{"uri": "../x.png"}] * 4}, DATA), "within the model's folder: '../x.png'"),
        (glb({**TREE, "materials": []}, DATA), "use no pictures that could be moved"),
    ],
)  # fmt: skip
def test_damaged_models_leave_nothing_behind(run: Run, bottle: Path, data: bytes, problem: str) -> None:
    bottle.write_bytes(data)
    check_failure(run("gltf", bottle, "-o", bottle.with_name("o.glb"), *FAST), 3, str(bottle), problem)
    assert names_in(bottle.parent) == ["bottle.glb"]


def test_a_model_without_gsimg_files_has_no_way_back(run: Run, bottle: Path) -> None:
    check_failure(run("gltf", bottle, "--back"), 3, "no texture of the model has the extension")


def test_missing_files(run: Run, in_parts: Path, tmp_path: Path) -> None:
    (in_parts.parent / "a picture 2.png").unlink()
    check_failure(run("gltf", in_parts, "-o", tmp_path / "o.glb"), 4, "a picture 2.png: no such file")
    check_failure(run("gltf", tmp_path / "none.glb"), 4, "none.glb: no such file")
    assert names_in(tmp_path) == ["parts"]


def test_no_input_is_written(run: Run, bottle: Path, in_parts: Path) -> None:
    check_failure(run("gltf", bottle, "-o", bottle, "--overwrite"), 2, "the output is the input")
    picture = in_parts.with_name("a picture 1.png")
    old = picture.read_bytes()
    check_failure(run("gltf", in_parts, "-o", picture, "--overwrite"), 2, "the output is the input")
    other = in_parts.with_name("model.gltf")  # its data would be model.bin, which the input names
    check_failure(
        run("gltf", in_parts, "-o", other, "--overwrite"), 2, "model.bin", "the output is the input"
    )
    assert picture.read_bytes() == old and not other.exists()


def test_what_is_replaced(run: Run, bottle: Path, tmp_path: Path) -> None:
    target = tmp_path / "o.glb"
    target.write_bytes(b"glTF old")
    check_failure(run("gltf", bottle, "-o", target, "--no-overwrite"), 4, "is not overwritten")
    assert run("gltf", bottle, "-o", target, "--quiet", *FAST).code == 0  # it was named
    target.write_bytes(png(map_pixels("normal")))
    check_failure(run("gltf", bottle, "-o", target), 4, "is no .glb file")
    assert run("gltf", bottle, *FAST).code == 0
    check_failure(run("gltf", bottle), 4, "bottle-gsimg.glb: the file exists")
    pair = tmp_path / "pair.gltf"
    pair.with_suffix(".bin").write_bytes(b"mine")
    check_failure(run("gltf", bottle, "-o", pair), 4, "pair.bin: the file exists")
    assert not pair.exists() and pair.with_suffix(".bin").read_bytes() == b"mine"
    assert run("gltf", bottle, "-o", pair, "--overwrite", "--quiet", *FAST).code == 0
