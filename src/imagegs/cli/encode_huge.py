"""`imagegs encode` of a picture that is too large for one fit: it is read and encoded block by block."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.block_bar import block_bar
from imagegs.cli.cluster import check_cluster
from imagegs.cli.encode_plan import naming_flags
from imagegs.cli.encode_routing import check_block_options
from imagegs.cli.encode_source import tell_left_out
from imagegs.cli.exit_codes import FileError, about
from imagegs.cli.options import UsageError
from imagegs.cli.paths import output_path
from imagegs.cli.reports import Verbosity, print_json, psnr_fields, psnr_text
from imagegs.cli.run_files import RunFiles, gsimg_output
from imagegs.cli.standard_streams import STANDARD, is_folder
from imagegs.errors import ImageGSError
from imagegs.files import descriptor_of

if TYPE_CHECKING:
    from imagegs.large import LargeReport, Workers
    from imagegs.pictures.huge import PictureSource


def encode_huge(options: Namespace, speech: Verbosity) -> None:
    """`imagegs encode` of a picture that `goes_in_blocks`.

    Raises UsageError, FileError, and what `cluster` raises.
    """
    from imagegs.pictures.huge import open_source

    path: Path = options.input
    target = _target(options)
    check_block_options(options)
    check_cluster(options)
    files = RunFiles.of(options, gsimg_output(target, options.output is not None))
    files.check()
    start = time.perf_counter()
    with about(path):
        source = open_source(path, size_limit=options.size_limit)
    tell_left_out(path, source.n_frames, source.left_out, speech)
    speech.detail(f"{source.width} x {source.height} pixels, {' '.join(source.channels)}, block by block")
    report = _encode(options, source, partial(files.write, target), target, speech)
    seconds = time.perf_counter() - start
    speech.note(f"{target}: {_summary(report)}, {seconds:.1f} s")
    if options.json:
        facts = {"channels": list(source.channels), "bit_depth": source.bit_depth}
        left_out = {"frames_left_out": source.n_frames - 1}
        files_of = {"input": str(path), "output": str(target)}
        print_json({**files_of, **_fields(report), **facts, **left_out, "seconds": seconds})


def _target(options: Namespace) -> Path:
    """The file to write. Raises UsageError for a pipe, and for a file within the folder that is the input."""
    source: Path = options.input
    target = output_path(options.output, source if source.name else source.resolve(), ".gsimg")
    if target == STANDARD or descriptor_of(target) is not None:
        raise UsageError("a picture that is encoded in blocks is written to a file: name it with -o")
    if is_folder(source) and target.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"the output {target} lies within the input {source}")
    return target


def _encode(
    options: Namespace, source: PictureSource, write: Callable[[Any], int], target: Path, speech: Verbosity
) -> LargeReport:
    from imagegs.compression.options import CompressionOptions, FitSettings, Target
    from imagegs.large import encode_large

    with naming_flags():
        wanted = Target(n_gaussians=options.gaussians, bpp=options.bpp, target_size=options.target_size)
    fit = FitSettings(
        effort=options.effort,
        steps=options.steps,
        tune=options.tune,
        layers=options.layers,
        seed=options.seed,
    )
    threads = options.threads or (None if options.workers == 1 else 1)
    chosen = CompressionOptions(target=wanted, fit=fit, exact=options.exact, threads=threads)
    with _workers(options) as workers, block_bar(speech.bar, source.width * source.height) as show:
        try:
            return encode_large(
                source, target, chosen, workers, write=lambda _, pieces: write(pieces), progress=show
            )
        except (ImageGSError, MemoryError) as error:
            raise FileError(options.input, error) from error


def _workers(options: Namespace) -> AbstractContextManager[Workers]:
    """The processes that are asked for, by default one for each processor; one is this process alone."""
    from imagegs.large import cluster_workers, local_workers

    if options.scheduler is not None:
        return cluster_workers(options.scheduler)
    return local_workers(options.workers)


def _summary(report: LargeReport) -> str:
    """The line for people, to which the time is still to be added."""
    quality = report.quality
    return (
        f"{report.n_bytes:,} bytes, {report.bpp:.3f} bpp, {report.n_gaussians:,} Gaussians, "
        f"{psnr_text(quality.psnr)}, {quality.ssim:.4f} SSIM"
    )


def _fields(report: LargeReport) -> dict[str, Any]:
    """The fields of the JSON report that tell of the file."""
    return {
        "bytes": report.n_bytes,
        "bpp": report.bpp,
        "n_gaussians": report.n_gaussians,
        **psnr_fields(report.quality.psnr),
        "ssim": report.quality.ssim,
        "width": report.width,
        "height": report.height,
        "layers": report.layers,
        "bits_per_gaussian": 8 * report.n_bytes / report.n_gaussians,
    }
