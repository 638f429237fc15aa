"""`imagegs encode`: a picture, or a folder with the maps of a texture, to a .gsimg file."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.encode_history import history_output, history_text
from imagegs.cli.encode_huge import encode_huge
from imagegs.cli.encode_options import ABOUT, EXAMPLES, add_options
from imagegs.cli.encode_plan import check_flags, compression_options, naming_flags
from imagegs.cli.encode_report import bits_text, missed_text, report_of, size_text, summary
from imagegs.cli.encode_restore import read_mask, restore_report, tell
from imagegs.cli.encode_routing import check_not_huge, goes_in_blocks
from imagegs.cli.encode_source import read_source
from imagegs.cli.encode_watch import Watch, watched
from imagegs.cli.exit_codes import FileError
from imagegs.cli.folders import stack_path
from imagegs.cli.guidance import make_guidance, salient_psnr
from imagegs.cli.options import Subparsers, UsageError, add_command
from imagegs.cli.paths import output_path
from imagegs.cli.reports import Verbosity, print_json, progress_bar
from imagegs.cli.run_files import Output, RunFiles, gsimg_output
from imagegs.cli.standard_streams import STANDARD, is_folder
from imagegs.errors import FormatError
from imagegs.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from imagegs.cli.guidance import Guidance
    from imagegs.compression import Compressed, Compression
    from imagegs.fitting import Progress
    from imagegs.fitting.history import Recorder
    from imagegs.pictures.pixels import Picture
    from imagegs.textures.map_list import TextureMap


def add_parser(commands: Subparsers) -> None:
    """Adds the command `encode`."""
    add_options(add_command(commands, "encode", run, ABOUT, EXAMPLES))


def run(options: Namespace) -> None:
    """`imagegs encode`."""
    from imagegs.fitting.history import Recorder

    source: Path = options.input
    speech = Verbosity(options.quiet, options.verbose)
    if goes_in_blocks(options):
        encode_huge(options, speech)
        return
    check_not_huge(options)
    if is_folder(source):
        target = stack_path(options.output, source)
    else:
        target = output_path(options.output, source, ".gsimg")
    picture, maps, left_out = read_source(options, speech)
    files = RunFiles.of(options, *outputs(options, target))
    files.check()
    if options.no_open and not options.watch:
        raise UsageError("--no-open is about --watch")
    compression, guidance = prepared(options, picture, maps)
    tell(compression.restoration, options, speech)
    if guidance is not None and guidance.is_even:
        speech.warn(f"{source}: nothing stands out in the saliency map: the fit is not guided")
    recorder = Recorder()
    with watched(options, target.name) as watch:
        write = partial(files.write, target)
        report = _encode(options, compression, target, write, guidance, speech, recorder, watch)
    if options.history is not None:
        files.write(options.history, history_text(source, compression, recorder))
    if options.json:
        print_json({"input": str(source), "output": str(target), **report, **left_out})


def outputs(options: Namespace, target: Path) -> list[Output]:
    """The .gsimg file, and the history where one is wanted."""
    output = gsimg_output(target, options.output is not None)
    return [output] if options.history is None else [output, history_output(options.history)]


def prepared(
    options: Namespace, picture: Picture, maps: tuple[TextureMap, ...]
) -> tuple[Compression, Guidance | None]:
    """The compression that is asked for, with all options checked, and the saliency that guides it."""
    from imagegs.compression import Compression

    path = None if options.input == STANDARD else options.input
    with naming_flags():
        check_flags(options, picture)
        mask = read_mask(options)
        guidance = make_guidance(options, picture, maps)
        asked = compression_options(options, guidance, picture, maps, mask)
        try:
            return Compression(picture, asked, maps, path), guidance
        except FormatError as error:
            raise FileError(options.mask or options.input, error) from error


def _encode(
    options: Namespace,
    compression: Compression,
    target: Path,
    write: Callable[[bytes], int],
    guidance: Guidance | None,
    speech: Verbosity,
    recorder: Recorder,
    watch: Watch | None,
) -> dict[str, Any]:
    """Fits, writes the target and measures what was written. Returns the report without the files' names."""
    _tell_start(compression, speech)
    start = time.perf_counter()
    with progress_bar(speech.bar) as bar:
        listeners = [recorder.add, bar, *([] if watch is None else [watch.show])]
        result = compression.run(partial(_tell_all, listeners))
    write(result.data)
    seconds = time.perf_counter() - start
    speech.detail(f"{result.steps} steps and packed in {result.seconds:.2f} s")
    pixels = compression.restoration.shown.pixels
    salient = (
        {} if guidance is None else salient_psnr(guidance, pixels, result.painted, compression.plan.alphas)
    )
    speech.note(f"{target}: {summary(result, salient)}{seconds:.1f} s")
    if watch is not None:
        watch.finish(result.data, result.steps, result.n_gaussians, result.psnr)
    _warn(result, target, speech)
    restored = restore_report(compression.restoration, options, result.painted, speech)
    return {**report_of(compression, result, seconds, guidance, salient), **restored}


def _tell_start(compression: Compression, speech: Verbosity) -> None:
    from imagegs.engine import engine

    machine, recipe = engine(compression.options.threads), compression.options.fit.recipe
    how = f"{machine.threads} threads, {machine.isa} kernels, {recipe} recipe"
    speech.detail(f"{size_text(compression.restoration.shown)}; {how}, {bits_text(compression.plan.bits)}")


def _tell_all(listeners: list[Callable[[Progress], None]], progress: Progress) -> None:
    for listener in listeners:
        listener(progress)


def _warn(result: Compressed, target: Path, speech: Verbosity) -> None:
    """Warns of a file that is larger than decoders take by default, and of a quality that was not reached."""
    g = result.decoded
    if not DEFAULT_LIMITS.hold(len(g), len(g.channels), g.height * g.width):
        speech.warn(f"{target}: decoders take so large a file only where they are told to (see --size-limit)")
    if missed := missed_text(result):
        speech.warn(f"{target}: {missed}")
