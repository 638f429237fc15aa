"""`imagegs encode`: a picture, or a folder with the maps of a texture, to a .gsimg file."""

from __future__ import annotations

import math
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.encode_history import history_output, history_text
from imagegs.cli.encode_options import ABOUT, EXAMPLES, add_options
from imagegs.cli.encode_pack import pack
from imagegs.cli.encode_plan import Plan, make_plan, metadata
from imagegs.cli.encode_restore import report as restore_report
from imagegs.cli.encode_restore import restoration_of, tell
from imagegs.cli.encode_source import read_source
from imagegs.cli.encode_watch import Watch, watched
from imagegs.cli.folders import stack_path
from imagegs.cli.guidance import guidance_report, salient_psnr
from imagegs.cli.options import Subparsers, UsageError, add_command
from imagegs.cli.paths import output_path
from imagegs.cli.reports import Verbosity, print_json, progress_bar, psnr_fields, psnr_text
from imagegs.cli.run_files import Kind, Output, RunFiles
from imagegs.cli.standard_streams import is_folder
from imagegs.limits import DEFAULT_LIMITS, NO_SIZE_LIMIT

if TYPE_CHECKING:
    from imagegs.codec import Bits
    from imagegs.fitting import Progress
    from imagegs.fitting.history import Recorder
    from imagegs.gaussians import Gaussians
    from imagegs.pictures.pixels import IntegerPixels, Picture
    from imagegs.restoration.restoring import Restoration


def add_parser(commands: Subparsers) -> None:
    """Adds the command `encode`."""
    add_options(add_command(commands, "encode", run, ABOUT, EXAMPLES))


def run(options: Namespace) -> None:
    """`imagegs encode`."""
    from imagegs.fitting.history import Recorder

    source: Path = options.input
    speech = Verbosity(options.quiet, options.verbose)
    if is_folder(source):
        target = stack_path(options.output, source)
    else:
        target = output_path(options.output, source, ".gsimg")
    picture, maps, left_out = read_source(options, speech)
    files = RunFiles.of(options, *outputs(options, target))
    files.check()
    restoration = restoration_of(options, picture)
    plan = make_plan(options, restoration, maps)
    tell(restoration, options, speech)
    if plan.guidance is not None and plan.guidance.is_even:
        speech.warn(f"{source}: nothing stands out in the saliency map: the fit is not guided")
    if options.no_open and not options.watch:
        raise UsageError("--no-open is about --watch")
    recorder = Recorder()
    with watched(options, target.name) as watch:
        write = partial(files.write, target)
        report = _encode(restoration, target, write, plan, speech, recorder, watch)
    if options.history is not None:
        files.write(options.history, history_text(source, restoration, plan, recorder))
    if options.json:
        restored = restore_report(restoration, options)
        print_json({"input": str(source), "output": str(target), **report, **left_out, **restored})


def outputs(options: Namespace, target: Path) -> list[Output]:
    """The .gsimg file, and the history where one is wanted."""
    from imagegs.codec.container import SIGNATURE

    gsimg = Kind(".gsimg file", SIGNATURE, (".gsimg",))
    output = Output(target, is_named=options.output is not None, kind=gsimg)
    return [output] if options.history is None else [output, history_output(options.history)]


def _encode(
    restoration: Restoration,
    target: Path,
    write: Callable[[bytes], int],
    plan: Plan,
    speech: Verbosity,
    recorder: Recorder,
    watch: Watch | None,
) -> dict[str, Any]:
    """Fit, write the target, and measure what was written: the report without the files' names."""
    from imagegs import codec
    from imagegs.engine import engine
    from imagegs.textures.map_list import to_metadata

    machine, picture = engine(plan.threads), restoration.shown
    details = (
        f"{machine.threads} threads, {machine.isa} kernels, {plan.recipe} recipe, {_bits_text(plan.bits)}"
    )
    speech.detail(f"{_size_text(picture)}; {details}")
    start = time.perf_counter()
    gaussians, steps = _fit(restoration, plan, speech, recorder, watch)
    fitted = time.perf_counter()
    data = pack(restoration.to_store(gaussians, plan.threads), plan, metadata(plan, steps))
    write(data)
    seconds = time.perf_counter() - start
    speech.detail(f"{steps} steps in {fitted - start:.2f} s, packed in {seconds + start - fitted:.3f} s")
    decoded = codec.decode(data, NO_SIZE_LIMIT)
    painted = _painted(picture, decoded, plan)
    psnr, ssim = _quality(restoration, painted, plan)
    salient = (
        {} if plan.guidance is None else salient_psnr(plan.guidance, picture.pixels, painted, plan.alphas)
    )
    height, width, _ = picture.pixels.shape
    bpp = 8 * len(data) / (height * width)
    speech.note(
        f"{target}: {len(data):,} bytes, {bpp:.3f} bpp, {len(gaussians):,} Gaussians, "
        f"{psnr_text(psnr)}, {ssim:.4f} SSIM, {_salient_text(salient)}{seconds:.1f} s"
    )
    if watch is not None:
        watch.finish(data, steps, len(gaussians), psnr)
    if not DEFAULT_LIMITS.hold(len(decoded), len(decoded.channels), height * width):
        speech.warn(f"{target}: decoders take so large a file only where they are told to (see --size-limit)")
    missed = 0.0 if plan.psnr is None else max(0.0, plan.psnr - psnr)
    if missed:
        speech.warn(f"{target}: {plan.psnr:g} dB were not reached: {missed:.2f} dB less")
    return {
        "bytes": len(data),
        "bpp": bpp,
        "n_gaussians": len(gaussians),
        **psnr_fields(psnr),
        "ssim": ssim,
        "seconds": seconds,
        "steps": steps,
        "seed": plan.seed,
        "recipe": plan.recipe,
        "tune": plan.tune,
        "width": width,
        "height": height,
        "channels": list(picture.channels),
        "bit_depth": picture.bit_depth,
        **to_metadata(plan.maps),
        "layers": max(1, len(decoded.layers)),
        "wrap": decoded.wrap,
        "bits_per_gaussian": 8 * len(data) / len(gaussians),
        "bits": None if plan.bits is None else asdict(plan.bits),
        "threads": machine.threads,
        "isa": machine.isa,
        **({} if plan.guidance is None else guidance_report(plan.guidance, salient)),
        **({} if plan.psnr is None else {"target_psnr": plan.psnr, "missed_by": missed}),
    }


