"""Compression and restoration in one: what to fit in place of a degraded picture, and how.

The damage is estimated, the picture restored by what follows from it, and the Gaussians are fitted to that:

- denoise: without what is as small as noise (denoising.py);
- deblock: without JPEG's blocks and ringing (deblocking.py);
- inpaint: the holes filled (filling.py), which count less than what is known;
- upscale: enlarged, the Gaussians shrunk (enlarging.py).

The file gets as many bits as the restored picture is worth (amount.py).
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
from imagegs.pictures.pixels import IntegerPixels, Picture, to_float, to_integers
from imagegs.pictures.transparency import alphas_of, without_hidden
from imagegs.rendering import render
from imagegs.restoration.amount import worth_of
from imagegs.restoration.deblocking import deblocked
from imagegs.restoration.denoising import denoised, expected_error
from imagegs.restoration.enlarging import FACTOR, enlarged, gain_of_projection, shrunk
from imagegs.restoration.filling import filled_best
from imagegs.restoration.holes import known_by_alpha, known_by_mask, pixel_weights
from imagegs.restoration.jpeg_traces import JpegTraces, traces_in_file, traces_in_pixels
from imagegs.restoration.noise import noise_level

# `auto` restores from this noise and JPEG quality on: clean photographs read as noise of up to 0.008.
NOISY, COARSE_QUALITY = 6 / 255, 60
# What the Gaussians may miss of the restored picture: so much of the error that is left in it, or of the one
# that restoring took away, whichever is less.
SHARE_OF_LEFT, SHARE_OF_GAIN = 1 / 3, 1 / 6
# What they miss is in part damage that restoring left: so much of it adds to the error. It was 0.2 to 0.6
# for JPEG of quality 10 to 30, 0.9 for noise of sigma 10, on Kodak 06 and 17.
ADDED_SHARE = 0.6


@dataclass(frozen=True, eq=False)
class Restoration:
    """What is fitted in place of a picture."""

    mode: RestorationMode | None  # None: nothing was found to restore
    target: Picture  # what is fitted
    shown: Picture  # what the outcome is held against: the input, without the alpha channel that told holes
    known: NDArray[np.bool_] | None = None  # (H, W); None: every pixel is
    pixel_weights: FloatArray | None = None  # (H, W), of the target's pixels, for `fit`
    max_bytes: int | None = None  # of the file; None: as for any picture
    gain: float | None = None  # the mean squared error that is taken away, 1 = white; None: not known
    findings: dict[str, Any] = field(default_factory=dict)  # estimates and choices, for a report

    def is_better(self, painted: IntegerPixels) -> bool | None:
        """Whether the picture (H, W, C) of a file should be nearer to the undamaged one than the input is.

        None where the restoration's gain is not known.
        """
        if self.gain is None:
            return None
        missed = mean_squared_error(self.target.pixels, painted, alphas_of(self.target.channels))
        return ADDED_SHARE * missed < self.gain

    def to_store(self, fitted: Gaussians, threads: int | None = None) -> FittedGaussians:
        """The part of the fitted Gaussians that a file gets, on the canvas of the input."""
        if self.mode != "upscale":
            return FittedGaussians(fitted, self.target.pixels, self.pixel_weights)
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
        return _denoised(picture, _noise(picture), source)
    if mode == "deblock":
        return _deblocked(picture, _traces(picture, source), source)
    if mode == "upscale":
        return _upscaled(picture, source)
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
        found = _deblocked(picture, traces, source)
    elif has_holes:
        found = _inpainted(picture, source)
    elif noise >= NOISY:
        found = _denoised(picture, noise, source)
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


def _with_colors(picture: Picture, colors: NDArray[np.float32]) -> Picture:
    """The picture with other colours (H, W, C), 1 = white, and its alpha."""
    n = colors.shape[2]
    integers = to_integers(colors, picture.bit_depth)
    return Picture(np.concatenate([integers, picture.pixels[:, :, n:]], axis=2), picture.channels)


def _denoised(picture: Picture, noise: float, source: Source) -> Restoration:
    findings: dict[str, Any] = {"noise": 255 * noise}
    if noise == 0:
        return Restoration(None, picture, picture, findings=findings)
    clean = denoised(to_float(_colors(picture)), noise)
    target, left = _with_colors(picture, clean), expected_error(clean, noise)
    gain = _gain(picture, target)
    restoration = Restoration("denoise", target, picture, gain=gain, findings=findings)
    return _worth(restoration, source, min(SHARE_OF_LEFT * left, SHARE_OF_GAIN * gain), left)


def _gain(picture: Picture, target: Picture) -> float:
    """The mean squared error that restoring took away: that of the picture against the target. It is right
    where the target is the mean of what the undamaged picture can be.
    """
    return mean_squared_error(picture.pixels, target.pixels, alphas_of(picture.channels))


def _worth(
    restoration: Restoration, source: Source, allowed: float, left: float | None = None
) -> Restoration:
    """Restored, in as many bytes as it takes to miss the target by no more than is allowed.

    allowed, left: mean squared errors, 1 = white; left is that of the target, where it is known.
    """
    if not source.chooses_amount:
        return restoration
    of_pixels = restoration.pixel_weights
    worth = worth_of(restoration.target, allowed, of_pixels, source.seed, source.threads)
    findings = restoration.findings
    if left is not None and worth.error is not None:
        findings = {**findings, "expected_psnr": decibels(left + worth.error)}
    return replace(restoration, max_bytes=worth.n_bytes, findings=findings)


def _traces(picture: Picture, source: Source) -> JpegTraces | None:
    in_file = None if source.path is None else traces_in_file(source.path)
    return in_file or traces_in_pixels(picture.pixels)


def _deblocked(picture: Picture, traces: JpegTraces | None, source: Source) -> Restoration:
    if traces is None:
        return Restoration(None, picture, picture, findings={"jpeg_quality": None})
    target = _with_colors(picture, deblocked(to_float(_colors(picture)), traces))
    findings = {"jpeg_quality": traces.quality, "jpeg_tables": "file" if traces.in_file else "pixels"}
    gain = _gain(picture, target)
    restoration = Restoration("deblock", target, picture, gain=gain, findings=findings)
    return _worth(restoration, source, SHARE_OF_GAIN * gain)


def _inpainted(picture: Picture, source: Source) -> Restoration:
    known, shown = _known(picture, source.mask)
    share = float(known.mean())
    findings: dict[str, Any] = {"known": share}
    if share == 1:
        return Restoration(None, picture, picture, findings=findings)
    full = filled_best(shown.pixels, known, source.seed)
    target = Picture(full.pixels, shown.channels)
    restoration = Restoration("inpaint", target, shown, known, pixel_weights(known), findings=findings)
    left = (1 - share) * full.error
    return _worth(restoration, source, SHARE_OF_LEFT * left, left)


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


def _upscaled(picture: Picture, source: Source) -> Restoration:
    target = Picture(enlarged(picture.pixels), picture.channels)
    restoration = Restoration("upscale", target, picture, findings={"for_scale": FACTOR})
    return _worth(restoration, source, SHARE_OF_GAIN * gain_of_projection(picture.pixels, target.pixels))
