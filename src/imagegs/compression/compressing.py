"""Compression of pixels to a file, for Python, the command line, the Pillow plugin and the bench alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from imagegs import codec
from imagegs._native import give_back_memory
from imagegs.codec.grain import Grain, grain_in, with_grain
from imagegs.compression.judging import Original
from imagegs.compression.options import CompressionOptions
from imagegs.compression.plan import check_options, file_metadata, make_plan
from imagegs.compression.quality_target import QualityFit, ScoreFit, fit_to_psnr, fit_to_ssimulacra2
from imagegs.compression.rate_control import Packer
from imagegs.fitting import Progress, fit_progressively
from imagegs.gaussians import Gaussians
from imagegs.grain.estimating import estimate_grain, room_for_grain
from imagegs.limits import NO_SIZE_LIMIT
from imagegs.pictures.pixels import IntegerPixels, Picture
from imagegs.restoration.restoring import Restoration, Source, restore
from imagegs.textures.map_list import TextureMap

Listener = Callable[[Progress], None]


@dataclass(frozen=True, eq=False)
class Compressed:
    """The result of a compression. Measures of quality are of the decoded bytes, and are taken at most once.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> result = imagegs.compress_with_report(image, n_gaussians=20, effort=1)
    >>> result.n_gaussians, result.painted.shape, result.bpp == 8 * len(result.data) / (64 * 96)
    (20, (64, 96, 1), True)
    """

    data: bytes  # the whole file
    steps: int  # of all fits together
    seconds: float  # of wall-clock time, fit and packing
    target_psnr: float | None  # the wanted PSNR in dB
    target_ssimulacra2: float | None  # the wanted score
    _original: Original = field(repr=False)

    @cached_property
    def decoded(self) -> Gaussians:
        """The Gaussians in the file."""
        return codec.decode(self.data, size_limit=NO_SIZE_LIMIT)

    @cached_property
    def painted(self) -> IntegerPixels:
        """The picture that a decoder writes without grain, (H, W, C), of the size and dtype of the input."""
        return self._original.painted(self.decoded)

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
        """The number of Gaussians in the file."""
        return len(self.decoded)

    @cached_property
    def psnr(self) -> float:
        """PSNR in dB of the visible colours of known pixels; infinite for equal pictures."""
        return self._original.psnr(self.painted)

    @cached_property
    def ssim(self) -> float:
        """Structural similarity (SSIM); unknown pixels count as equal."""
        return self._original.ssim(self.painted)

    @cached_property
    def ssimulacra2(self) -> float:
        """The score of SSIMULACRA 2, at most 100; unknown pixels count as equal.

        With alpha it is the mean of the scores over black and over white. 16 bits count as 8. Raises
        ValueError for stacks of maps, for other channels than Y, YA, RGB or RGBA, for alpha that is a channel
        like another, and for sides under 8 pixels.
        """
        return self._original.ssimulacra2(self.painted)

    @property
    def missed_by(self) -> float:
        """The dB that lack of the wanted PSNR, or the points that lack of the wanted score; 0 where it is met
        or none was wanted."""
        if self.target_ssimulacra2 is not None:
            return max(0.0, self.target_ssimulacra2 - self.ssimulacra2)
        return 0.0 if self.target_psnr is None else max(0.0, self.target_psnr - self.psnr)

    @property
    def met(self) -> bool:
        """Whether the file reaches the wanted PSNR or score, if there is one."""
        return self.missed_by == 0


class Compression:
    """A prepared compression: its options are checked, and it has not run yet.

    picture: the picture to compress; for a stack, all channels of its maps. path: the picture's file, in
    which a restoration looks for the tables of JPEG.

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
        check_options(options, picture, maps)  # before a restoration, which may run fits of its own
        self.options, self.maps = options, tuple(maps)
        self.restoration = _restored(picture, options, path)
        self.plan = make_plan(options, self.restoration, self.maps)
        self._packer = Packer(self.plan, options)
        self._original = Original(self.restoration, self.maps, self.plan.alphas, options.threads)

    def run(self, progress: Listener | None = None) -> Compressed:
        """Fits and packs. `progress` is called after every step of the fit."""
        start = perf_counter()
        gaussians, steps = self._fitted(progress or _ignore)
        metadata = file_metadata(self.options, self.plan.tune, self.maps, steps)
        packed = self._packed(gaussians, metadata)
        give_back_memory()
        data = self._with_grain(packed)
        seconds = perf_counter() - start
        return Compressed(data, steps, seconds, self.plan.psnr, self.plan.ssimulacra2, self._original)

    def _fitted(self, progress: Listener) -> tuple[Gaussians, int]:
        """The fitted Gaussians, and the number of steps that their fits took."""
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
            "device": fit.device,
            "channels": picture.channels,
        }
        if (found := self._searched(picture.pixels, progress=progress, **shared)) is not None:
            return found.gaussians, found.steps
        last = None
        for last in fit_progressively(
            picture.pixels,
            plan.n_gaussians,
            recipe=fit.recipe,
            bits=self.plan.bits if fit.recipe == "paper" else None,
            time_budget=fit.time_budget,
            **shared,
        ):
            progress(last)
        assert last is not None  # there is at least one step
        return last.snapshot(), last.step

    def _searched(self, pixels: IntegerPixels, **options: Any) -> QualityFit | ScoreFit | None:
        """The fit that reaches a wanted quality, measured on decoded files; None where none is wanted."""
        plan, original = self.plan, self._original
        if plan.psnr is not None:
            return fit_to_psnr(pixels, plan.psnr, measure=self._decoded(original.psnr), **options)
        if plan.ssimulacra2 is not None:
            measure = self._decoded(original.ssimulacra2)
            return fit_to_ssimulacra2(pixels, plan.ssimulacra2, measure=measure, **options)
        return None

    def _packed(self, gaussians: Gaussians, metadata: dict[str, Any] | None = None) -> bytes:
        give_back_memory()  # that of the fit
        return self._packer.pack(self.restoration.to_store(gaussians, self.options.threads), metadata)

    def _with_grain(self, data: bytes) -> bytes:
        """The file with grain, where some is wanted and found, and fits."""
        room = room_for_grain(len(data))
        if not (self.plan.grain and room):
            return data
        shown = self.restoration.shown
        painted = self._original.painted(codec.decode(data, size_limit=NO_SIZE_LIMIT))
        grain = estimate_grain(shown.pixels, painted, shown.channels, room, self.plan.grain)
        return data if grain is None else with_grain(data, grain)

    def _decoded(self, measure: Callable[[IntegerPixels], float]) -> Callable[[Gaussians], float]:
        """The same measure of Gaussians: of the picture that a decoder will write."""

        def of_file(gaussians: Gaussians) -> float:
            decoded = codec.decode(self._packed(gaussians), size_limit=NO_SIZE_LIMIT)
            return measure(self._original.painted(decoded))

        return of_file


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
