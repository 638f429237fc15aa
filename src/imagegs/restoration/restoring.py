"""Compression and restoration in one: what to fit in place of a degraded picture, and how.

Gaussians paint what is coherent over some pixels; noise and blocks are not, and few Gaussians leave them out
(as Image-GS, SIGGRAPH 2025, showed). Here the damage is estimated, and what the fit is given follows from it:

- denoise: as many Gaussians as pixels held out of a fit say (held_out.py), no finer stored than the noise
  lets them be known;
- deblock: the target has less of JPEG's blocks and ringing (jpeg_traces.py);
- inpaint: only pixels that are known count;
- upscale: the target is enlarged, the Gaussians shrunk (enlarging.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import RestorationMode, RestorationName
from imagegs.errors import FormatError
from imagegs.gaussians import FloatArray, Gaussians
from imagegs.metrics import decibels, mean_squared_error
from imagegs.pictures.pixels import IntegerPixels, Picture
from imagegs.pictures.transparency import alphas_of, without_hidden
from imagegs.rendering import render
from imagegs.restoration.enlarging import FACTOR, enlarged, shrunk
from imagegs.restoration.held_out import HeldOut
from imagegs.restoration.holes import filled, known_by_alpha, known_by_mask, pixel_weights
from imagegs.restoration.jpeg_traces import JpegTraces, traces_in_file, traces_in_pixels, with_less_of_jpeg
from imagegs.restoration.noise import noise_level

# By default a restored picture has at most one Gaussian for so many pixels (for "upscale": of the enlarged
# picture), which take 0.6 bpp or less.
RESTORED_PIXELS_PER_GAUSSIAN = 82
# `auto` restores from this noise and JPEG quality on: clean photographs read as noise of up to 0.015.
NOISY, COARSE_QUALITY = 6 / 255, 60
LEAST_ERROR = 0.1  # of the noise's variance: a restored picture is not known better
# The share of the error that rounding may raise in proportion, where noise keeps Gaussians few.
ROUNDED_SHARE = 1 / 3


@dataclass(frozen=True, eq=False)
class Restoration:
    """What is fitted in place of a picture."""

    mode: RestorationMode | None  # None: nothing was found to restore
    target: Picture  # what is fitted
    shown: Picture  # what the outcome is held against: the input, without the alpha channel that told holes
    known: NDArray[np.bool_] | None = None  # (H, W); None: every pixel is
    pixel_weights: FloatArray | None = None  # (H, W), of the target's pixels, for `fit`
    n_gaussians: int | None = None  # None: as for any picture
    error: float | None = None  # for `choose_lattice`
    findings: dict[str, Any] = field(default_factory=dict)  # estimates and choices, for a report

    def to_store(self, fitted: Gaussians, threads: int | None = None) -> FittedGaussians:
        """The part of the fitted Gaussians that a file gets, on the canvas of the input."""
        if self.mode != "upscale":
            return FittedGaussians(fitted, self.target.pixels, self.pixel_weights, self.error)
        gaussians = shrunk(fitted)
        alphas = alphas_of(self.target.channels)
        missed = mean_squared_error(self.target.pixels, render(fitted, threads=threads), alphas)
        # What they paint at the pixels' centres is right; the picture itself says what they paint on average.
        return FittedGaussians(
            gaussians,
            np.clip(render(gaussians, threads=threads), 0.0, 1.0),
            None,
            missed,
        )


@dataclass(frozen=True, eq=False)
class FittedGaussians:
    """Gaussians, and what `imagegs.fitting.choose_lattice` and `quantise` hold them against."""

    gaussians: Gaussians
    pixels: NDArray[Any]  # (H, W, C)
    pixel_weights: FloatArray | None = None
    error: float | None = None


@dataclass(frozen=True)
class Source:
    """Where a degraded picture is from, and how its fit runs."""

    path: Path | None = None  # of its file, which tells how JPEG quantised it
    mask: Picture | None = None  # white: unknown
    chooses_amount: bool = True  # the number of Gaussians is not given
    seed: int = 0
    threads: int | None = None


def restore(picture: Picture, mode: RestorationName, source: Source) -> Restoration:
    """Prepares the fit of a degraded picture, so that the Gaussians paint it restored.

    "auto" takes the first that it finds of: JPEG of quality 60 or less, holes (alpha 0), noise of 6 / 255 or
    more. Where there is nothing to restore, the picture is fitted as it is: mode None.

    "inpaint" takes a mask or a picture with an alpha channel, the other modes no mask.

    Raises FormatError for a mask of another size and where no pixel is known; OSError.
    """
    picture = without_hidden(picture)
    if mode == "inpaint":
        return _inpainted(picture, source)
    if mode == "denoise":
        return _denoised(picture, source)
    if mode == "deblock":
        return _deblocked(picture, _traces(picture, source))
    if mode == "upscale":
        return _upscaled(picture)
    return _found(picture, source)


def _found(picture: Picture, source: Source) -> Restoration:
    """Restored from what the estimates say."""
    traces = _traces(picture, source)
    has_holes = picture.channels[-1] == "A" and not known_by_alpha(picture).all()
    noise = 0.0 if has_holes else _noise(picture)  # whose edges would be noise
    findings: dict[str, Any] = {
        "jpeg_quality": None if traces is None else traces.quality,
        "holes": has_holes,
    }
    if not has_holes:
        findings["noise"] = 255 * noise
    if traces is not None and traces.quality <= COARSE_QUALITY:
        found = _deblocked(picture, traces)
    elif has_holes:
        found = _inpainted(picture, source)
    elif noise >= NOISY:
        found = _denoised(picture, source)
    else:
        found = Restoration(None, picture, picture)
    return replace(found, findings={**findings, **found.findings})


def _colors(picture: Picture) -> IntegerPixels:
    """The picture without its alpha."""
    has_alpha = picture.channels[-1] == "A"
    return picture.pixels[:, :, :-1] if has_alpha else picture.pixels


def _noise(picture: Picture) -> float:
    """The noise level of the colours, where they are seen."""
    has_alpha = picture.channels[-1] == "A"
    return noise_level(_colors(picture), known_by_alpha(picture) if has_alpha else None)


def _most(picture: Picture) -> int:
    """Gaussians, by default."""
    height, width = picture.pixels.shape[:2]
    return max(1, int(height * width / RESTORED_PIXELS_PER_GAUSSIAN))


def _denoised(picture: Picture, source: Source) -> Restoration:
    noise = _noise(picture)
    findings: dict[str, Any] = {"noise": 255 * noise}
    if noise == 0:
        return Restoration(None, picture, picture, findings=findings)
    n, allowed = None, None
    if source.chooses_amount:
        pixels = picture.pixels
        n, seen = HeldOut(pixels, None, source.seed, source.threads).best(_most(picture))
        error = max(seen - noise**2, LEAST_ERROR * noise**2)
        allowed = ROUNDED_SHARE * error
        findings["expected_psnr"] = decibels(error)
    return Restoration("denoise", picture, picture, n_gaussians=n, error=allowed, findings=findings)


def _traces(picture: Picture, source: Source) -> JpegTraces | None:
    in_file = None if source.path is None else traces_in_file(source.path)
    return in_file or traces_in_pixels(picture.pixels)


def _deblocked(picture: Picture, traces: JpegTraces | None) -> Restoration:
    if traces is None:
        return Restoration(None, picture, picture, findings={"jpeg_quality": None})
    target = Picture(with_less_of_jpeg(picture.pixels, traces), picture.channels)
    findings = {"jpeg_quality": traces.quality, "jpeg_tables": "file" if traces.in_file else "pixels"}
    return Restoration("deblock", target, picture, n_gaussians=_most(picture), findings=findings)


def _inpainted(picture: Picture, source: Source) -> Restoration:
    known, shown = _known(picture, source.mask)
    share = float(known.mean())
    findings: dict[str, Any] = {"known": share}
    if share == 1:
        return Restoration(None, picture, picture, findings=findings)
    target = Picture(filled(shown.pixels, known), shown.channels)
    n = None
    if source.chooses_amount:
        n = HeldOut(target.pixels, known, source.seed, source.threads).best(_most(picture)).n_gaussians
    return Restoration("inpaint", target, shown, known, pixel_weights(known), n, findings=findings)


def _known(picture: Picture, mask: Picture | None) -> tuple[NDArray[np.bool_], Picture]:
    """The known pixels (H, W), and the picture without the alpha channel that told them."""
    if mask is None:
        known = known_by_alpha(picture)
        shown = Picture(np.ascontiguousarray(_colors(picture)), picture.channels[:-1])
    else:
        (h, w), (height, width) = mask.pixels.shape[:2], picture.pixels.shape[:2]
        if (h, w) != (height, width):
            raise FormatError(f"the mask has {w} x {h} pixels, the picture {width} x {height}")
        known, shown = known_by_mask(mask), picture
    if not known.any():
        raise FormatError("no pixel is known: there is nothing to fill the picture from")
    return known, shown


def _upscaled(picture: Picture) -> Restoration:
    target = Picture(enlarged(picture.pixels), picture.channels)
    findings = {"for_scale": FACTOR}
    return Restoration("upscale", target, picture, n_gaussians=_most(target), findings=findings)
