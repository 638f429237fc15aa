"""The measures of how alike two pictures are that a comparison of codecs reports, and what each needs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from imagegs.evaluation.perceptual import lpips
from imagegs.metrics import ms_ssim, psnr, ssim
from imagegs.pictures.pixels import Pixels
from imagegs.ssimulacra.score import ssimulacra2


def _nothing() -> str | None:
    return None


@dataclass(frozen=True)
class Metric:
    """A measure of a picture against its reference."""

    name: str  # on the command line
    title: str
    # Takes the reference and the picture, (H, W, 3) uint8 sRGB of one shape. Raises ValueError for other
    # pictures, among them those that are too small: SSIMULACRA 2 under 8 pixels a side, LPIPS and ST-LPIPS
    # under 32.
    measure: Callable[[Pixels, Pixels], float]
    perceptual: bool  # of what an eye sees: measured with a file's grain, others without it
    unit: str = ""
    higher_is_better: bool = True
    digits: int = 4  # after the point, that are worth printing
    missing: Callable[[], str | None] = (
        _nothing  # why it cannot be measured here, in one line; None if it can
    )


def flip(reference: Pixels, picture: Pixels) -> float:
    """Mean LDR-FLIP, 0 (equal) to 1, of two (H, W, 3) uint8 sRGB pictures, at the 67 pixels a degree of
    its authors.

    Source: Andersson, Nilsson, Akenine-Möller, Oskarsson, Åström, Fairchild 2020, "FLIP: A Difference
    Evaluator for Alternating Images"; computed by their package, flip-evaluator.

    Raises ValueError for pictures that differ in shape, ImportError without the package.
    """
    from flip_evaluator import evaluate

    if reference.shape != picture.shape:
        raise ValueError(f"the pictures differ in shape: {reference.shape} and {picture.shape}")
    x, y = (np.ascontiguousarray(pixels, np.float32) / np.float32(255) for pixels in (reference, picture))
    _, mean, _ = evaluate(x, y, "LDR", applyMagma=False)
    return float(mean)


def _flip_missing() -> str | None:
    if find_spec("flip_evaluator"):
        return None
    return "flip needs the package flip-evaluator: pip install 'imagegs[bench]'"


def _lpips_missing() -> str | None:
    path = os.environ.get(lpips.VARIABLE)
    if not path:
        return f"lpips needs a file of weights, named by the variable {lpips.VARIABLE}: see docs/bench.md"
    if not Path(path).is_file():
        return f"lpips needs its weights: {lpips.VARIABLE} names {path}, where there is no file"
    return None


def _st_lpips_missing() -> str | None:
    if lpips.st_lpips_weights():
        return None
    return "st-lpips needs the package stlpips-pytorch: pip install 'imagegs[bench]'"


METRICS = {
    metric.name: metric
    for metric in (
        Metric("psnr", "PSNR", psnr, False, unit="dB", digits=2),
        Metric("ssim", "SSIM", ssim, False),
        Metric("ms-ssim", "MS-SSIM", ms_ssim, False),
        Metric("ssimulacra2", "SSIMULACRA 2", ssimulacra2, True, digits=2),
        Metric("flip", "FLIP", flip, True, higher_is_better=False, missing=_flip_missing),
        Metric("lpips", "LPIPS", lpips.lpips, True, higher_is_better=False, missing=_lpips_missing),
        Metric(
            "st-lpips", "ST-LPIPS", lpips.st_lpips, True, higher_is_better=False, missing=_st_lpips_missing
        ),
    )
}
