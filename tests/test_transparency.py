"""Pictures with alpha: what is seen, in measures, fits and files; what hides under alpha 0 is nowhere."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from PIL import Image

import imagegs
from imagegs.codec import Lattice
from imagegs.fitting import choose_lattice, drop_useless, quantise
from imagegs.fitting.placement import place
from imagegs.fitting.pursuit import residual_blobs
from imagegs.fitting.weighing import seen_weights
from imagegs.metrics import mean_squared_error, ms_ssim, pixel_errors, psnr, ssim, weighted_psnr
from imagegs.pictures.pixels import Picture, to_planes
from imagegs.pictures.transparency import alphas_of, checked_alphas, seen, with_hidden_filled, without_hidden
from imagegs.restoration.noise import noise_level
from imagegs.restoration.restoring import Source, restore
from imagegs.textures.map_list import alphas_of_maps, make_map

RGBA, YA = ("R", "G", "B", "A"), ("Y", "A")


def disk(height=40, width=56, *, hidden=0, bits=8, gray=False):
    """A ramp of colours in a soft disk; outside, where alpha is 0, colours of the seed `hidden`."""
    y, x = np.mgrid[:height, :width]
    alpha = np.clip((height / 2.5 - np.hypot(x - width / 2, y - height / 2)) / 3, 0, 1)
    colors = np.stack([x / width, y / height, 0.5 + 0.4 * np.sin(x / 5)], axis=2)
    colors = colors[..., :1] if gray else colors
    other = np.random.default_rng(hidden).random(colors.shape)
    values = np.dstack([np.where(alpha[..., None] > 0, colors, other), alpha])
    most = 2**bits - 1
    return np.round(values * most).astype(np.uint8 if bits == 8 else np.uint16)


def over(pixels, ground):
    """The colours over a ground, 0..1 in float64."""
    values = pixels / np.iinfo(pixels.dtype).max
    return ground + (values[..., :-1] - ground) * values[..., -1:]


def noisy(pixels, seed=1):
    rng = np.random.default_rng(seed)
    return np.clip(pixels + rng.integers(-20, 21, pixels.shape), 0, 255).astype(np.uint8)


# Which alpha covers what.


@pytest.mark.parametrize(
    ("channels", "alphas"),
    [
        (RGBA, (3, 3, 3, None)),
        (YA, (1, None)),
        (("R", "G", "B"), (None,) * 3),
        (("C0", "C1", "C2", "A"), (None,) * 4),
        (("A",), (None,)),
        (("a.b.Y", "a.b.A", "Color.R", "Color.G", "Color.B", "Color.A"), (1, None, 5, 5, 5, None)),
        (("x.R", "x.G", "x.B", "y.A"), (None,) * 4),
    ],
)
def test_names_tell_which_alpha_covers_a_channel(channels, alphas):
    assert alphas_of(channels) == alphas


def test_impossible_alphas_are_refused():
    assert checked_alphas(None, 4) == (3, 3, 3, None)
    assert checked_alphas([None, None], YA) == (None, None)
    for wrong, why in (
        ([1], "2 channels"),
        ([2, None], "channel 2"),
        ([0, None], "channel 0"),
        ([-1, None], "-1"),
    ):
        with pytest.raises(ValueError, match=why):
            checked_alphas(wrong, YA)
        with pytest.raises(ValueError, match=why):
            imagegs.fit(disk(gray=True), 9, steps=1, alphas=wrong)


def test_the_alpha_of_data_is_a_channel_like_another():
    maps = (make_map("orm", "t_orm.png", "orm", 8, 4), make_map("Color", "t_Color.png", "color", 8, 4))
    assert alphas_of_maps(maps) == (None,) * 4 + (7, 7, 7, None)


# Measures.


@pytest.mark.parametrize("gray", [False, True])
def test_measures_are_those_over_black_and_over_white(gray):
    a = disk(170, 200, gray=gray)
    b = noisy(a)
    grounds = [(over(a, g), over(b, g)) for g in (0.0, 1.0)]
    error = np.mean([np.square(x - y).mean() for x, y in grounds])
    assert mean_squared_error(a, b) == pytest.approx(error, rel=1e-12)
    assert psnr(a, b) == pytest.approx(-10 * math.log10(error), abs=1e-9)
    for measure in (ssim, ms_ssim):
        expected = np.mean([measure(x, y) for x, y in grounds])
        assert measure(a, b) == pytest.approx(expected, abs=1e-6)
    of_pixels = np.mean([np.square(x - y).mean(axis=2) for x, y in grounds], axis=0)
    np.testing.assert_allclose(pixel_errors(a, b), np.sqrt(of_pixels), rtol=1e-6)
    weights = np.random.default_rng(4).random(a.shape[:2]).astype(np.float32)
    assert weighted_psnr(a, b, weights) == pytest.approx(
        -10 * math.log10(np.average(of_pixels, weights=weights)), abs=1e-6
    )


@pytest.mark.parametrize("bits", [8, 16])
def test_hidden_colours_count_in_no_measure(bits):
    a, b = disk(hidden=1, bits=bits), disk(hidden=2, bits=bits)
    assert (a != b).any()
    assert psnr(a, b) == math.inf and ssim(a, b) == ms_ssim(a, b) == 1.0
    assert not pixel_errors(a, b).any()


def test_an_opaque_picture_is_measured_by_its_colours():
    a = np.dstack([disk()[..., :3], np.full((40, 56), 255, np.uint8)])
    b = noisy(a)
    b[..., 3] = 255
    for measure in (psnr, ssim, ms_ssim):
        assert measure(a, b) == pytest.approx(measure(a[..., :3], b[..., :3]), abs=1e-6)


def test_a_stack_is_measured_map_by_map():
    """Each channel that is seen counts once; without alphas all channels count alike."""
    color, rough = disk(), disk(gray=True, hidden=3)[..., :1]
    a = np.dstack([color, rough])
    b = noisy(a)
    alphas = (3, 3, 3, None, None)
    parts = [mean_squared_error(a[..., :4], b[..., :4])] * 3 + [mean_squared_error(a[..., 4:], b[..., 4:])]
    assert mean_squared_error(a, b, alphas) == pytest.approx(np.mean(parts), rel=1e-12)
    plain = np.square((a - b.astype(float)) / 255).mean()
    assert mean_squared_error(a[..., :4], b[..., :4], (None,) * 4) == pytest.approx(
        np.square((a - b.astype(float))[..., :4] / 255).mean(), rel=1e-12
    )
    assert mean_squared_error(a, b) == pytest.approx(plain, rel=1e-12)


# Colours for where nothing is seen.


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (13, 1), (31, 46)])
def test_the_filling_depends_on_what_is_seen_alone(shape):
    rng = np.random.default_rng(0)
    planes = rng.random((4, *shape), np.float32)
    planes[3] *= rng.random(shape) > 0.6
    other = np.where(planes[3] > 0, planes, rng.random(planes.shape, np.float32))
    other[3] = planes[3]
    a, b = (with_hidden_filled(each, (3, 3, 3, None)) for each in (planes, other))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(a[:, planes[3] > 0], planes[:, planes[3] > 0])
    assert a.min() >= 0 and a.max() <= 1


def test_the_filling_goes_on_from_the_visible_colours():
    x = np.arange(64, dtype=np.float32) + np.zeros((48, 1), np.float32)
    planes = np.stack([x / 64, (x > 6) * np.float32(x < 32)])
    filled = with_hidden_filled(planes, (1, None))[0]
    assert np.abs(filled[:, :7] - 7 / 64).max() < 0.1 and np.abs(filled[:, 32:36] - 0.5).max() < 0.1
    assert np.abs(np.diff(filled, axis=1)).max() < 0.08
    clear = with_hidden_filled(np.stack([planes[0], 0 * x]), (1, None))
    assert not clear.any()
    opaque = np.stack([planes[0], 0 * x + 1])
    assert with_hidden_filled(opaque, (1, None)) is opaque


def test_integers_that_are_seen_stay_to_the_bit():
    for bits in (8, 16):
        a, b = (without_hidden(Picture(disk(hidden=seed, bits=bits), RGBA)).pixels for seed in (1, 2))
        np.testing.assert_array_equal(a, b)
        visible = disk(bits=bits)[..., 3] > 0
        np.testing.assert_array_equal(a[visible], disk(bits=bits)[visible])


# Fits.


def test_the_weights_are_the_second_derivatives_of_what_is_seen():
    """By finite differences of the very measure, channel by channel."""
    rng = np.random.default_rng(2)
    planes = rng.random((5, 3, 4))
    planes[4, 0] = 0
    alphas = (4, 4, None, 4, None)
    weights = seen_weights(planes.astype(np.float32), alphas)
    for i in np.ndindex(planes.shape):
        moved = [planes.copy() for _ in range(2)]
        moved[0][i] += 1e-3
        moved[1][i] -= 1e-3
        parts = [
            np.square(seen(np.moveaxis(m - 0, 0, -1), alphas) - seen(np.moveaxis(planes, 0, -1), alphas))
            for m in moved
        ]
        error = np.mean([p.sum() for p in parts]) / (4 * 12)  # of four channels that are seen
        assert weights[i] * 1e-6 / planes.size == pytest.approx(error, rel=1e-4, abs=1e-15)


def test_pictures_without_transparency_have_plain_weights():
    planes = to_planes(np.dstack([disk()[..., :3], np.full((40, 56), 255, np.uint8)]))
    of_pixels = np.ones((40, 56), np.float32)
    assert seen_weights(planes, (3, 3, 3, None)) is None
    assert seen_weights(planes, (3, 3, 3, None), of_pixels) is of_pixels
    clear = planes.copy()
    clear[3, 0, 0] = 0.5
    np.testing.assert_array_equal(
        seen_weights(clear, (3, 3, 3, None), 2 * of_pixels), 2 * seen_weights(clear, (3, 3, 3, None))
    )


def test_no_gaussian_is_placed_where_nothing_is_seen():
    planes = with_hidden_filled(to_planes(disk(hidden=5)), (3, 3, 3, None))
    weights = seen_weights(planes, (3, 3, 3, None))
    for placement in ("gradient", "random", np.ones((40, 56), np.float32)):
        rng = np.random.default_rng(0)
        pixels = place(rng, planes, placement, 60, weights, alphas=(3, 3, 3, None))
        near = Image.fromarray((planes[3] > 0).astype(np.uint8)).resize((56, 40))
        assert (np.asarray(near).reshape(-1)[pixels]).mean() > 0.9


def test_blobs_follow_the_weights_of_each_channel():
    """Of two residuals at one place, the one that counts is found, before one that is larger elsewhere."""
    y, x = np.mgrid[:64, :64]
    left, right = (np.exp(-((x - cx) ** 2 + (y - 32) ** 2) / 18).astype(np.float32) for cx in (16, 48))
    residual = np.stack([0.3 * left + 2 * right, 0.5 * right])
    weights = np.stack([(x < 32).astype(np.float32), np.ones((64, 64), np.float32)])
    found = residual_blobs(residual, 2, 4096, weights)
    np.testing.assert_allclose(found.xy, [(48, 32), (16, 32)], atol=1.5)
    np.testing.assert_allclose(found.amplitude, [(0, 0.5), (0.3, 0)], atol=0.1)


OPTIONS = {"steps": 40, "n_gaussians": 40, "layers": 3}


@pytest.mark.parametrize("recipe", ["imagegs", "paper"])
@pytest.mark.parametrize(("bits", "gray"), [(8, False), (16, False), (8, True)])
def test_the_same_gaussians_whatever_hides(recipe, bits, gray):
    options = OPTIONS if recipe == "imagegs" else {"steps": 20, "n_gaussians": 40, "recipe": "paper"}
    found = []
    for hidden in (1, 2):
        pixels = disk(hidden=hidden, bits=bits, gray=gray)
        fitted = imagegs.fit(pixels, **options)
        if recipe == "imagegs":
            fitted = drop_useless(pixels, fitted)
            lattice = choose_lattice(pixels, fitted)
            fitted = quantise(pixels, fitted, lattice)
        found.append(fitted)
    for name in ("xy", "scale", "angle", "log_weight", "color"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))


def test_alphas_say_that_there_is_none():
    """Colours under alpha 0 then count: the pictures differ, and so do their Gaussians."""
    plain = {"alphas": (None,) * 4, **OPTIONS}
    a, b = (imagegs.fit(disk(hidden=hidden), **plain) for hidden in (1, 2))
    assert (a.color != b.color).any()
    a, b = (
        imagegs.fit(disk(hidden=hidden), channels=("C0", "C1", "C2", "C3"), **OPTIONS) for hidden in (1, 2)
    )
    assert (a.color != b.color).any()


def test_what_is_seen_is_painted_better_than_all_channels_alike():
    """At equal numbers, over noise that nobody sees."""
    pixels = disk(60, 84, hidden=7)
    options = {"n_gaussians": 60, "effort": 1, "tune": "psnr"}
    seen_first = imagegs.fit(pixels, **options)
    alike = imagegs.fit(pixels, alphas=(None,) * 4, **options)
    a, b = (psnr(pixels, imagegs.render(g, dtype=np.uint8)) for g in (seen_first, alike))
    assert a > b + 3


@pytest.mark.parametrize("tune", ["psnr", "balanced"])
def test_a_picture_without_anything_to_see(tune):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    pixels[..., 3] = 0
    fitted = imagegs.fit(pixels, 8, steps=20, tune=tune)
    quantised = quantise(pixels, fitted, choose_lattice(pixels, fitted))
    assert imagegs.render(quantised, dtype=np.uint8)[..., 3].max() <= 1
    assert psnr(pixels, imagegs.render(quantised, dtype=np.uint8)) > 50


def test_progress_tells_about_the_error_that_is_seen():
    pixels = disk(60, 84, hidden=7)
    last = None
    for last in imagegs.fit_progressively(pixels, 60, effort=1, tune="psnr"):
        assert last.loss > 0
    painted = np.clip(imagegs.render(last.snapshot()), 0, 1)
    assert last.psnr == pytest.approx(psnr(pixels, painted), abs=1.5)  # cross terms and clipping aside


def test_a_wanted_psnr_is_of_what_is_seen():
    found = imagegs.fit_to_psnr(disk(hidden=3), 30, effort=1)
    assert found.met
    assert found.psnr == pytest.approx(psnr(disk(hidden=4), imagegs.render(found.gaussians, dtype=np.uint8)))


def test_pixel_and_channel_weights_go_with_alpha():
    pixels = disk(60, 84, hidden=7)
    left = np.repeat(np.arange(84)[None] < 42, 60, axis=0).astype(np.float32)
    options = {"n_gaussians": 50, "effort": 1, "tune": "psnr", "channel_weights": (1, 2, 1, 4)}
    steered = [imagegs.fit(pixels, pixel_weights=w, **options) for w in (1 + 30 * left, 31 - 30 * left)]
    errors = [pixel_errors(pixels, imagegs.render(g, dtype=np.uint8)) for g in steered]
    assert np.square(errors[0][:, :42]).mean() < np.square(errors[1][:, :42]).mean()
    assert np.square(errors[1][:, 42:]).mean() < np.square(errors[0][:, 42:]).mean()
    lattice = Lattice.of_fineness(1)
    shared = {"pixel_weights": 1 + 30 * left, "channel_weights": (1, 2, 1, 4)}
    a, b = (quantise(disk(60, 84, hidden=h), steered[0], lattice, **shared) for h in (1, 2))
    np.testing.assert_array_equal(a.color, b.color)


# Commands.


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


def test_maps_of_a_stack_have_their_own_alpha(run, tmp_path):
    """Of colours; what is packed in data, such as a smoothness, hides nothing."""
    files, reports = [], []
    for hidden in (1, 2, 3):
        folder = tmp_path / f"f{hidden}"
        folder.mkdir()
        write(folder / "t_albedo.png", disk(hidden=hidden))
        write(folder / "t_orm.png", disk(hidden=4 + (hidden == 3)))
        target = tmp_path / f"{hidden}.gsimg"
        assert run("encode", folder, "-o", target, "-n", 40, "-e", 1).code == 0
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


def test_noise_is_that_of_visible_pixels():
    rng = np.random.default_rng(1)
    pixels = np.full((60, 80, 4), 0.5) + rng.normal(0, 0.04, (60, 80, 1))
    pixels[..., 3] = np.arange(80) < 40
    pixels[:, 40:, :3] = rng.random((60, 40, 3))
    visible = pixels[..., 3] > 0
    assert noise_level(pixels[..., :3].astype(np.float32), visible) == pytest.approx(0.04, rel=0.1)
    assert noise_level(pixels[..., :3].astype(np.float32), np.zeros((60, 80), bool)) == 0
    integers = np.round(255 * pixels.clip(0, 1)).astype(np.uint8)
    found = restore(Picture(integers, RGBA), "denoise", Source(chooses_amount=False))
    assert found.findings["noise"] == pytest.approx(255 * 0.04, rel=0.1)
