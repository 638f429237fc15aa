"""The jobs that the command line of `imagegs batch` asks for, and the checks of their files."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.batch_encode import OptionsEncoder
from imagegs.cli.batch_options import encode_options, row_parser
from imagegs.cli.batch_table import read_table
from imagegs.cli.exit_codes import about
from imagegs.cli.options import UsageError
from imagegs.cli.run_files import inputs_of
from imagegs.cli.standard_streams import STANDARD, open_input

if TYPE_CHECKING:
    from imagegs.distributed.jobs import Job
    from imagegs.distributed.sources import Source

_LIST = "-"


def jobs_of(options: Namespace) -> list[Job]:
    """The jobs, in the order of the command line; those of the table come last.

    Raises UsageError where nothing is named and for options that do not go together, FileError.
    """
    from imagegs.distributed.jobs import without_repeats

    if not options.inputs and options.table is None:
        raise UsageError("name pictures, folders or patterns, or a --table")
    if options.inputs.count(_LIST) > 1:
        raise UsageError("standard input, -, can be read only once")
    if options.exclude and not any(Path(each).is_dir() or "*" in each for each in options.inputs):
        raise UsageError("--exclude needs a folder of pictures")
    return without_repeats([*_named(options), *_of_table(options)])


def files_read(jobs: list[Job]) -> set[Path]:
    """The files that options of the jobs name: maps, masks, weights of networks."""
    encoders = {id(job.encoder): job.encoder for job in jobs}
    return {
        path
        for encoder in encoders.values()
        if isinstance(encoder, OptionsEncoder)
        for path in inputs_of(encoder.options)
    }


def _named(options: Namespace) -> Iterator[Job]:
    from imagegs.distributed.jobs import Job, output_of

    if not options.inputs:
        return
    encoder = _encoder(encode_options(options))
    digest = encoder.sha256
    for named in options.inputs:
        with about(Path(named)):
            for source in _sources(named, options.exclude):
                yield Job(source.path, output_of(source, options.output), encoder, digest)


def _sources(named: str, exclude: list[str]) -> list[Source]:
    from imagegs.distributed.sources import listed, sources_of

    if named != _LIST:
        return sources_of(named, exclude)
    with open_input(STANDARD) as file:
        return list(listed(os.fsdecode(line) for line in file))


def _of_table(options: Namespace) -> Iterator[Job]:
    """Rows with the same options share an encoder: there may be a million rows."""
    from imagegs.distributed.jobs import Job, output_of
    from imagegs.distributed.sources import listed, whole

    if options.table is None:
        return
    encoders: dict[str, tuple[OptionsEncoder, str]] = {}
    for row in read_table(options.table, row_parser(), encode_options(options)):
        key = repr(sorted(vars(row.options).items()))
        if key not in encoders:
            encoder = _encoder(row.options)
            encoders[key] = encoder, encoder.sha256
        (source,) = listed([row.input])
        place = options.output or Path()
        output = output_of(source, options.output) if row.output is None else whole(place / row.output)
        yield Job(source.path, output, *encoders[key])


def _encoder(options: Namespace) -> OptionsEncoder:
    encoder = OptionsEncoder.of(options)
    encoder.check()
    if STANDARD in inputs_of(options):
        raise UsageError("a map or mask of a batch is a file, not standard input")
    return encoder
