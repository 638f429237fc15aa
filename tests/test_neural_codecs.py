"""Neural networks as codecs of the bench: sizes, files, the same bits each time, costs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from conftest import sample_pixels
from requirements import need_neural

torch = need_neural()
from imagegs.evaluation import neural_codecs  # noqa: E402
from imagegs.evaluation.codec import Shape  # noqa: E402
from imagegs.evaluation.codecs import codec_named  # noqa: E402
from imagegs.evaluation.measuring import Bench, Row, Subject  # noqa: E402
from imagegs.evaluation.neural import coin, container, ffn, hash_grid, siren, table_sums, training  # noqa: E402
from imagegs.evaluation.neural.model import Model  # noqa: E402
from imagegs.evaluation.store import Store  # noqa: E402
from imagegs.metrics import psnr  # noqa: E402

PIXELS = sample_pixels()[:24, :32]
N_BYTES = 700
MODELS = {"siren": siren.MODEL, "coin": coin.MODEL, "ffn": ffn.MODEL, "hash-grid": hash_grid.MODEL}
each_model = pytest.mark.parametrize("name", MODELS)


def test_each_name_has_its_model_and_number():
    assert set(MODELS) == set(neural_codecs.NEURAL_NAMES)
    assert len({model.number for model in MODELS.values()}) == len(MODELS)


@each_model
def test_files_are_within_the_size_and_always_the_same(name):
    codec = codec_named(f"{name}-s20")
    data = codec.encode(PIXELS, N_BYTES)
    torch.manual_seed(7)  # the caller's random numbers do not matter, and stay his
    assert codec.encode(PIXELS, N_BYTES) == data
    expected = torch.rand(3, generator=torch.Generator().manual_seed(7))
    assert torch.equal(torch.rand(3), expected)
    assert 0.75 * N_BYTES < len(data) <= N_BYTES
    assert codec.decode(data, PIXELS.shape).shape == PIXELS.shape
    assert not torch.are_deterministic_algorithms_enabled()


@each_model
def test_more_steps_are_closer_to_the_picture(name):
    found = []
    for steps in (1, 250):
        codec = codec_named(f"{name}-s{steps}")
        found.append(psnr(PIXELS, codec.decode(codec.encode(PIXELS, N_BYTES), PIXELS.shape)))
    one_color = np.broadcast_to(PIXELS.mean(axis=(0, 1)).round().astype(np.uint8), PIXELS.shape)
    assert found[1] > found[0] + 5 and found[1] > psnr(PIXELS, one_color) + 3


@each_model
def test_a_file_gives_back_what_was_trained(name):
    """To the precision of float16."""
    model = MODELS[name]
    architecture = container.architecture_within(model, N_BYTES, PIXELS.shape)
    with training.reproducible():
        network = model.build(architecture, PIXELS.shape)
        training.train(model, network, PIXELS, 40)
        trained = training.painted(network, PIXELS.shape)
    data = container.packed(model, architecture, network, PIXELS.shape)
    back = container.unpacked(model, data, PIXELS.shape)
    torch.testing.assert_close(container.flat(back), container.flat(network), rtol=2**-11, atol=2**-24)
    decoded = codec_named(name).decode(data, PIXELS.shape)
    assert np.abs(decoded.astype(int) - trained.astype(int)).max() <= 3
    assert data == codec_named(f"{name}-s40").encode(PIXELS, N_BYTES)


@each_model
@pytest.mark.parametrize("shape", [(24, 32, 3), (300, 200, 3)])
@pytest.mark.parametrize("n_bytes", [200, 1000, 5000, 40_000])
def test_the_network_is_the_largest_within_the_bytes(name, shape, n_bytes):
    model = MODELS[name]
    architecture = container.architecture_within(model, n_bytes, shape)
    network = model.build(architecture, shape)
    assert len(container.flat(network)) == model.n_parameters(architecture, shape)
    assert len(container.packed(model, architecture, network, shape)) <= n_bytes
    larger = (architecture[0], architecture[1] + 1, *architecture[2:])
    is_complete = larger[1:2] == (hash_grid.MOST_ENTRIES + 1,)  # each corner of the grid has its own features
    assert is_complete or file_size(model, larger, shape) > n_bytes
    size = file_size(model, architecture, shape)  # to the byte
    assert file_size(model, container.architecture_within(model, size - 1, shape), shape) < size


def file_size(model: Model, architecture: tuple[int, ...], shape: Shape) -> int:
    return container.header_size(model) + 2 * model.n_parameters(architecture, shape)


@each_model
def test_wrong_files_and_sizes_are_refused(name):
    codec = codec_named(f"{name}-s1")
    with pytest.raises(ValueError, match="too few"):
        codec.encode(PIXELS, 20)
    with pytest.raises(ValueError, match="65536 pixels"):
        codec.encode(np.zeros((1, 65536, 3), np.uint8), N_BYTES)
    data = codec.encode(PIXELS, N_BYTES)
    for damaged in (data[:5], data[:-1], data + b"0"):
        with pytest.raises(ValueError, match="the file"):
            codec.decode(damaged, PIXELS.shape)
    other = next(each for each in MODELS if each != name)
    with pytest.raises(ValueError, match="another model"):
        codec_named(other).decode(data, PIXELS.shape)
    with pytest.raises(ValueError, match="another size"):
        codec.decode(data, (32, 24, 3))


@each_model
def test_of_a_large_picture_some_pixels_are_drawn_for_each_step(name, monkeypatch):
    whole = codec_named(f"{name}-s5").encode(PIXELS, N_BYTES)
    monkeypatch.setattr(training, "PIXELS_PER_STEP", 100)
    codec = codec_named(f"{name}-s5")
    data = codec.encode(PIXELS, N_BYTES)
    assert data == codec.encode(PIXELS, N_BYTES) != whole
    assert codec.decode(data, PIXELS.shape).shape == PIXELS.shape


def test_coin_has_the_published_layers():
    """Appendix A of the paper, and the authors' bits a pixel of a picture of Kodak."""
    rates = {0.0736: (5, 20), 0.1604: (5, 30), 0.3074: (10, 28), 0.6109: (10, 40), 1.209: (13, 49)}
    assert tuple(rates.values()) == coin.PUBLISHED
    for rate, published in rates.items():
        n_bytes = file_size(coin.MODEL, published, (512, 768, 3))
        assert 8 * n_bytes / (512 * 768) == pytest.approx(rate, rel=0.015)
        assert container.architecture_within(coin.MODEL, n_bytes, (512, 768, 3)) == published


