"""PSNR, SSIM and MS-SSIM against scikit-image and a slow float64 twin."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from imagegs.metrics import ms_ssim, psnr, ssim, weighted_psnr


def _pair(height: int, width: int, channels: int = 3, noise: float = 0.1) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(height * 1000 + width)
    y, x = np.arange(height)[:, None, None], np.arange(width)[None, :, None]
    smooth = 0.5 + 0.4 * np.sin(x / 7 + np.arange(channels)) * np.cos(y / 11)
    noisy = smooth + noise * rng.standard_normal((height, width, channels))
    return smooth.clip(0, 1), noisy.clip(0, 1)


def _slow_terms(x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """SSIM and contrast maps of two planes, window by window."""
    weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    xs, ys = (np.lib.stride_tricks.sliding_window_view(p, (11, 11)) for p in (x, y))

    def mean(values: NDArray) -> NDArray:
        return np.einsum("ijkl,k,l->ij", values, weights, weights)

    mx, my = mean(xs), mean(ys)
    vx, vy, cov = mean(xs * xs) - mx**2, mean(ys * ys) - my**2, mean(xs * ys) - mx * my
    contrast = (2 * cov + 0.0009) / (vx + vy + 0.0009)
    return (2 * mx * my + 0.0001) / (mx**2 + my**2 + 0.0001) * contrast, contrast


def _slow_ms_ssim(a: NDArray, b: NDArray, weights: list[float]) -> float:
    """Wang 2003 with the average pooling of PyTorch: zeros around odd sides, what is left over dropped."""
    results = []
    for channel in range(a.shape[2]):
        planes, product = [a[:, :, channel], b[:, :, channel]], 1.0
        for scale, weight in enumerate(weights):
            similarity, contrast = _slow_terms(*planes)
            last = scale == len(weights) - 1
            product *= max(0.0, (similarity if last else contrast).mean()) ** weight
            for i, plane in enumerate(planes):
                padded = np.pad(plane, [(side % 2, side % 2) for side in plane.shape])
                h, w = padded.shape[0] // 2, padded.shape[1] // 2
                planes[i] = padded[: 2 * h, : 2 * w].reshape(h, 2, w, 2).mean(axis=(1, 3))
        results.append(product)
    return float(np.mean(results))


def test_psnr_is_that_of_scikit_image() -> None:
    a, b = _pair(301, 40)
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1), abs=1e-9)
    x, y = (np.uint8(np.round(p * 255)) for p in (a, b))
    assert psnr(x, y) == pytest.approx(peak_signal_noise_ratio(x, y), abs=1e-9)
    assert psnr(np.zeros((4, 4)), np.full((4, 4), 0.1)) == pytest.approx(20.0)
    assert psnr(a, a) == math.inf


@pytest.mark.parametrize("shape", [(11, 11), (12, 40), (64, 11), (301, 57), (128 + 10, 30)])
@pytest.mark.parametrize("noise", [0.003, 0.1, 0.5])
def test_ssim_is_that_of_scikit_image(shape: tuple[int, int], noise: float) -> None:
    a, b = _pair(*shape, noise=noise)
    expected = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=-1
    )
    assert ssim(a, b) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("level", [0.0, 0.02, 0.98])
def test_ssim_of_nearly_flat_pictures(level: float) -> None:
    """Where float32 has the fewest digits left of the variances."""
    rng = np.random.default_rng(1)
    a, b = (np.float32(level + 0.01 * rng.random((60, 60, 1))) for _ in range(2))
    expected = structural_similarity(
        a.astype(float), b.astype(float), gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, data_range=1, channel_axis=-1,
    )  # fmt: skip
    assert ssim(a, b) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (10, 10), (5, 200), (200, 5)])
def test_small_pictures_have_an_ssim(shape: tuple[int, int]) -> None:
    a, b = _pair(*shape)
    assert ssim(a, a) == ms_ssim(a, a) == 1.0
    assert -1 <= ssim(a, b) < 1
    assert ms_ssim(a, b) == pytest.approx(ssim(a, b), abs=0.5)


def test_a_short_side_is_mirrored() -> None:
    a, b = _pair(6, 40)
    wide_a, wide_b = (np.pad(p, [(5, 5), (0, 0), (0, 0)], mode="symmetric") for p in (a, b))
    expected = np.mean([_slow_terms(wide_a[..., c], wide_b[..., c])[0].mean() for c in range(3)])
    assert ssim(a, b) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("shape", "n_scales"), [
    ((161, 200), 5), ((177, 163), 5), ((160, 170), 4), ((21, 99), 2), ((20, 99), 1),
])  # fmt: skip
def test_ms_ssim_is_that_of_the_slow_twin(shape: tuple[int, int], n_scales: int) -> None:
    a, b = _pair(*shape, noise=0.2)
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:n_scales]
    expected = _slow_ms_ssim(a, b, list(weights / weights.sum()))
    assert ms_ssim(a, b) == pytest.approx(expected, abs=1e-5)


def test_negative_terms_count_as_nothing() -> None:
    a, _ = _pair(170, 170)
    assert ms_ssim(a, 1 - a) == 0.0


def test_types_may_differ_and_channels_are_optional() -> None:
    a, b = _pair(170, 170, channels=1)
    x, y = np.uint8(np.round(a * 255)), np.uint16(np.round(b * 65535))
    for metric in (psnr, ssim, ms_ssim):
        assert metric(x, y) == pytest.approx(metric(a, b), abs=2e-2)
        assert metric(x[..., 0], y[..., 0]) == metric(x, y)
        assert metric(x, y) == pytest.approx(metric(x / 255, y / 65535), abs=1e-5)


@pytest.mark.parametrize("metric", [psnr, ssim, ms_ssim])
def test_shapes_must_agree(metric) -> None:  # type: ignore[no-untyped-def]
    a, _ = _pair(20, 30)
    with pytest.raises(ValueError, match="differ in shape"):
        metric(a, a[:, :29])
    with pytest.raises(ValueError, match="differ in shape"):
        metric(a, a[:, :, :1])
    with pytest.raises(TypeError):
        metric(a > 0, a > 0)


def test_memory_does_not_grow_with_the_picture() -> None:
    a = np.zeros((1500, 1000, 3), np.uint8)
    tracemalloc.start()
    psnr(a, a)
    ssim(a, a)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * a.nbytes


def test_psnr_of_weighted_pixels() -> None:
    a, b = _pair(300, 20)
    weights = np.random.default_rng(2).random((300, 20)).astype(np.float32)
    expected = -10 * np.log10(np.average((a - b) ** 2, weights=np.repeat(weights[:, :, None], 3, axis=2)))
    assert weighted_psnr(a, b, weights) == pytest.approx(expected, abs=1e-6)
    assert weighted_psnr(a, b, np.full((300, 20), 7, np.float32)) == pytest.approx(psnr(a, b), abs=1e-9)
    region = np.zeros((300, 20), np.float32)
    region[130:200, 3:9] = 1
    assert weighted_psnr(a, b, region) == pytest.approx(psnr(a[130:200, 3:9], b[130:200, 3:9]), abs=1e-9)
    b[130:200, 3:9] = a[130:200, 3:9]
    assert weighted_psnr(a, b, region) == math.inf


def test_weights_that_are_none() -> None:
    a, b = _pair(12, 20)
    with pytest.raises(ValueError, match=r"the weights have shape \(12, 19\)"):
        weighted_psnr(a, b, np.ones((12, 19), np.float32))
    with pytest.raises(ValueError, match="no weight is above 0"):
        weighted_psnr(a, b, np.zeros((12, 20), np.float32))


@pytest.mark.parametrize("channels", [1, 4])
def test_threads_do_not_change_ssim(channels: int) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 400, 60, channels))
    assert ssim(a, b, threads=3) == ssim(a, b)
