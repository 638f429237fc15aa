"""Pixels to the bytes of a file: the one way for Python, the command, the Pillow plugin and the bench."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from imagegs import codec
from imagegs.codec.grain import Grain, grain_in, with_grain
from imagegs.compression.options import CompressionOptions
from imagegs.compression.plan import check_options, file_metadata, make_plan
from imagegs.compression.quality_target import fit_to_psnr
from imagegs.compression.rate_control import Packer
from imagegs.fitting import AttributeBits, Progress, fit_progressively
from imagegs.gaussians import Gaussians
from imagegs.grain.estimating import estimate_grain, room_for_grain
from imagegs.limits import NO_SIZE_LIMIT
from imagegs.metrics import psnr, ssim
from imagegs.pictures.pixels import IntegerPixels, Picture
from imagegs.pictures.transparency import Alphas
from imagegs.rendering import render
from imagegs.restoration.restoring import Restoration, Source, restore
from imagegs.textures.map_list import TextureMap
from imagegs.textures.stacks import paint_stack

Listener = Callable[[Progress], None]


@dataclass(frozen=True, eq=False)
class Compressed:
    """What came of a compression. Whatever tells of quality is measured on the bytes, decoded again, once.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> result = imagegs.compress_with_report(image, n_gaussians=20, effort=1)
    >>> result.n_gaussians, result.painted.shape, result.bpp == 8 * len(result.data) / (64 * 96)
    (20, (64, 96, 1), True)
    """

    data: bytes  # the whole file
    steps: int  # that the fits took
    seconds: float  # of wall-clock time, fit and packing
    target_psnr: float | None  # dB, that was wanted
    restoration: Restoration
    maps: tuple[TextureMap, ...]
    alphas: Alphas | None  # of the channels; None: what their names say
    threads: int | None

    @cached_property
    def decoded(self) -> Gaussians:
        """The Gaussians in the file."""
        return codec.decode(self.data, NO_SIZE_LIMIT)

    @cached_property
    def painted(self) -> IntegerPixels:
        """The picture that a decoder writes, grain aside, (H, W, C) as the input had it."""
        return _painted(self.decoded, self.restoration.shown, self.maps, self.threads)

    @cached_property
    def grain(self) -> Grain | None:
        """What decoders add to the picture: see `grain` of `compress`."""
        return grain_in(self.data)

    @property
    def bpp(self) -> float:
        """Bits a pixel, the whole file counted."""
        return 8 * len(self.data) / (self.decoded.height * self.decoded.width)

    @property
    def n_gaussians(self) -> int:
        """In the file."""
        return len(self.decoded)

    @cached_property
    def psnr(self) -> float:
        """In dB, of what is seen of the known pixels; infinite for equal pictures."""
        return _psnr(self.restoration, self.painted, self.alphas)

    @cached_property
    def ssim(self) -> float:
        """Structural similarity; unknown pixels count as equal."""
        return ssim(_judged(self.restoration, self.painted), self.painted, self.alphas)

    @property
    def missed_by(self) -> float:
        """How many dB are lacking to the wanted PSNR; 0 where it is met or none was wanted."""
        return 0.0 if self.target_psnr is None else max(0.0, self.target_psnr - self.psnr)

    @property
    def met(self) -> bool:
        """Whether the file is what was asked for."""
        return self.missed_by == 0


class Compression:
    """A compression that is prepared, all of its options checked, and not yet run.

    picture: what is compressed; of a stack, all channels of its maps. path: of the picture's file, whose JPEG
    tables a restoration looks at.

    Raises ValueError and TypeError for options that do not go together or are out of range, FormatError for a
    mask that does not fit, OSError for a file that cannot be read.
    """

    def __init__(
        self,
        picture: Picture,
        options: CompressionOptions,
        maps: Sequence[TextureMap] = (),
        path: Path | None = None,
    ) -> None:
        check_options(options)  # before a restoration, which may take fits of its own
        self.options, self.maps = options, tuple(maps)
        self.restoration = _restored(picture, options, path)
        self.plan = make_plan(options, self.restoration, self.maps)
        self._packer = Packer(self.plan, options)

    def run(self, progress: Listener | None = None) -> Compressed:
        """Fits and packs. `progress` is called after every step of the fit."""
        start = perf_counter()
        gaussians, steps = self._fitted(progress or _ignore)
        metadata = file_metadata(self.options, self.plan.tune, self.maps, steps)
        data = self._with_grain(self._packed(gaussians, metadata))
        seconds = perf_counter() - start
        plan, threads = self.plan, self.options.threads
        return Compressed(data, steps, seconds, plan.psnr, self.restoration, self.maps, plan.alphas, threads)

    def _fitted(self, progress: Listener) -> tuple[Gaussians, int]:
        """The Gaussians, and the steps that they took."""
        fit, plan, picture = self.options.fit, self.plan, self.restoration.target
        shared: dict[str, Any] = {
            "effort": fit.effort,
            "tune": plan.tune,
            "steps": fit.steps,
            "init": fit.init,
            "seed": fit.seed,
            "layers": plan.layers,
            "wrap": fit.wrap,
            **plan.weights(self.restoration.pixel_weights),
            "threads": self.options.threads,
            "channels": picture.channels,
        }
        if plan.psnr is not None:
            found = fit_to_psnr(
                picture.pixels, plan.psnr, measure=self._decoded_psnr, progress=progress, **shared
            )
            return found.gaussians, found.steps
        last = None
        for last in fit_progressively(
            picture.pixels,
            plan.n_gaussians,
            recipe=fit.recipe,
            bits=self._trained_bits(),
            seconds=fit.time_budget,
            **shared,
        ):
            progress(last)
        assert last is not None  # there is at least one step
        return last.snapshot(), last.step

    def _trained_bits(self) -> AttributeBits | None:
        bits = self.plan.bits
        if bits is None or self.options.fit.recipe != "paper":
            return None
        return AttributeBits(bits.position, bits.scale, bits.angle, bits.color)

    def _packed(self, gaussians: Gaussians, metadata: dict[str, Any] | None = None) -> bytes:
        return self._packer.pack(self.restoration.to_store(gaussians, self.options.threads), metadata)

    def _with_grain(self, data: bytes) -> bytes:
        """The file with grain, where some is wanted and found, and fits."""
        room = room_for_grain(len(data))
        if not (self.plan.grain and room):
            return data
        shown = self.restoration.shown
        painted = render(
            codec.decode(data, NO_SIZE_LIMIT), dtype=shown.pixels.dtype, threads=self.options.threads
        )
        grain = estimate_grain(shown.pixels, painted, shown.channels, room, self.plan.grain)
        return data if grain is None else with_grain(data, grain)

    def _decoded_psnr(self, gaussians: Gaussians) -> float:
        """PSNR of what a decoder will write."""
        decoded = codec.decode(self._packed(gaussians), NO_SIZE_LIMIT)
        painted = _painted(decoded, self.restoration.shown, self.maps, self.options.threads)
        return _psnr(self.restoration, painted, self.plan.alphas)


def _ignore(progress: Progress) -> None:
    pass


def _restored(picture: Picture, options: CompressionOptions, path: Path | None) -> Restoration:
    if options.restore is None:
        return Restoration(None, picture, picture)
    source = Source(
        path=path,
        mask=options.mask,
        chooses_amount=options.target.chooses_amount,
        seed=options.fit.seed,
        threads=options.threads,
    )
    return restore(picture, options.restore, source)


def _painted(
    gaussians: Gaussians, picture: Picture, maps: tuple[TextureMap, ...], threads: int | None
) -> IntegerPixels:
    if maps:
        return paint_stack(gaussians, maps, threads)
    painted: IntegerPixels = render(gaussians, dtype=picture.pixels.dtype, threads=threads)
    return painted


def _judged(restoration: Restoration, painted: IntegerPixels) -> IntegerPixels:
    """The picture that what was painted is held against: without an error where it is unknown."""
    known, pixels = restoration.known, restoration.shown.pixels
    return pixels if known is None else np.where(known[:, :, None], pixels, painted)


def _psnr(restoration: Restoration, painted: IntegerPixels, alphas: Alphas | None) -> float:
    share = 1.0 if restoration.known is None else float(restoration.known.mean())
    return psnr(_judged(restoration, painted), painted, alphas) + 10 * math.log10(share)