def _fit(
    restoration: Restoration, plan: Plan, speech: Verbosity, recorder: Recorder, watch: Watch | None
) -> tuple[Gaussians, int]:
    """The Gaussians, and the steps that they took."""
    from imagegs.fitting import AttributeBits, fit_progressively, fit_to_psnr

    bits = plan.bits
    quantizer = None
    if bits is not None and plan.recipe == "paper":
        quantizer = AttributeBits(bits.position, bits.scale, bits.angle, bits.color)
    picture = restoration.target
    shared: dict[str, Any] = {
        "effort": plan.effort,
        "tune": plan.tune,
        "steps": plan.steps,
        "init": plan.init,
        "seed": plan.seed,
        "layers": plan.layers,
        "wrap": plan.wrap,
        **plan.weights(restoration.pixel_weights),
        "threads": plan.threads,
        "channels": picture.channels,
    }
    with progress_bar(speech.bar) as bar:
        show = partial(_tell_all, [recorder.add, bar, *([] if watch is None else [watch.show])])
        if plan.psnr is not None:
            measure = partial(_decoded_psnr, restoration=restoration, plan=plan)
            found = fit_to_psnr(picture.pixels, plan.psnr, measure=measure, progress=show, **shared)
            return found.gaussians, found.steps
        last = None
        for last in fit_progressively(
            picture.pixels,
            plan.n_gaussians,
            recipe=plan.recipe,
            bits=quantizer,
            seconds=plan.seconds,
            **shared,
        ):
            show(last)
    assert last is not None  # there is at least one step
    return last.snapshot(), last.step


def _tell_all(listeners: list[Callable[[Progress], None]], progress: Progress) -> None:
    for listener in listeners:
        listener(progress)


def _decoded_psnr(gaussians: Gaussians, restoration: Restoration, plan: Plan) -> float:
    """PSNR of what a decoder will write."""
    from imagegs import codec

    decoded = codec.decode(pack(restoration.to_store(gaussians, plan.threads), plan), NO_SIZE_LIMIT)
    return _quality(restoration, _painted(restoration.shown, decoded, plan), plan)[0]


def _painted(picture: Picture, gaussians: Gaussians, plan: Plan) -> IntegerPixels:
    """What a decoder writes."""
    from imagegs.rendering import render
    from imagegs.textures.stacks import paint_stack

    if plan.maps:
        return paint_stack(gaussians, plan.maps, plan.threads)
    painted: IntegerPixels = render(gaussians, dtype=picture.pixels.dtype, threads=plan.threads)
    return painted


def _quality(restoration: Restoration, painted: IntegerPixels, plan: Plan) -> tuple[float, float]:
    """PSNR and SSIM of what is seen, where the picture is known."""
    import numpy as np

    from imagegs.metrics import psnr, ssim

    pixels, known = restoration.shown.pixels, restoration.known
    if known is None:
        return psnr(pixels, painted, plan.alphas), ssim(pixels, painted, plan.alphas)
    around = np.where(known[:, :, None], pixels, painted)  # no error where unknown
    return psnr(around, painted) + 10 * math.log10(known.mean()), ssim(around, painted)


def _salient_text(decibels: dict[str, float]) -> str:
    return "".join(f"{psnr_text(value)} {place}, " for place, value in decibels.items())


def _size_text(picture: Picture) -> str:
    height, width, _ = picture.pixels.shape
    return f"{width} x {height} pixels, {' '.join(picture.channels)}, {picture.bit_depth} bits"


def _bits_text(bits: Bits | None) -> str:
    if bits is None:
        return "coded"
    return ", ".join(f"{name} {value}" for name, value in asdict(bits).items()) + " bits"
