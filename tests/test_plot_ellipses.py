"""`imagegs plot` of ellipses: SVG beside pixels, maps of a stack, canvases that wrap, and what is refused."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from conftest import Run, check_failure, sample_gaussians
from imagegs.codec import save
from imagegs.drawing import draw_ellipses, svg_ellipses
from imagegs.gaussians import Gaussians
from imagegs.textures.map_list import make_map, to_metadata
from test_drawing import one, painted

NAME = "{http://www.w3.org/2000/svg}"


def elements(document: str) -> list[dict[str, str]]:
    """The attributes of all ellipses, in order."""
    return [each.attrib for each in ElementTree.fromstring(document).iter(f"{NAME}ellipse")]


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[0-9.]+", text)]


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A stack of a gray height, and of colors."""
    maps = make_map("height", "height.png", "height", 8, 1), make_map("color", "color.png", "color", 8, 3)
    channels = tuple(channel for each in maps for channel in each.stack_channels)
    path = tmp_path / "tiles.gsimg"
    save(path, sample_gaussians(channels), metadata=to_metadata(maps))
    return path


def test_an_ellipse_has_its_gaussians_place_and_shape() -> None:
    (ellipse,) = elements(svg_ellipses(one(angle=0.5), height=80, sigmas=1.5))
    assert numbers(ellipse["transform"]) == [60, 40, pytest.approx(np.rad2deg(0.5), abs=0.005)]
    assert ellipse["transform"].startswith("translate(60 40) rotate(")
    # Semi-axes of 12 and 4 canvas pixels, 1.5 times, at twice the size; half of the stroke lies outside.
    assert (ellipse["rx"], ellipse["ry"]) == ("35.5", "11.5")
    assert ellipse["fill"] == "#ff8000"


@pytest.mark.parametrize("background", ["dark", "light"])
def test_the_document_is_small_valid_xml(background: str) -> None:
    document = svg_ellipses(sample_gaussians(), background=background)
    root = ElementTree.fromstring(document)
    assert root.tag == f"{NAME}svg" and root.get("viewBox") == "0 0 48 32"
    assert root[0].get("fill") == {"dark": "#121216", "light": "#faf9f6"}[background]
    assert len(elements(document)) == 60
    assert not re.search(r"[0-9]\.[0-9]{4}|nan|inf|-0\b(?!\.)", document.partition("<g")[2].partition(">")[2])
    assert len(document) < 60 * 160


def test_the_largest_come_first_and_a_share_depends_on_the_seed() -> None:
    whole = elements(svg_ellipses(sample_gaussians()))
    half, again, other = (elements(svg_ellipses(sample_gaussians(), share=0.5, seed=s)) for s in (3, 3, 4))
    assert len(half) == 30 and half == again != other
    assert [each for each in whole if each in half] == half  # the same order
    areas = [float(each["rx"]) * float(each["ry"]) for each in whole]
    assert areas[0] == max(areas) and areas[-1] < areas[0] / 10


def test_gray_and_alpha() -> None:
    assert elements(svg_ellipses(one(color=(1.0,))))[0]["fill"] == "#ffffff"
    (half,) = elements(svg_ellipses(one(color=(1.0, 0.0, 0.0, 0.5))))
    assert half["fill-opacity"] == "0.43" and half["stroke-opacity"] == "0.3" and half["fill"] == "#ff0000"
    assert elements(svg_ellipses(one(color=(1.0, 0.0))))[0]["fill-opacity"] == "0"


def test_tiny_ones_keep_their_size() -> None:
    (tiny,) = elements(svg_ellipses(one(scale=np.float32([[0.2, 0.2]])), sigmas=1.0))
    reach = float(tiny["rx"]) + float(tiny["stroke-width"]) / 2
    assert reach == pytest.approx(0.4, abs=0.01)


def test_what_lies_outside_is_left_out() -> None:
    assert elements(svg_ellipses(one(xy=np.float32([[-30, 20]])))) == []
    assert len(elements(svg_ellipses(one(xy=np.float32([[-10, 20]]))))) == 1


def test_a_canvas_that_wraps() -> None:
    at_the_corner = one(xy=np.float32([[0.0, 0.0]]), wrap=True)
    assert len(elements(svg_ellipses(at_the_corner))) == 4
    drawn = painted(at_the_corner)
    assert drawn[0, 0] and drawn[0, -1] and drawn[-1, 0] and drawn[-1, -1]
    assert drawn.sum() == pytest.approx(painted(one()).sum(), rel=0.05)
    assert not painted(at_the_corner.replace(wrap=False))[-1, -1]
    inside = one(wrap=True)
    assert svg_ellipses(inside) == svg_ellipses(one())


