"""Files and reports of pictures with alpha: what hides under alpha 0 changes neither."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import imagegs
from imagegs.metrics import psnr
from imagegs.pictures.pixels import Picture
from imagegs.pictures.transparency import without_hidden
from transparent_pictures import RGBA, disk


def write(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize(
    "options",
    [
        ["-n", 40],
        ["--bpp", 2],
        ["-n", 40, "--saliency", "tuned", "--roi", "0,0,20,20"],
        ["-n", 40, "--restore", "denoise"],
        ["-n", 40, "--restore", "deblock"],
        ["-n", 40, "--restore", "upscale"],
        ["-n", 40, "--restore", "inpaint"],
        ["-n", 40, "--restore", "auto"],
        ["-n", 40, "--recipe", "paper", "--steps", 20],
    ],
)
def test_the_same_file_whatever_hides(run, tmp_path, options):
    """Byte for byte, and the same report."""
    found = []
    for hidden in (1, 2):
        source = write(tmp_path / f"{hidden}.png", disk(hidden=hidden))
        target = tmp_path / "a.gsimg"
        report = run("encode", source, "-o", target, "-e", 1, "--json", *options).json
        found.append((target.read_bytes(), report["psnr"], report["ssim"]))
    assert found[0] == found[1]


def test_exact_keeps_what_hides(run, tmp_path):
    """And measures it."""
    source, target = write(tmp_path / "a.png", disk(hidden=1)), tmp_path / "a.gsimg"
    found = [
        run("encode", source, "-o", target, "-n", 60, "-e", 1, "--json", *more) for more in ([], ["--exact"])
    ]
    assert found[0].json["psnr"] > found[1].json["psnr"] + 3  # noise cannot be painted
    exact = imagegs.render(imagegs.load(target), dtype=np.uint8)
    assert found[1].json["psnr"] == pytest.approx(psnr(disk(hidden=1), exact, (None,) * 4), abs=1e-6)
    wrong = run("encode", source, "-o", target, "--exact", "--restore", "inpaint")
    assert wrong.code == 2 and "--exact" in wrong.err


def test_hidden_noise_costs_nothing(run, tmp_path):
    """What a cleaned picture takes is what one with noise under alpha 0 takes."""
    sizes = []
    clean = without_hidden(Picture(disk(20, 26), RGBA)).pixels
    for name, pixels in (("clean", clean), ("noise", disk(20, 26, hidden=9))):
        source, target = write(tmp_path / f"{name}.png", pixels), tmp_path / f"{name}.gsimg"
        report = run("encode", source, "-o", target, "--steps", 8, "--psnr", 18, "--json").json
        assert report["missed_by"] == 0
        sizes.append(report["bytes"])
    assert sizes[0] == sizes[1]


def test_compare_and_plot_look_at_what_is_seen(run, tmp_path):
    a, b = (write(tmp_path / f"{hidden}.png", disk(hidden=hidden)) for hidden in (1, 2))
    assert run("compare", a, b, "--json").json["lossless"]
    assert run("encode", a, "-o", tmp_path / "a.gsimg", "-n", 40, "-e", 1).code == 0
    maps = []
    for i, original in enumerate((a, b)):
        assert run("plot", tmp_path / "a.gsimg", "--error", original, "-o", tmp_path / f"e{i}.png").code == 0
        maps.append(np.asarray(Image.open(tmp_path / f"e{i}.png")))
    np.testing.assert_array_equal(*maps)


@pytest.mark.parametrize("size", [["-n", 40], ["--target-size", 2500]])
def test_maps_of_a_stack_have_their_own_alpha(run, tmp_path, size):
    """Of colours; what is packed in data, such as a smoothness, hides nothing."""
    files, reports = [], []
    for hidden in (1, 2, 3):
        folder = tmp_path / f"f{hidden}"
        folder.mkdir()
        write(folder / "t_albedo.png", disk(hidden=hidden))
        write(folder / "t_orm.png", disk(hidden=4 + (hidden == 3)))
        target = tmp_path / f"{hidden}.gsimg"
        assert run("encode", folder, "-o", target, *size, "-e", 1).code == 0
        files.append(target.read_bytes())
        reports.append(run("compare", tmp_path / "f1", folder, "--json").json)
    assert files[0] == files[1] != files[2]
    assert reports[1]["lossless"] and not reports[2]["lossless"]
    assert [each["lossless"] for each in reports[2]["maps"]] == [True, False]


@pytest.mark.parametrize(("opaque", "weighted"), [(True, False), (False, True)])
def test_a_history_tells_of_weighted_errors(run, tmp_path, opaque, weighted):
    pixels = disk()
    pixels[..., 3] |= 255 * opaque
    source, history = write(tmp_path / "a.png", pixels), tmp_path / "a.json"
    assert run("encode", source, "-n", 9, "--steps", 2, "--history", history).code == 0
    assert json.loads(history.read_text())["weighted"] == weighted
