"""As few Gaussians as a wanted score of SSIMULACRA 2 needs: in Python, on the command line, in Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import FAST, Run, check_failure, sample_pixels, texture_pixels
from imagegs.compression.quality_search import ENOUGH_ROUNDS, MAX_ROUNDS
from imagegs.ssimulacra.looks import SeenReference
from imagegs.ssimulacra.score import ssimulacra2

QUICK = {"effort": 1, "steps": 8}
NOISE = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def photo():
    return texture_pixels()


@pytest.fixture
def photo_file(photo, tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    return path


def test_a_score_is_met_and_hardly_more(photo):
    found = imagegs.fit_to_ssimulacra2(photo, 20, steps=20)
    assert found.met and 20 <= found.ssimulacra2 <= 23
    assert found.ssimulacra2 == ssimulacra2(photo, imagegs.render(found.gaussians, dtype=np.uint8))


def test_a_higher_score_takes_more_gaussians(photo):
    low, middle, high = (imagegs.fit_to_ssimulacra2(photo, s, steps=20) for s in (-20, 0, 20))
    assert len(low.gaussians) < len(middle.gaussians) < len(high.gaussians)


def test_a_score_out_of_reach_keeps_the_best():
    steps: list[int] = []
    found = imagegs.fit_to_ssimulacra2(NOISE, 100, steps=8, progress=lambda p: steps.append(p.step))
    assert not found.met and found.ssimulacra2 < 100
    assert found.steps == len(steps)
    assert found.ssimulacra2 == ssimulacra2(NOISE, imagegs.render(found.gaussians, dtype=np.uint8))


def test_the_best_of_what_misses_is_kept(photo):
    scores = iter([10, 40, 20, *range(-1, -20, -1)])
    found = imagegs.fit_to_ssimulacra2(photo, 50, steps=4, measure=lambda _: next(scores))
    assert not found.met and found.ssimulacra2 == 40


def test_a_plain_picture_takes_one():
    found = imagegs.fit_to_ssimulacra2(np.full((20, 30, 3), 99, np.uint8), 60, steps=20)
    assert found.met and found.ssimulacra2 == 100 and len(found.gaussians) == 1


def rounds_of(photo, search, target, quality):
    """How many fits a search takes that always measures the same."""
    measured: list[int] = []

    def measure(g):
        measured.append(len(g))
        return quality

    search(photo, target, steps=8, measure=measure)
    return len(measured)


def test_only_a_refit_ends_the_search(photo):
    """A probe and a first fit are far from what a refit with so many Gaussians comes to."""
    assert rounds_of(photo, imagegs.fit_to_ssimulacra2, 50, 50.5) == 3
    assert rounds_of(photo, imagegs.fit_to_psnr, 30, 30.04) == 1


def test_what_is_met_but_never_close_ends_after_some_rounds(photo):
    assert rounds_of(photo, imagegs.fit_to_ssimulacra2, 50, 53) == ENOUGH_ROUNDS
    assert rounds_of(photo, imagegs.fit_to_ssimulacra2, 50, 53.1) > ENOUGH_ROUNDS


def test_what_is_never_met_ends(photo):
    assert rounds_of(photo, imagegs.fit_to_ssimulacra2, 50, 49) == MAX_ROUNDS


@pytest.mark.parametrize("wanted", [np.nan, np.inf, -np.inf, 100.5, True, "60"])
def test_scores_that_are_none_are_refused(photo, wanted):
    for call in (imagegs.fit_to_ssimulacra2, lambda image, s: imagegs.compress(image, ssimulacra2=s)):
        with pytest.raises(ValueError, match="ssimulacra2 must be finite and at most 100, not "):
            call(photo, wanted)


@pytest.mark.parametrize(
    ("shape", "keywords", "message"),
    [
        ((9, 9, 5), {}, "Y, YA, RGB or RGBA"),
        ((9, 9, 5), {"tune": "psnr"}, "Y, YA, RGB or RGBA"),
        ((9, 9, 3), {"channels": ("A", "B", "C"), "tune": "psnr"}, "Y, YA, RGB or RGBA"),
        ((9, 9, 4), {"alphas": (None,) * 4}, "not as a channel like another"),
        ((9, 7, 3), {}, "at least 8 x 8 pixels"),
    ],
)
def test_other_pictures_are_refused_before_a_fit(shape, keywords, message):
    with pytest.raises(ValueError, match=message):
        imagegs.fit_to_ssimulacra2(
            np.zeros(shape, np.uint8), 50, **keywords, progress=lambda _: pytest.fail("fitted")
        )


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_report_is_of_the_bytes(channels, dtype):
    pixels = sample_pixels(channels, dtype)
    found = imagegs.compress_with_report(pixels, ssimulacra2=30, **QUICK)
    decoded = imagegs.decompress(found.data).reshape(pixels.shape)
    names = found.decoded.channels
    assert found.ssimulacra2 == SeenReference(pixels, names).score(decoded) >= 30
    assert found.met and found.missed_by == 0
    assert (found.target_ssimulacra2, found.target_psnr) == (30, None)


def test_the_search_measures_what_a_decoder_writes(photo, monkeypatch: pytest.MonkeyPatch):
    """Not what was fitted: these numbers are coarse."""
    measured: list[np.ndarray] = []

    def score(self, painted):
        measured.append(painted)
        return 20.5

    monkeypatch.setattr("imagegs.compression.judging.Original.ssimulacra2", score)
    data = imagegs.compress(photo, ssimulacra2=20, bits=imagegs.Bits(7, 5, 5, 5, 4), **QUICK)
    decoded = imagegs.decompress(data)
    assert len(measured) > 1 and any(np.array_equal(each, decoded) for each in measured)


def test_the_tune_is_visual_unless_another_is_given(photo):
    def tune(**keywords):
        return imagegs.read_info(imagegs.compress(photo, **QUICK, **keywords)).metadata["tune"]

    assert tune(ssimulacra2=-10) == "visual"
    assert tune(ssimulacra2=-10, tune="balanced") == "balanced"
    assert tune(psnr=15) == "balanced"


def test_a_target_out_of_reach_is_told():
    found = imagegs.compress_with_report(NOISE, ssimulacra2=100, **QUICK)
    assert not found.met and found.missed_by == pytest.approx(100 - found.ssimulacra2) and found.missed_by > 0


def test_a_stack_has_no_score():
    report = imagegs.compress_with_report({"Color": sample_pixels()}, n_gaussians=20, **QUICK)
    with pytest.raises(ValueError, match=r"Y, YA, RGB or RGBA, not of Color\.R"):
        _ = report.ssimulacra2


@pytest.mark.parametrize(
    ("pixels", "keywords", "flags", "of_keywords", "of_flags"),
    [
        (
            sample_pixels(5),
            {},
            [],
            "ssimulacra2 is for pictures with the channels Y, YA, RGB or RGBA",
            "--ssimulacra2 is for pictures with the channels Y, YA, RGB or RGBA",
        ),
        (
            sample_pixels()[:7],
            {},
            [],
            "ssimulacra2 is for pictures of at least 8 x 8 pixels",
            "--ssimulacra2 is for pictures of at least 8 x 8 pixels",
        ),
        (
            sample_pixels(4),
            {"exact": True},
            ["--exact"],
            "exact keeps what alpha hides, ssimulacra2 measures what is seen: not both",
            "--exact keeps what alpha hides, --ssimulacra2 measures what is seen: not both",
        ),
        (
            sample_pixels(),
            {"restore": "auto"},
            ["--restore", "auto"],
            "ssimulacra2 would measure against the damage: not with restore",
            "--ssimulacra2 would measure against the damage: not with --restore",
        ),
        (
            sample_pixels(),
            {"time_budget": 1.0},
            ["--time-budget", "1"],
            "ssimulacra2 takes the time that it needs: no time_budget with it",
            "--ssimulacra2 takes the time that it needs: no --time-budget with it",
        ),
        (
            sample_pixels(),
            {"recipe": "paper"},
            ["--recipe", "paper"],
            "the paper recipe has no search for a wanted score of SSIMULACRA 2",
            "--ssimulacra2 needs the imagegs recipe",
        ),
    ],
)
def test_what_it_does_not_go_with(run: Run, tmp_path: Path, pixels, keywords, flags, of_keywords, of_flags):
    """Python and the command line have the same rules, each in its words."""
    with pytest.raises(ValueError) as raised:
        imagegs.compress(pixels, ssimulacra2=50, **keywords)
    assert str(raised.value) == of_keywords
    np.save(tmp_path / "a.npy", pixels)
    outcome = run("encode", tmp_path / "a.npy", "--ssimulacra2", 50, *flags)
    assert outcome.code == 2 and outcome.err == f"imagegs: error: {of_flags}\n"


def test_maps_have_no_look(run: Run, tmp_path: Path):
    with pytest.raises(ValueError, match=r"^ssimulacra2 is for a picture that is looked at, not for maps$"):
        imagegs.compress({"Color": sample_pixels()}, ssimulacra2=50)
    folder = tmp_path / "tiles"
    folder.mkdir()
    Image.fromarray(sample_pixels()).save(folder / "color.png")
    part = "--ssimulacra2 is for a picture that is looked at, not for a folder of maps"
    check_failure(run("encode", folder, "--ssimulacra2", 50), 2, part)
    check_failure(run("compare", folder, folder, "--ssimulacra2"), 2, part)


def test_exact_is_no_matter_without_alpha(photo):
    assert imagegs.compress_with_report(photo, ssimulacra2=-10, exact=True, **QUICK).met


def test_a_wanted_score_is_that_of_the_file(run: Run, photo_file: Path):
    outcome = run("encode", photo_file, "--ssimulacra2", -10, "--json", *FAST)
    report = outcome.json
    assert report["target_ssimulacra2"] == -10 <= report["ssimulacra2"] and report["missed_by"] == 0
    assert report["tune"] == "visual" and "target_psnr" not in report
    assert f", {report['ssimulacra2']:.2f} SSIMULACRA 2, " in outcome.err and "warning" not in outcome.err
    files = (photo_file, photo_file.with_suffix(".gsimg"))
    assert run("compare", *files, "--ssimulacra2", "--json").json["ssimulacra2"] == report["ssimulacra2"]
    assert run("compare", *files, "--ssimulacra2").out.endswith(
        f", {report['ssimulacra2']:.2f} SSIMULACRA 2\n"
    )


def test_who_wants_no_score_is_told_none(run: Run, photo_file: Path):
    outcome = run("encode", photo_file, "-n", 20, "--json", *FAST)
    assert "SSIMULACRA" not in outcome.err
    compared = run("compare", photo_file, photo_file.with_suffix(".gsimg"), "--json")
    for report in (outcome.json, compared.json):
        assert not {"ssimulacra2", "target_ssimulacra2", "missed_by"} & report.keys()


def test_a_score_out_of_reach_is_warned_of(run: Run, tmp_path: Path):
    Image.fromarray(NOISE).save(tmp_path / "noise.png")
    outcome = run("encode", tmp_path / "noise.png", "--ssimulacra2", 99.5, "--json", *FAST)
    report = outcome.json
    assert outcome.code == 0 and report["missed_by"] == pytest.approx(99.5 - report["ssimulacra2"])
    less = f"{report['missed_by']:.2f}"
    assert f"a score of 99.5 of SSIMULACRA 2 was not reached: {less} points less\n" in outcome.err
    assert len(imagegs.load(tmp_path / "noise.gsimg")) == report["n_gaussians"]


def test_compare_measures_the_second_beside_the_first(run: Run, photo, photo_file: Path, tmp_path: Path):
    coarse = tmp_path / "coarse.png"
    Image.fromarray(photo // 32 * 32).save(coarse)
    there, back = (
        run("compare", *files, "--ssimulacra2", "--json").json["ssimulacra2"]
        for files in ((photo_file, coarse), (coarse, photo_file))
    )
    assert there == ssimulacra2(photo, photo // 32 * 32) != back


@pytest.mark.parametrize(
    ("pixels", "part"),
    [(sample_pixels(5), "Y, YA, RGB or RGBA"), (sample_pixels()[:, :7], "at least 8 x 8 pixels")],
)
def test_compare_of_what_has_no_score(run: Run, tmp_path: Path, pixels, part):
    path = tmp_path / "a.npy"
    np.save(path, pixels)
    assert run("compare", path, path).code == 0
    check_failure(run("compare", path, path, "--ssimulacra2"), 2, part)


def test_pillow_takes_a_score(photo, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    imagegs.register_pillow()
    path = tmp_path / "a.gsimg"
    Image.fromarray(photo).save(path, ssimulacra2=-10, **QUICK)
    assert ssimulacra2(photo, imagegs.imread(path)) >= -10 and not caplog.text
    Image.fromarray(NOISE).save(path, ssimulacra2=100, **QUICK)
    assert " in place of 100.00" in caplog.text and "dB" not in caplog.text
    before = path.read_bytes()
    for wrong in (101, "best"):
        with pytest.raises(ValueError, match="ssimulacra2 must be finite and at most 100"):
            Image.fromarray(photo).save(path, ssimulacra2=wrong)
    assert path.read_bytes() == before
