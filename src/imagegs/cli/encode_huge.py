"""`imagegs encode` of a picture that is too large for one fit: it is read and encoded block by block."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from imagegs.cli.block_bar import block_bar
from imagegs.cli.cluster import check_cluster, cluster
from imagegs.cli.encode_routing import check_block_options
from imagegs.cli.encode_source import tell_left_out
from imagegs.cli.exit_codes import FileError, about
from imagegs.cli.options import UsageError
from imagegs.cli.paths import output_path
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import RunFiles, gsimg_output
from imagegs.cli.standard_streams import STANDARD, is_folder
from imagegs.errors import ImageGSError
from imagegs.files import descriptor_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from imagegs.pictures.huge import PictureSource


class LargeReport(Protocol):
    """What the block encoder tells of the file that it wrote."""

    def text(self) -> str:
        """For people: bytes, Gaussians, quality."""

    def to_json(self) -> dict[str, Any]:
        """The fields of the JSON object."""


def encode_huge(options: Namespace, speech: Verbosity) -> None:
    """`imagegs encode` of a picture that `is_huge`.

    Raises UsageError, FileError, and what `cluster` raises.
    """
    from imagegs.pictures.huge import open_source

    path: Path = options.input
    target = _target(options)
    check_block_options(options)
    if options.workers is not None or options.scheduler is not None:
        check_cluster(options)
    RunFiles.of(options, gsimg_output(target, options.output is not None)).check()
    start = time.perf_counter()
    with about(path):
        source = open_source(path, size_limit=options.size_limit)
    tell_left_out(path, source.n_frames, source.left_out, speech)
    speech.detail(f"{source.width} x {source.height} pixels, {' '.join(source.channels)}, block by block")
    report = _encode(options, source, target, speech)
    seconds = time.perf_counter() - start
    speech.note(f"{target}: {report.text()}, {seconds:.1f} s")
    if options.json:
        size = {"width": source.width, "height": source.height, "channels": list(source.channels)}
        facts = {**size, "bit_depth": source.bit_depth, "frames_left_out": source.n_frames - 1}
        print_json(
            {"input": str(path), "output": str(target), **report.to_json(), **facts, "seconds": seconds}
        )


def _target(options: Namespace) -> Path:
    """The file to write. Raises UsageError for a pipe, and for a file within the folder that is the input."""
    source: Path = options.input
    target = output_path(options.output, source if source.name else source.resolve(), ".gsimg")
    if target == STANDARD or descriptor_of(target) is not None:
        raise UsageError("a picture that is encoded in blocks is written to a file: name it with -o")
    if is_folder(source) and target.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"the output {target} lies within the input {source}")
    return target


def _encode(options: Namespace, source: PictureSource, target: Path, speech: Verbosity) -> LargeReport:
    large = import_module("imagegs.large")
    chosen = large.LargeOptions(
        n_gaussians=options.gaussians,
        bpp=options.bpp,
        target_size=options.target_size,
        effort=options.effort,
        steps=options.steps,
        tune=options.tune,
        layers=options.layers,
        seed=options.seed,
        threads=_threads(options),
    )
    with _executor(options) as executor, block_bar(speech.bar) as show:
        try:
            report: LargeReport = large.encode_large(source, target, chosen, executor=executor, progress=show)
        except (ImageGSError, MemoryError) as error:
            raise FileError(options.input, error) from error
    return report


def _threads(options: Namespace) -> int | None:
    """Threads of each fit. Without --threads the processes here share the processors; a cluster's have 1."""
    from imagegs.distributed.cluster import worker_count

    if options.threads is not None or (options.workers is None and options.scheduler is None):
        threads: int | None = options.threads
        return threads
    return worker_count(options.workers) if options.workers is not None else 1


@contextmanager
def _executor(options: Namespace) -> Iterator[Executor | None]:
    """What runs the fits of blocks: the processes that are asked for; None for this process alone."""
    if options.workers is None and options.scheduler is None:
        yield None
        return
    with cluster(options.scheduler, options.workers or 1) as client:
        yield client.get_executor(pure=False)