def test_a_browser_shows_what_the_picture_has(page: Any) -> None:
    rng = np.random.default_rng(2)
    some = Gaussians(
        xy=rng.uniform(0, (120, 80), (40, 2)),
        scale=rng.uniform(2, 12, (40, 2)),
        angle=rng.uniform(0, 3, 40),
        log_weight=np.zeros(40),
        color=rng.uniform(0, 1, (40, 4)),
        height=80,
        width=120,
        channels=("R", "G", "B", "A"),
    )
    for background in ("dark", "light"):
        document = svg_ellipses(some, background=background).partition("\n")[2]
        page.set_viewport_size({"width": 120, "height": 80})
        page.set_content(f"<body style='margin:0;line-height:0'>{document}")
        shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
        difference = np.abs(shown - draw_ellipses(some, background=background))
        assert difference.mean() < 4 and np.median(difference) <= 1, background


def test_plot_writes_svg(run: Run, gsimg: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.svg"
    outcome = run("plot", gsimg, "-o", target, "--share", 0.5, "--seed", 3, "--light", "--height", 64)
    assert outcome.code == 0 and outcome.err == f"{target}: 96 x 64 pixels\n"
    text = target.read_text()
    assert len(elements(text)) == 30 and 'viewBox="0 0 96 64"' in text
    first = target.read_bytes()
    run("plot", gsimg, "-o", target, "--share", 0.5, "--seed", 3, "--light", "--height", 64)
    assert target.read_bytes() == first


def test_maps_of_a_stack(run: Run, stack: Path, tmp_path: Path) -> None:
    fills = {}
    for name in ("height", "color"):
        target = tmp_path / f"{name}.svg"
        outcome = run("plot", stack, "-o", target, "--map", name)
        assert outcome.code == 0 and outcome.err == f"{target}: map {name}, 48 x 32 pixels\n"
        fills[name] = [each["fill"] for each in elements(target.read_text())]
    assert all(fill[1:3] == fill[3:5] == fill[5:7] for fill in fills["height"])
    assert fills["height"] != fills["color"]
    assert run("plot", stack, "-o", tmp_path / "first.svg").err.count("map color") == 1
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "color.svg").read_bytes()


BAD_OPTIONS = [
    (["-o", "a.gif"], "cannot write .gif: possible are .png"),
    (["-o", "a"], "cannot write a file without a suffix"),
    (["-o", "a.pdf"], ".svg"),
    (["--map", "color"], "--map needs a texture stack"),
    (["--over", "seconds"], "--over is not for ellipses"),
    (["--gain", 5], "--gain is not for ellipses"),
    (["--label", "a"], "--label is not for ellipses"),
    (["--share", 1.5, "-o", "a.svg"], "the share to draw"),
    (["--sigmas", 1e9, "-o", "a.svg"], "standard deviations"),
    (["--height", 10**6, "-o", "a.svg"], "over the limit"),
]


@pytest.mark.parametrize(("options", "part"), BAD_OPTIONS)
def test_wrong_usage(
    run: Run, gsimg: Path, options: list[Any], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(gsimg.parent)
    check_failure(run("plot", gsimg, "--quiet", *options), 2, part)
    assert list(gsimg.parent.iterdir()) == [gsimg]


def test_files_that_are_refused(run: Run, gsimg: Path, stack: Path, picture: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    check_failure(run("plot", picture), 3, "photo.png: neither a .gsimg file nor the history of a fit")
    check_failure(run("plot", gsimg, gsimg), 2, "one .gsimg file at a time")
    check_failure(run("plot", stack, "--map", "normal"), 2, "no map 'normal'", "height, color")
    check_failure(run("plot", gsimg, "-o", tmp_path / "none" / "a.svg"), 4, "a.svg: the folder")
    (tmp_path / "a.svg").symlink_to(gsimg)
    check_failure(run("plot", gsimg, "-o", tmp_path / "a.svg"), 2, "the output is the input")
    (tmp_path / "a.svg").unlink()
    assert sorted(tmp_path.iterdir()) == before
    empty = tmp_path / "empty.gsimg"
    empty.write_bytes(b"")
    check_failure(run("plot", empty), 3, "neither a .gsimg file")
    empty.write_bytes(gsimg.read_bytes()[:5])
    check_failure(run("plot", empty), 3, "truncated in the signature")
