"""Chunk gRAN, and the grain that an encoder looks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

import imagegs
from conftest import Run
from gsimg_samples import sample_gaussians
from imagegs import Grain
from imagegs.codec import container
from imagegs.codec.grain import UNITS, grain_in, with_grain
from imagegs.grain.adding import add_grain
from imagegs.grain.estimating import estimate_grain, most_grain_bytes, room_for_grain

RGB = ("R", "G", "B")
SMALL = Grain(2, 1, 9, (0, 3))
QUICK: dict[str, Any] = {"effort": 1, "steps": 8, "threads": 1}


@pytest.mark.parametrize(
    "grain", [SMALL, Grain(48, 32, 255, tuple(i % 8 for i in range(48 * 32))), Grain(1, 1, 1, (1,))]
)
@pytest.mark.parametrize("coding", [None, imagegs.Bits()])
def test_grain_survives_its_bytes(grain, coding):
    g = sample_gaussians(xy=np.full((5, 2), 9))
    plain = imagegs.encode(g, coding, metadata={"a": 1})
    data = imagegs.encode(g, coding, metadata={"a": 1}, grain=grain)
    info = imagegs.read_info(data)
    assert info.grain == grain == grain_in(data) and imagegs.read_info(plain).grain is None
    assert len(data) - len(plain) == 12 + grain.n_bytes == info.bytes_by_chunk["gRAN"]
    assert with_grain(plain, grain) == data and grain_in(plain) is None
    with pytest.raises(ValueError, match="has grain already"):
        with_grain(data, grain)


def test_decoders_that_do_not_know_it_skip_it(monkeypatch):
    g = sample_gaussians(xy=np.full((5, 2), 9))
    data = imagegs.encode(g, grain=SMALL)
    monkeypatch.setattr(container, "ORDER", tuple(name for name in container.ORDER if name != "gRAN"))
    np.testing.assert_array_equal(imagegs.decode(data).xy, imagegs.decode(imagegs.encode(g)).xy)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ((0, 1, 9, ()), "a grid of 0 x 1 cells, only 1 to 255"),
        ((1, 256, 9, (1,) * 256), "a grid of 1 x 256 cells"),
        ((1, 1, 0, (1,)), "a strength of 0, only 1 to 255"),
        ((1, 1, 256, (1,)), "a strength of 256"),
        ((2, 1, 9, (1,)), "1 levels of 2 cells"),
        ((2, 1, 9, (1, 8)), "a level is 0 to 7"),
        ((2, 1, 9, (1, -1)), "a level is 0 to 7"),
        ((2, 1, 9, (0, 0)), "all levels are 0"),
    ],
)
def test_numbers_out_of_range_are_refused(fields, problem):
    with pytest.raises(ValueError, match=f"grain: {problem}"):
        Grain(*fields)


def test_numbers_that_are_none_are_refused():
    with pytest.raises(TypeError):
        Grain(1, 1, 9.5, (1,))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Grain(1, 1, 9, (1.5,))  # type: ignore[arg-type]


def test_more_cells_than_pixels_are_refused():
    with pytest.raises(ValueError, match="a grid of 49 x 1 cells on a canvas of 48 x 32 pixels"):
        imagegs.encode(sample_gaussians(), imagegs.Bits(), grain=Grain(49, 1, 9, (1,) * 49))


def noise(height: int, width: int, deviation: float, seed: int = 0) -> np.ndarray:
    white = np.random.default_rng(seed).normal(0, 1, (height, width))
    soft = gaussian_filter(white, 0.6)
    return deviation * soft / soft.std()


def gray(values: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(np.rint(values), 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_lost_texture_is_found_where_it_was(strength):
    texture = 128 + noise(256, 384, 10)
    texture[:, 192:] = 128
    found = estimate_grain(gray(texture), gray(np.full((256, 384), 128.0)), RGB, 60, strength)
    assert found is not None
    deviations = found.deviations() / 257
    left, right = np.array_split(deviations, 2, axis=1)
    assert left.mean() == pytest.approx(10 * strength, rel=0.2)
    assert right[:, 1:].max() == 0


def test_texture_that_is_kept_is_not_lost():
    texture = 128 + noise(256, 384, 10)
    assert estimate_grain(gray(texture), gray(texture), RGB, 60) is None
    assert estimate_grain(gray(texture), gray(texture + noise(256, 384, 0.5, 1)), RGB, 60) is None


def drawing() -> np.ndarray:
    image = Image.new("RGB", (384, 256), "white")
    draw = ImageDraw.Draw(image)
    for i in range(9):
        draw.text((10, 10 + 27 * i), "The quick brown fox jumps over the lazy dog. " * 2, fill="black")
        draw.line((0, 29 * i, 384, 256 - 17 * i), fill=(20 * i, 90, 255 - 20 * i), width=1 + i % 3)
        draw.ellipse((40 * i, 20 * i, 40 * i + 90, 20 * i + 50), fill=(255 - 20 * i, 20 * i, 90))
    return np.asarray(image)


@pytest.mark.parametrize("blur", [1, 3, 12])
def test_lost_edges_letters_and_colours_are_no_grain(blur):
    original = drawing()
    painted = np.rint(gaussian_filter(original.astype(float), (blur, blur, 0))).astype(np.uint8)
    assert estimate_grain(original, painted, RGB, 60) is None


@pytest.mark.parametrize("angle", [0, 20, 45, 90])
def test_lost_stripes_are_no_grain(angle):
    across, down = np.meshgrid(np.arange(384), np.arange(256))
    place = across * np.cos(np.radians(angle)) + down * np.sin(np.radians(angle))
    stripes = 128 + 40 * np.sin(place * 2 * np.pi / 5.3)
    assert estimate_grain(gray(stripes), gray(np.full((256, 384), 128.0)), RGB, 60) is None


def test_what_was_painted_and_not_there_is_no_grain():
    flat, rough = np.full((256, 384), 128.0), gray(128 + noise(256, 384, 9, 1))
    for original in (flat, flat + noise(256, 384, 3)):
        assert estimate_grain(gray(original), rough, RGB, 60) is None
    assert estimate_grain(gray(flat), drawing(), RGB, 60) is None


def test_what_alpha_hides_is_not_lost():
    original = np.dstack([gray(128 + noise(128, 128, 12)), np.full((128, 128), 255, np.uint8)])
    painted = np.full((128, 128, 4), (128, 128, 128, 255), np.uint8)
    assert estimate_grain(original, painted, (*RGB, "A"), 60) is not None
    original[:, :, 3] = painted[:, :, 3] = 0
    assert estimate_grain(original, painted, (*RGB, "A"), 60) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (31, 33), (64, 64)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pictures_of_all_sizes_may_be_asked(shape, dtype):
    for value in (0, 1, np.iinfo(dtype).max):
        one = np.full((*shape, 1), value, dtype)
        assert estimate_grain(one, one, ("Y",), 60) is None
    random = np.random.default_rng(0).integers(0, 200, (*shape, 1)).astype(dtype)
    found = estimate_grain(random, np.full((*shape, 1), 100, dtype), ("Y",), 60)
    if dtype == np.uint8 and min(shape) > 30:
        assert found is not None and found.columns <= -(-shape[1] // 32)


def test_channels_without_luma_have_none():
    random = np.random.default_rng(0).integers(0, 200, (64, 64, 2)).astype(np.uint8)
    assert estimate_grain(random, np.full_like(random, 100), ("height", "A"), 60) is None


@pytest.mark.parametrize("room", [*range(4, 24), 97, 288])
def test_the_chunk_fits_its_room(room):
    texture = gray(128 + noise(512, 768, 12))
    found = estimate_grain(texture, gray(np.full((512, 768), 128.0)), RGB, room)
    assert found is not None and found.n_bytes <= room
    assert len(found.levels) >= (8 * (room - 3) // 3) / 2 or room > 100
    assert max(found.levels) == len(UNITS) - 1


def test_the_room_is_a_hundredth_of_the_file():
    assert room_for_grain(1599) == 0 and room_for_grain(1600) == 4
    assert room_for_grain(4900) == 49 - 12 and most_grain_bytes(10**6) == 300


@pytest.fixture(scope="module")
def meadow() -> np.ndarray:
    """A texture below a sky."""
    values = 150 + noise(192, 256, 25, 3)
    values[:90] = np.linspace(60, 120, 90)[:, None]
    return gray(values)


@pytest.mark.parametrize("target", [{"bpp": 0.5}, {"target_size": 4000}, {"n_gaussians": 900}])
def test_a_file_gets_it_within_its_size(meadow, target):
    data = imagegs.compress(meadow, grain="auto", **QUICK, **target)
    info = imagegs.read_info(data)
    assert info.grain is not None and info.bytes_by_chunk["gRAN"] <= len(data) / 100 + 1
    assert info.bpp <= target.get("bpp", 99) and len(data) <= target.get("target_size", 10**6)
    cells = info.grain.deviations()
    assert not cells[0].any() and cells[-1].min() > 257 * 8
    if "n_gaussians" in target:
        assert data == with_grain(imagegs.compress(meadow, **QUICK, **target), info.grain)


def test_measures_are_without_it(meadow):
    plain = imagegs.compress_with_report(meadow, n_gaussians=900, **QUICK)
    result = imagegs.compress_with_report(meadow, n_gaussians=900, grain="auto", **QUICK)
    assert plain.grain is None and result.grain is not None
    assert result.psnr == plain.psnr and (result.painted == plain.painted).all()
    shown = result.painted.copy()
    add_grain(shown, result.grain, result.decoded)
    assert (imagegs.decompress(result.data) == shown).all()


def test_the_strength_is_in_proportion(meadow):
    strong, weak = (
        imagegs.read_info(imagegs.compress(meadow, n_gaussians=900, grain=s, **QUICK)).grain
        for s in (1.0, 0.5)
    )
    assert strong is not None and weak is not None
    assert weak.strength == pytest.approx(strong.strength / 2, abs=1)
    assert weak.levels == strong.levels


def test_small_files_and_plain_pictures_have_none(meadow):
    for image, target in ((meadow, {"target_size": 1500}), (drawing(), {"n_gaussians": 500})):
        assert imagegs.read_info(imagegs.compress(image, grain="auto", **QUICK, **target)).grain is None
    assert imagegs.compress(meadow, n_gaussians=900, **QUICK) == imagegs.compress(
        meadow, n_gaussians=900, grain=0, **QUICK
    )


def test_stacks_and_restorations_have_none(meadow):
    maps = {"Color": meadow, "Roughness": meadow[:, :, 0]}
    assert imagegs.read_info(imagegs.compress(maps, n_gaussians=900, grain="auto", **QUICK)).grain is None
    with pytest.raises(ValueError, match="grain is for a picture, not for maps"):
        imagegs.compress(maps, n_gaussians=900, grain=0.5, **QUICK)
    data = imagegs.compress(meadow, n_gaussians=900, grain="auto", restore="denoise", **QUICK)
    assert imagegs.read_info(data).grain is None


def test_maps_of_a_stack_that_has_a_chunk_stay_as_they_are(run: Run, meadow, tmp_path):
    data = imagegs.compress({"Color": meadow, "Roughness": meadow[:, :, 0]}, n_gaussians=50, **QUICK)
    (path := tmp_path / "a.gsimg").write_bytes(with_grain(data, SMALL))
    plain, found = imagegs.decompress(data), imagegs.imread(path)
    assert isinstance(plain, dict) and isinstance(found, dict)
    assert run("decode", path, "-o", tmp_path / "out", "--grain", "1").code == 0
    for name, pixels in plain.items():
        np.testing.assert_array_equal(found[name], pixels)
    written = np.asarray(Image.open(tmp_path / "out" / "Color.png"))
    np.testing.assert_array_equal(written, plain["Color"])


@pytest.mark.parametrize("grain", [-0.1, 1.1, float("nan"), "on", "0.5", True])
def test_other_choices_are_refused(grain):
    with pytest.raises((ValueError, TypeError), match="grain is auto, off, or a strength"):
        imagegs.compress(np.zeros((8, 8), np.uint8), grain=grain, **QUICK)


def test_the_command_writes_the_same_bytes_and_tells_of_it(run: Run, meadow, tmp_path):
    Image.fromarray(meadow).save(source := tmp_path / "a.png")
    target = tmp_path / "a.gsimg"
    flags = ["-n", "900", "-e", "1", "--steps", "8", "-j", "1", "--grain"]
    report = run("encode", source, "-o", target, "--json", "--quiet", *flags, "auto").json
    assert target.read_bytes() == imagegs.compress(meadow, n_gaussians=900, grain="auto", **QUICK)
    assert report["grain_bytes"] == imagegs.read_info(target.read_bytes()).bytes_by_chunk["gRAN"] > 0
    assert f"grain of {report['grain_bytes']} bytes" in run("encode", source, "-o", target, *flags, "1").err
    assert run("encode", source, "-o", target, "--json", "--quiet", *flags, "off").json["grain_bytes"] == 0
    for wrong in ("2", "on", "-1", "nan"):
        outcome = run("encode", source, "-o", target, *flags, wrong)
        assert outcome.code == 2 and "is not auto, off, or a number from 0 to 1" in outcome.err
