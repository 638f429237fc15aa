"""Restoration: what is estimated of damage, and that files of damaged pictures are nearer to clean ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import Run, sample_pixels, texture_pixels
from imagegs.errors import FormatError
from imagegs.metrics import mean_squared_error, psnr
from imagegs.pictures.pixels import Picture, to_float
from imagegs.restoration import filling
from imagegs.restoration.amount import BITS_OF_GAUSSIAN, LEAST_BYTES, MOST_BITS, worth_of
from imagegs.restoration.deblocking import deblocked
from imagegs.restoration.denoising import denoised, expected_error
from imagegs.restoration.enlarging import enlarged, shrunk
from imagegs.restoration.filling import filled_best
from imagegs.restoration.holes import filled, known_by_mask, pixel_weights
from imagegs.restoration.jpeg_traces import traces_in_file, traces_in_pixels
from imagegs.restoration.noise import noise_level
from imagegs.restoration.restoring import Source, restore

FAST = ["-j", 1, "--steps", 60, "--json"]


def smooth_pixels(height: int = 64, width: int = 96) -> np.ndarray:
    """Waves and an edge: what few Gaussians can paint."""
    y, x = np.mgrid[0:height, 0:width] / 32
    planes = [110 + 50 * np.sin(2 * x + c) + 40 * np.cos(1.5 * y) + 40 * (x + y > 2.5) for c in range(3)]
    return np.clip(np.round(np.stack(planes, axis=2)), 1, 254).astype(np.uint8)


def noisy(pixels: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(2).normal(0, sigma, pixels.shape)
    return np.clip(np.round(pixels + noise), 0, 255).astype(np.uint8)


def as_jpeg(pixels: np.ndarray, quality: int, path: Path) -> np.ndarray:
    Image.fromarray(pixels).save(path, quality=quality)
    return np.asarray(Image.open(path))


def rgb(pixels: np.ndarray) -> Picture:
    return Picture(pixels, ("R", "G", "B"))


def decoded(path: Path) -> np.ndarray:
    return imagegs.render(imagegs.load(path), dtype=np.uint8)


@pytest.mark.parametrize("sigma", [4, 12, 30])
def test_noise_is_measured(sigma):
    measured = 255 * noise_level(noisy(smooth_pixels(), sigma))
    assert measured == pytest.approx(sigma, rel=0.08)


def test_noise_in_16_bits_and_gray_reads_the_same():
    pixels = noisy(smooth_pixels(), 12)
    deep = pixels.astype(np.uint16) * 257
    assert noise_level(deep) == pytest.approx(noise_level(pixels), abs=1e-6)
    assert 255 * noise_level(pixels[:, :, 0]) == pytest.approx(12, rel=0.1)


def test_a_flat_or_tiny_picture_has_no_noise():
    assert noise_level(np.full((20, 20, 3), 90, np.uint8)) == 0
    assert noise_level(np.array([[0, 255]], np.uint8)) == 0


@pytest.mark.parametrize("quality", [10, 30, 55])
def test_jpeg_quality_is_told_by_file_and_by_pixels(tmp_path, quality):
    path = tmp_path / "a.jpg"
    pixels = as_jpeg(noisy(texture_pixels() // 2 + 64, 8), quality, path)
    in_file, in_pixels = traces_in_file(path), traces_in_pixels(pixels)
    assert in_file is not None and in_file.quality == quality and in_file.in_file
    assert in_pixels is not None and in_pixels.luma == in_file.luma and not in_pixels.in_file


def test_pictures_that_were_no_jpeg_have_no_traces(tmp_path):
    path = tmp_path / "a.png"
    for pixels in (texture_pixels(), noisy(smooth_pixels(), 20), smooth_pixels(), sample_pixels()):
        Image.fromarray(pixels).save(path)
        assert traces_in_file(path) is None
        assert traces_in_pixels(pixels) is None
    assert traces_in_file(tmp_path) is None


def test_less_of_jpeg_is_nearer_to_the_clean_picture(tmp_path):
    for clean, gain in ((smooth_pixels(), 1.0), (sample_pixels(), 0.3)):
        pixels = as_jpeg(clean, 10, tmp_path / "a.jpg")
        traces = traces_in_file(tmp_path / "a.jpg")
        assert traces is not None
        better = deblocked(to_float(pixels), traces)
        assert psnr(clean, better) > psnr(clean, pixels) + gain
    gray = deblocked(to_float(pixels[:, :, :1]), traces)
    assert gray.shape == (*pixels.shape[:2], 1) and psnr(gray, to_float(pixels[:, :, :1])) > 25


@pytest.mark.parametrize(("subsampling", "gain"), [(0, 2.8), (1, 2.2), (2, 1.6)])
def test_chroma_is_restored_however_it_was_sampled(tmp_path, subsampling, gain):
    y, x = np.mgrid[0:96, 0:96] / 24
    clean = np.clip(128 + 60 * np.stack([np.sin(x + y), 0 * x, np.cos(x - y)], 2), 0, 255).astype(np.uint8)
    Image.fromarray(clean).save(tmp_path / "a.jpg", quality=10, subsampling=subsampling)
    pixels, traces = np.asarray(Image.open(tmp_path / "a.jpg")), traces_in_file(tmp_path / "a.jpg")
    assert traces is not None and traces.subsampling == subsampling
    assert psnr(clean, deblocked(to_float(pixels), traces)) > psnr(clean, pixels) + gain


@pytest.mark.parametrize("mode", ["denoise", "deblock"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_and_depth_stay(tmp_path, dtype, mode):
    pixels = noisy(smooth_pixels(), 9)
    pixels = (as_jpeg(pixels, 10, tmp_path / "a.jpg") if mode == "deblock" else pixels).astype(dtype)
    pixels = pixels if dtype == np.uint8 else pixels * dtype(257)
    alpha = np.full(pixels.shape[:2], 7, dtype)
    picture = Picture(np.dstack([pixels, alpha]), ("R", "G", "B", "A"))
    source = Source(path=tmp_path / "a.jpg", chooses_amount=False)
    target = restore(picture, mode, source).target.pixels
    opaque = restore(rgb(pixels), mode, source).target.pixels
    assert target.dtype == dtype and (target[:, :, 3] == 7).all()
    assert (target[:, :, :3] == opaque).all() and (opaque != pixels).any()


@pytest.mark.parametrize("sigma", [10, 30])
def test_noise_is_taken_out_and_the_error_left_is_told(sigma):
    clean = sample_pixels()
    values = to_float(noisy(clean, sigma))
    better = denoised(values, sigma / 255)
    assert psnr(clean, better) > psnr(clean, values) + 4
    left = mean_squared_error(to_float(clean), better.clip(0, 1))
    assert 0.5 < expected_error(better, sigma / 255) / left < 2


def test_noise_that_was_cut_off_at_black_does_not_brighten():
    dark = np.zeros((64, 64, 3), np.uint8)
    dark[:, 32:] = 200
    values = to_float(noisy(dark, 40))
    assert values[:, :32].mean() > 0.05
    assert denoised(values, 40 / 255)[8:56, 8:24].mean() < 0.015
    grainy = np.where(dark > 0, noisy(dark, 20), noisy(dark + 9, 2))  # nothing is black where it is dark
    kept = denoised(to_float(grainy), 20 / 255)[8:56, 8:24]
    assert kept.mean() == pytest.approx(9 / 255, rel=0.05)


def test_holes_are_filled_from_around_and_known_pixels_stay():
    pixels = np.broadcast_to(np.arange(10, 74, dtype=np.uint8)[:, None, None], (64, 50, 3)).copy()
    known = np.random.default_rng(0).random((64, 50)) < 0.5
    known[20:26, 20:26] = False
    damaged = np.where(known[:, :, None], pixels, 0).astype(np.uint8)
    full = filled(damaged, known)
    assert (full[known] == pixels[known]).all()
    assert np.abs(full[1:-1].astype(int) - pixels[1:-1]).max() <= 4
    weights = pixel_weights(known)
    assert (weights[known] == 1).all() and (weights[~known] < 0.5).all() and (weights > 0).all()
    with pytest.raises(ValueError, match="no pixel is known"):
        filled(damaged, np.zeros_like(known))


def test_white_of_a_mask_is_unknown():
    mask = np.zeros((4, 4, 3), np.uint8)
    mask[0], mask[1] = 255, 128
    assert known_by_mask(rgb(mask)).tolist() == [[False] * 4, [False] * 4, [True] * 4, [True] * 4]


def test_an_enlarged_picture_has_the_means_of_the_small_one():
    small = texture_pixels() // 2 + 64
    large = enlarged(small)
    means = large.reshape(64, 2, 96, 2, 3).mean(axis=(1, 3))
    assert np.abs(means - small).max() <= 2
    gaussians = imagegs.fit(large, 60, steps=2)
    painted = imagegs.render(shrunk(gaussians), scale=2)
    assert np.abs(painted - imagegs.render(gaussians)).max() < 1e-4


def test_texture_in_holes_is_told_by_pixels_that_are_held_out():
    y, x = np.mgrid[0:96, 0:96]
    stripes = np.repeat((128 + 70 * np.sin(x * 1.9 + y * 0.7))[:, :, None], 3, axis=2).astype(np.uint8)
    known = np.random.default_rng(0).random(x.shape) < 0.5
    damaged = np.where(known[:, :, None], stripes, 0).astype(np.uint8)
    full = filled_best(damaged, known, 0)
    assert (full.pixels[known] == damaged[known]).all()
    assert psnr(stripes, full.pixels) > psnr(stripes, filled(damaged, known)) + 6
    missed = mean_squared_error(to_float(stripes)[~known][None], to_float(full.pixels)[~known][None])
    assert 0.5 < full.error / missed < 2


def test_the_better_way_to_fill_wins(monkeypatch):
    clean = smooth_pixels()
    known = np.random.default_rng(0).random(clean.shape[:2]) < 0.5
    monkeypatch.setattr(filling, "textured", lambda smooth, _: 1 - smooth)
    assert (filled_best(clean, known, 0).pixels == filled(clean, known)).all()
    monkeypatch.setattr(filling, "textured", lambda smooth, _: to_float(clean))
    assert (filled_best(clean, known, 0).pixels == clean).all()


def test_restored_pictures_get_the_bits_that_they_are_worth():
    picture = rgb(np.tile(texture_pixels(), (2, 2, 1)))
    worths = [worth_of(picture, error, None, 0, 1) for error in (0.1, 0.01, 0.0)]
    sizes, errors = [worth.n_bytes for worth in worths], [worth.error for worth in worths]
    assert sizes[0] == LEAST_BYTES < sizes[1] < sizes[2] == int(MOST_BITS * 128 * 192 / 8)
    assert errors[0] > errors[1] > errors[2] and errors[1] == pytest.approx(0.01)
    gaussians = imagegs.fit(picture.pixels, 8 * sizes[1] // BITS_OF_GAUSSIAN, tune="psnr", steps=100)
    painted = imagegs.render(gaussians).clip(0, 1)
    assert mean_squared_error(picture.pixels, painted) == pytest.approx(0.01, rel=0.1)


def test_files_that_are_coarser_than_the_damage_are_told_of(run: Run, tmp_path):
    source = tmp_path / "a.jpg"
    as_jpeg(np.tile(texture_pixels(), (2, 2, 1)), 50, source)
    how = ["--restore", "deblock", "-n"]
    coarse = run("encode", source, "-o", tmp_path / "a.gsimg", *how, 20, *FAST)
    assert coarse.json["restore"]["better"] is False and "coarser than the damage" in coarse.err
    fine = run("encode", source, "-o", tmp_path / "b.gsimg", *how, 8000, *FAST)
    assert fine.json["restore"]["better"] is True and "coarser than the damage" not in fine.err


def test_noise_is_left_out_of_the_file(run: Run, tmp_path):
    clean, source, target = smooth_pixels(), tmp_path / "a.png", tmp_path / "a.gsimg"
    Image.fromarray(noisy(clean, 25)).save(source)
    report = run("encode", source, "-o", target, "--restore", "auto", *FAST).json
    assert report["restore"]["mode"] == "denoise" and report["tune"] == "psnr"
    assert report["restore"]["noise"] == pytest.approx(25, rel=0.1)
    assert report["bpp"] < 1
    assert psnr(clean, decoded(target)) > psnr(clean, noisy(clean, 25)) + 8
    assert psnr(clean, decoded(target)) > report["restore"]["expected_psnr"] - 1 > 27


def test_jpeg_blocks_are_left_out_of_the_file(run: Run, tmp_path):
    clean, source, target = smooth_pixels(), tmp_path / "a.jpg", tmp_path / "a.gsimg"
    damaged = as_jpeg(clean, 10, source)
    report = run("encode", source, "-o", target, "--restore", "auto", "-n", 150, *FAST).json
    assert report["restore"]["mode"] == "deblock" and report["restore"]["jpeg_quality"] == 10
    assert report["restore"]["jpeg_tables"] == "file" and report["n_gaussians"] == 150
    assert psnr(clean, decoded(target)) > psnr(clean, damaged) + 0.4


@pytest.mark.parametrize("by", ["mask", "alpha"])
def test_holes_are_painted_over(run: Run, tmp_path, by):
    clean, source, target = smooth_pixels(), tmp_path / "a.png", tmp_path / "a.gsimg"
    known = np.random.default_rng(1).random(clean.shape[:2]) < 0.6
    known[30:40, 50:60] = False
    damaged = np.where(known[:, :, None], clean, 255).astype(np.uint8)
    arguments = []
    if by == "mask":
        Image.fromarray(damaged).save(source)
        Image.fromarray(~known).save(tmp_path / "mask.png")
        arguments = ["--mask", tmp_path / "mask.png"]
    else:
        Image.fromarray(np.dstack([damaged, known.astype(np.uint8) * 255])).save(source)
    report = run("encode", source, "-o", target, "--restore", "inpaint", *arguments, *FAST).json
    painted = decoded(target)
    assert report["channels"] == ["R", "G", "B"]
    assert report["restore"]["known"] == pytest.approx(known.mean())
    assert report["psnr"] == pytest.approx(psnr(clean[known], painted[known]))  # of the known pixels alone
    assert psnr(clean[~known], painted[~known]) > 24


def test_many_pixels_are_known(run: Run, tmp_path):
    """More than a picture may have on a side."""
    pixels, source = np.full((270, 270, 4), 200, np.uint8), tmp_path / "a.png"
    pixels[::9, :, 3] = 0
    Image.fromarray(pixels).save(source)
    report = run("encode", source, "--restore", "inpaint", "-n", 4, "--steps", 2, "--json").json
    assert report["lossless"] or report["psnr"] > 40


def test_enlarged_pictures_are_sharper(run: Run, tmp_path):
    large, source = texture_pixels(), tmp_path / "a.png"
    small = np.asarray(Image.fromarray(large).resize((48, 32), Image.Resampling.BOX))
    Image.fromarray(small).save(source)
    quality = {}
    for name, arguments in (("plain", ["--tune", "psnr"]), ("upscale", ["--restore", "upscale"])):
        target = tmp_path / f"{name}.gsimg"
        report = run("encode", source, "-o", target, "-n", 300, *arguments, *FAST).json
        assert (report["width"], report["height"]) == (48, 32)
        quality[name] = psnr(large, imagegs.render(imagegs.load(target), scale=2, dtype=np.uint8))
    assert quality["upscale"] > quality["plain"] + 0.3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("mode", ["denoise", "deblock", "upscale", "auto"])
def test_every_kind_of_picture(dtype, channels, mode):
    names = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}[channels]
    picture = Picture(sample_pixels(channels, dtype), names)
    restoration = restore(picture, mode, Source(chooses_amount=False))
    assert restoration.shown is picture or mode == "auto"
    assert restoration.target.pixels.dtype == dtype
    assert restoration.target.channels[0] == names[0]


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (9, 17)])
@pytest.mark.parametrize("mode", ["denoise", "deblock", "upscale", "auto"])
def test_tiny_pictures(size, mode):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    restoration = restore(rgb(pixels), mode, Source(threads=1))
    assert restoration.max_bytes == (None if restoration.mode is None else LEAST_BYTES)
    fitted = imagegs.fit(restoration.target.pixels, 1, steps=1, pixel_weights=restoration.pixel_weights)
    kept = restoration.to_store(fitted)
    assert (kept.gaussians.height, kept.gaussians.width) == size


def test_where_nothing_is_damaged_the_picture_is_fitted_as_it_is(run: Run, tmp_path):
    source, target = tmp_path / "a.png", tmp_path / "a.gsimg"
    Image.fromarray(smooth_pixels()).save(source)
    Image.fromarray(np.zeros((64, 96), np.uint8)).save(tmp_path / "mask.png")
    for arguments in (["auto"], ["deblock"], ["inpaint", "--mask", tmp_path / "mask.png"]):
        outcome = run("encode", source, "-o", target, "--restore", *arguments, *FAST)
        assert outcome.code == 0 and "nothing to restore" in outcome.err
        assert outcome.json["restore"]["mode"] is None and outcome.json["tune"] == "visual"
        restored = target.read_bytes()
        run("encode", source, "-o", target, *FAST)
        assert target.read_bytes() == restored


def test_the_same_seed_gives_the_same_bytes(run: Run, tmp_path):
    source, target = tmp_path / "a.png", tmp_path / "a.gsimg"
    Image.fromarray(noisy(smooth_pixels(32, 48), 30)).save(source)
    files = []
    for threads in (1, 2):
        run("encode", source, "-o", target, "--restore", "denoise", "--steps", 20, "-j", threads)
        files.append(target.read_bytes())
    assert files[0] == files[1]


def test_a_wanted_size_is_kept(run: Run, tmp_path):
    source, target = tmp_path / "a.png", tmp_path / "a.gsimg"
    Image.fromarray(noisy(smooth_pixels(), 25)).save(source)
    for mode in ("denoise", "upscale"):
        arguments = ["--target-size", 900, "--steps", 30, "-j", 1]
        assert run("encode", source, "-o", target, "--restore", mode, *arguments).code == 0
        assert 700 < len(target.read_bytes()) <= 900


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--restore", "sharpen"], 2, "invalid choice: 'sharpen'"),
        (["--mask", "mask.png"], 2, "--mask needs --restore inpaint"),
        (["--mask", "mask.png", "--restore", "denoise"], 2, "--mask needs --restore inpaint"),
        (["--restore", "inpaint"], 2, "needs --mask, or a picture with an alpha channel"),
        (
            ["--restore", "inpaint", "--mask", "small.png"],
            3,
            "the mask has 8 x 4 pixels, the picture 48 x 32",
        ),
        (["--restore", "inpaint", "--mask", "white.png"], 3, "no pixel is known"),
        (["--restore", "inpaint", "--mask", "missing.png"], 4, "no such file"),
        (["--restore", "denoise", "--recipe", "paper"], 2, "--restore needs the imagegs recipe"),
        (["--restore", "denoise", "--psnr", 30], 2, "not with --restore"),
        (["--restore", "upscale", "--init", "white.png"], 2, "no map for --init"),
    ],
)
def test_bad_requests(run: Run, picture, arguments, code, message, monkeypatch):
    monkeypatch.chdir(picture.parent)
    Image.fromarray(np.zeros((4, 8), np.uint8)).save("small.png")
    Image.fromarray(np.full((32, 48), 255, np.uint8)).save("white.png")
    Image.fromarray(np.zeros((32, 48), np.uint8)).save("mask.png")
    outcome = run("encode", picture, "-o", "out.gsimg", *arguments)
    assert outcome.code == code and message in outcome.err and outcome.err.count("\n") == 1
    assert not Path("out.gsimg").exists()


def test_a_folder_is_not_restored(run: Run, tmp_path):
    (tmp_path / "maps").mkdir()
    Image.fromarray(sample_pixels()).save(tmp_path / "maps" / "color.png")
    outcome = run("encode", tmp_path / "maps", "--restore", "denoise")
    assert outcome.code == 2 and "not for a folder" in outcome.err


def test_restore_itself_refuses_a_mask_that_leaves_nothing():
    mask = rgb(np.full((32, 48, 3), 255, np.uint8))
    with pytest.raises(FormatError, match="no pixel is known"):
        restore(rgb(sample_pixels()), "inpaint", Source(mask=mask))


def test_a_device_has_no_tables():
    assert traces_in_file(Path("/dev/null")) is None