def test_the_grid_has_the_slope_of_its_sums():
    """Against PyTorch's gradient."""
    grid = hash_grid.HashGrid(3, 20, 4, PIXELS.shape)
    rows, weights = grid.encoded(training.pixel_places(PIXELS.shape))
    ends = np.cumsum(grid.sizes)
    for level, found in enumerate(rows.reshape(-1, 3, 4).unbind(dim=1)):
        assert ends[level] - grid.sizes[level] <= int(found.min()) <= int(found.max()) < ends[level]
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(weights)))
    target, slopes = torch.rand(len(rows), 2), []
    for mixed in (
        table_sums.TableSums.apply(grid.table, rows, weights),
        (grid.table[rows] * weights[:, :, None]).sum(dim=1),
    ):
        (slope,) = torch.autograd.grad((mixed - target).square().sum(), grid.table)
        slopes.append(slope)
    torch.testing.assert_close(*slopes)


def test_pixels_have_the_places_of_their_centres():
    places = training.pixel_places((2, 4, 3)).reshape(2, 4, 2)
    np.testing.assert_allclose(places[0, :, 0], [-0.75, -0.25, 0.25, 0.75])
    np.testing.assert_allclose(places[:, 0, 1], [-0.25, 0.25])


@pytest.mark.parametrize(
    ("name", "architecture", "expected"),
    [
        ("siren", (2, 5), 10 + 25 + 15 + 2 * 5 * 11),
        ("ffn", (3, 4), 4 * 22 + 32 + 16 + 12 + 3 * 10),
        ("hash-grid", (3, 20, 5), 3 * 14 + 30 + 25 + 15),
    ],
)
def test_multiply_adds_of_a_pixel(name, architecture, expected):
    assert MODELS[name].multiply_adds(architecture, PIXELS.shape) == expected


def test_the_bench_measures_once_for_the_same_code(tmp_path: Path) -> None:
    codec = codec_named("siren-s3")
    (row,) = rows(codec, tmp_path)
    assert row["bytes"] <= 0.9 * PIXELS.shape[0] * PIXELS.shape[1] and row["multiply_adds"] > 300
    assert row["encode_cpu_seconds"] > 0 and row["decode_seconds"] > 0

    def fail(pixels: object, n_bytes: float) -> bytes:
        raise AssertionError("encoded again")

    idle = dataclasses.replace(codec, encode=fail)
    assert rows(idle, tmp_path) == [row]
    (changed,) = rows(dataclasses.replace(idle, code=lambda: "changed"), tmp_path)
    assert "encoded again" in changed["error"]
    (other,) = rows(codec_named("siren-s4"), tmp_path)
    assert other["psnr"] != row["psnr"]


def rows(codec: neural_codecs.Codec, store: Path) -> list[Row]:
    return list(Bench(codec, Subject("a", PIXELS), ("psnr",), Store(store)).rows((7.2,)))
