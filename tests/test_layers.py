"""Layers: files whose first part is a picture too, levels of detail, fits that make them."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import imagegs
from chunks import chunk
from gsimg_samples import encode_fixed as encode
from imagegs import FormatError, decode, read_info
from imagegs.codec.lattice import Lattice, to_table
from imagegs.fitting.gauss_newton import polish
from imagegs.fitting.layering import FIRST_SPLIT, Layering, Prefixes, prefix_of, prefix_weights
from imagegs.fitting.losses import measured
from imagegs.fitting.objective import SQUARED_ERROR, Objective
from imagegs.fitting.pruning import drop_useless
from imagegs.fitting.small_copies import SmallCopies
from imagegs.gaussians import Gaussians, layer_ends, level_of
from imagegs.metrics import psnr
from test_coded import USUAL, clustered, sorted_rows
from test_gradients import arrays_of, random_scene

NAMES = "xy", "scale", "angle", "log_weight", "color"
LAYERED = clustered(600, 3).replace(layers=(50, 150, 400))


@pytest.fixture(scope="module")
def picture() -> Any:
    y, x = np.mgrid[0:96, 0:128] / 24
    waves = [0.5 + 0.4 * np.sin(3 * x + k) * np.cos(2 * y - k * x) for k in (0.5, 1.0, 1.6)]
    return np.stack(waves, axis=-1).astype(np.float32)


def assert_same(a: Gaussians, b: Gaussians) -> None:
    assert a.layers == b.layers
    for name in NAMES:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_the_file_has_the_layers_of_the_gaussians() -> None:
    data = encode(LAYERED, USUAL)
    back = decode(data)
    found, expected = to_table(back, USUAL), to_table(LAYERED, USUAL)
    for part in (slice(0, 50), slice(50, 200), slice(200, 600)):
        np.testing.assert_array_equal(sorted_rows(found[part]), sorted_rows(expected[part]))
    assert back.layers == LAYERED.layers == tuple(v.n_gaussians for v in read_info(data).layers)
    assert encode(back, USUAL) == data


def test_a_file_cut_short_is_its_whole_layers() -> None:
    data = encode(LAYERED, USUAL)
    whole = decode(data)
    ends = np.cumsum([12 + v.n_bytes for v in read_info(data).layers]) + data.index(b"LAYR")
    for length in range(int(ends[0]) - 3, len(data), 7):
        cut = data[:length]
        with pytest.raises(FormatError):
            decode(cut)
        n = [0, 50, 200, 600][int((ends <= length).sum())]
        if not n:
            with pytest.raises(FormatError):
                decode(cut, allow_partial=True)
            continue
        part = decode(cut, allow_partial=True)
        for name in NAMES:
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:n])
        assert read_info(cut, allow_partial=True).n_gaussians == n
    assert len(decode(data, allow_partial=True)) == 600


def test_64_layers_are_possible() -> None:
    g = clustered(64, 1).replace(layers=(1,) * 64)
    assert decode(encode(g, USUAL)).layers == g.layers
    with pytest.raises(ValueError, match="at most 64"):
        clustered(65, 1).replace(layers=(1,) * 65)


@pytest.mark.parametrize("layers", [(600, 0), (599,), (300, 301), (-1, 601)])
def test_layers_make_up_the_whole(layers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="600 Gaussians are not in layers of"):
        LAYERED.replace(layers=layers)


@pytest.mark.parametrize(("lod", "n"), [(0, 50), (0.25, 200), (0.5, 200), (0.75, 600), (1, 600)])
def test_levels_of_detail(lod: float, n: int) -> None:
    data = encode(LAYERED, USUAL)
    part = decode(data, lod=lod)
    assert len(part) == n
    assert_same(part, decode(data).at_lod(lod))
    share = {0.25: 0.5, 0.75: 0.5}.get(lod, 1.0)
    expected = decode(data).log_weight[:n].copy()
    expected[{200: 50, 600: 200}.get(n, 0) :] += 3 * np.log(share)
    np.testing.assert_allclose(part.log_weight, expected, rtol=1e-6, atol=1e-5)


def test_levels_fade_into_one_another(picture: Any) -> None:
    """From the picture of one level to that of the next in small steps."""
    g = imagegs.fit(picture, 260, layers=3, steps=100, threads=1)
    places = np.linspace(0, 1, 41)
    pictures = [imagegs.render(g.at_lod(float(p))) for p in places]
    steps = [np.sqrt(np.mean((a - b) ** 2)) for a, b in pairwise(pictures)]
    ends = [np.sqrt(np.mean((a - b) ** 2)) for a, b in pairwise(pictures[::20])]
    assert max(steps) < 0.35 * max(ends)
    nearly = imagegs.render(g.at_lod(0.5 + 1e-6))
    assert np.abs(nearly - pictures[20]).max() < 1e-3


def test_one_layer_has_one_level() -> None:
    g = clustered(60, 3)
    assert g.at_lod(0) is g
    assert_same(decode(encode(g, USUAL), lod=0), decode(encode(g, USUAL)))
    assert_same(decode(encode(g), lod=0.3), decode(encode(g)))


@pytest.mark.parametrize("lod", [-0.1, 1.01, float("nan")])
def test_other_levels_are_refused(lod: float) -> None:
    with pytest.raises(ValueError, match="a level of detail is 0 to 1"):
        LAYERED.at_lod(lod)
    with pytest.raises(ValueError, match="a level of detail is 0 to 1"):
        decode(encode(LAYERED, USUAL), lod=lod)


def test_what_lies_beyond_the_level_is_not_decoded() -> None:
    """A last layer whose stream is nonsense, its checksum right."""
    data = encode(LAYERED, USUAL)
    last = data.rindex(b"LAYR")
    (size,) = struct.unpack_from("<I", data, last + 4)
    nonsense = bytes(data[last + 8 : last + 12]) + b"\x80" * (size - 4)
    damaged = data[:last] + chunk(b"LAYR", nonsense) + chunk(b"TAIL")
    with pytest.raises(FormatError, match="layer 3: "):
        decode(damaged)
    assert_same(decode(damaged, lod=0.5), decode(data, lod=0.5))


@pytest.mark.parametrize(
    ("n", "layers", "ends"),
    [
        (1, 8, [1]),
        (300, 8, [75, 150, 225, 300]),
        (10_000, 8, [156, 312, 625, 1250, 2500, 5000, 7500, 10_000]),
        (10_000, 3, [2500, 5000, 10_000]),
        (10_000, 2, [5000, 10_000]),
        (10_000, 1, [10_000]),
    ],
)
def test_where_layers_end(n: int, layers: int, ends: list[int]) -> None:
    assert layer_ends(n, layers) == ends


def test_levels_are_spread_evenly() -> None:
    assert [level_of(lod, 5) for lod in (0, 0.25, 0.375, 1)] == [(1, 0), (2, 0), (2, 0.5), (5, 0)]


def quality(picture: Any, g: Gaussians) -> float:
    return psnr(picture, imagegs.render(g, threads=1))


def test_layers_make_prefixes_good_at_a_small_price(picture: Any) -> None:
    """The price is the mean of some seeds, between which it varies by half a dB."""
    options: dict[str, Any] = {"tune": "psnr", "steps": 150, "threads": 1}
    prices = []
    for seed in range(3):
        plain, layered = (imagegs.fit(picture, 260, layers=n, seed=seed, **options) for n in (1, 8))
        assert plain.layers == () and layered.layers == (65, 65, 65, 65)
        whole = quality(picture, layered)
        prices.append(quality(picture, plain) - whole)
        first_half = plain.replace(**{name: getattr(plain, name)[:130] for name in NAMES})
        half = quality(picture, layered.at_lod(1 / 3))
        assert half > quality(picture, first_half) + 5
        assert quality(picture, layered.at_lod(0)) < half < whole
    assert np.mean(prices) < 1.0


def test_quantising_keeps_the_layers(picture: Any) -> None:
    g = imagegs.fit(picture, 260, layers=8, steps=150, threads=1)
    quantised = imagegs.quantise(picture, g, Lattice.of_fineness(1), threads=1)
    alone = imagegs.quantise(picture, g.replace(layers=()), Lattice.of_fineness(1), threads=1)
    assert quantised.layers == g.layers
    kept, lost = (quality(picture, v.replace(layers=g.layers).at_lod(0)) for v in (quantised, alone))
    assert kept > lost and kept > quality(picture, g.at_lod(0)) - 0.7


@pytest.mark.parametrize("options", [{"layers": 0}, {"layers": 65}, {"layers": 2, "recipe": "paper"}])
def test_impossible_layers_are_refused(picture: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="layers"):
        imagegs.fit(picture, 50, **options)


def scene() -> tuple[Objective, Any]:
    g, target = random_scene("softmax", 24, 30, n=40)
    return Objective(target, "softmax", 1), arrays_of(g)


def test_the_last_layers_are_those_that_are_missed_least() -> None:
    objective, arrays = scene()
    layering = Layering([10, 20, 40], seed=0)
    assert layering.split(0.2, objective, arrays) is None and layering.first_movable == 0
    order = layering.split(FIRST_SPLIT, objective, arrays)
    assert order is not None and sorted(order) == list(range(40)) and layering.first_movable == 20
    cost = objective.kept(arrays).removal_cost(None)
    assert cost[order[:20]].min() >= cost[order[20:]].max()
    assert layering.split(FIRST_SPLIT, objective, arrays) is None
    final = layering.split(1.0, objective, arrays)
    assert final is not None and list(final[20:]) == list(range(20, 40)) and layering.first_movable == 10


def test_no_layer_is_set_apart_before_the_fit_has_grown() -> None:
    objective, arrays = scene()
    assert Layering([10, 60], seed=0).split(1.0, objective, arrays) is None


def test_the_gradient_of_prefixes() -> None:
    """Against those of each prefix alone."""
    objective, arrays = scene()
    ends = [10, 25, 40]
    l2, weights = prefix_weights(objective, arrays, ends)
    assert l2 == pytest.approx(objective.squared_error(arrays).l2, rel=1e-5)
    expected = np.zeros((40, 9))
    for end, weight in zip(ends[:2], weights, strict=True):
        part = type(arrays)(*(a[:end] for a in vars(arrays).values()))
        result = objective.evaluate(part, SQUARED_ERROR)
        expected[:end] += weight * result.gradient
    gradient = Prefixes(SmallCopies(objective), ends).gradient(arrays, l2)
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-6 * np.abs(expected).max())


def test_gauss_newton_lowers_the_loss_with_its_prefixes() -> None:
    objective, arrays = scene()
    ends = [10, 25, 40]
    l2, weights = prefix_weights(objective, arrays, ends)

    def loss(now: Any, l2: float) -> float:
        parts = [measured(objective, prefix_of(now, end), SQUARED_ERROR).l2 for end in ends[:2]]
        return l2 + float(np.dot(weights, parts))

    before = loss(arrays, l2)
    for moved, l2, _ in polish(SmallCopies(Objective(objective.target, "softmax", 1)), arrays, 3, ends=ends):
        after = loss(moved, l2)
        assert after < before
        before = after


def test_useless_gaussians_are_dropped(picture: Any) -> None:
    """Twins of others: together they paint what one of them would."""
    g = imagegs.fit(picture, 200, steps=120, threads=1)
    twins = np.arange(5, 15)
    both = g.replace(**{name: np.concatenate([getattr(g, name), getattr(g, name)[twins]]) for name in NAMES})
    kept = drop_useless(picture, both.replace(layers=(100, 110)), threads=1)
    assert sum(kept.layers) == len(kept) <= len(drop_useless(picture, g, threads=1)) + 2
    assert quality(picture, kept) > quality(picture, both) - 0.5
