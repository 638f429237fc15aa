"""`imagegs batch`: many pictures to .gsimg files, on all processors or on a Dask cluster."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.batch_jobs import files_read, jobs_of
from imagegs.cli.batch_options import ABOUT, EXAMPLES, add_options
from imagegs.cli.cluster import check_cluster, cluster
from imagegs.cli.exit_codes import about, printable
from imagegs.cli.options import Subparsers, add_command
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Kind, Output, RunFiles
from imagegs.errors import ImageGSError

if TYPE_CHECKING:
    from distributed import Client

    from imagegs.distributed.jobs import Job
    from imagegs.distributed.manifest import Manifest
    from imagegs.distributed.summary import Summary
    from imagegs.distributed.work import Done

_MOST_TOLD = 5  # failures in warnings; the manifest has all


def add_parser(commands: Subparsers) -> None:
    """Adds the command `batch`."""
    add_options(add_command(commands, "batch", run, ABOUT, EXAMPLES))


def run(options: Namespace) -> None:
    """`imagegs batch`."""
    from imagegs.distributed.cluster import check_dask
    from imagegs.distributed.jobs import MANIFEST
    from imagegs.distributed.summary import Summary

    start = time.perf_counter()
    check_dask()
    check_cluster(options)
    jobs, speech = jobs_of(options), Verbosity(options.quiet)
    path = options.manifest or (options.output or Path()) / MANIFEST
    files = _checked(options, jobs, path)
    summary = Summary()
    with (
        _opened(path, jobs, options.overwrite) as manifest,
        _bar(speech.bar, len(jobs)) as show,
        closing(_results(options, jobs, manifest)) as results,
    ):
        for done in results:
            summary.add(done)
            show(done)
    if options.report is not None:
        _report(options.report, files, summary)
    _tell(options, path, summary, time.perf_counter() - start, speech)


def _checked(options: Namespace, jobs: list[Job], manifest: Path) -> RunFiles:
    """The report's file of the run, after the checks of all names."""
    from imagegs.distributed.jobs import check_names
    from imagegs.distributed.report import report_start

    written = {"the manifest": manifest}
    outputs = []
    if options.report is not None:
        written["the report"] = options.report
        page = Kind("report of imagegs batch", report_start())
        outputs.append(Output(options.report, is_named=True, kind=page))
    read = files_read(jobs) | ({options.table} if options.table is not None else set())
    check_names(jobs, read, written)
    files = RunFiles((), tuple(outputs), overwrite=options.overwrite, json=options.json)
    files.check(yet_to_be=options.output if options.output and not options.output.exists() else None)
    return files


@contextmanager
def _opened(path: Path, jobs: list[Job], overwrite: bool) -> Iterator[Manifest]:
    from imagegs.distributed.jobs import check_existing
    from imagegs.distributed.manifest import Manifest

    with about(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        manifest = Manifest(path)
    with manifest:
        if not overwrite:
            check_existing(jobs, manifest)
        yield manifest


def _results(options: Namespace, jobs: list[Job], manifest: Manifest) -> Generator[Done, None, None]:
    from imagegs.distributed.running import run_jobs

    if jobs:
        with _cluster(options, len(jobs)) as client:
            yield from run_jobs(client, jobs, manifest, overwrite=options.overwrite)


def _cluster(options: Namespace, n_jobs: int) -> AbstractContextManager[Client]:
    from imagegs.distributed.cluster import worker_count

    n_workers = options.workers or worker_count(options.threads_per_picture)
    return cluster(options.scheduler, min(n_workers, n_jobs))


def _report(path: Path, files: RunFiles, summary: Summary) -> None:
    from imagegs.distributed.report import report_page

    files.write(path, report_page(summary).encode("utf-8", "backslashreplace"))


def _tell(options: Namespace, manifest: Path, summary: Summary, seconds: float, speech: Verbosity) -> None:
    """Prints what came of it. Raises ImageGSError where pictures failed."""
    for row in summary.failures[:_MOST_TOLD]:
        speech.warn(f"{row.input}: {row.error}")
    if options.json:
        report = {} if options.report is None else {"report": str(options.report)}
        print_json({"manifest": str(manifest), **report, **summary.to_json(), "seconds": seconds})
    else:
        speech.note(f"{manifest}: {summary.text()}, {seconds:.1f} s")
    if summary.failures:
        n_failed, n = len(summary.failures), summary.pictures
        raise ImageGSError(f"{n_failed} of {n} pictures failed: {manifest} has why")


@contextmanager
def _bar(shown: bool, n_pictures: int) -> Iterator[Any]:
    """A function to call with every `Done`; it draws a progress bar on standard error if `shown`."""
    if not shown:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    start = time.perf_counter()
    rate = TextColumn("{task.fields[rate]:.2f} pictures/s")
    last = TextColumn("{task.fields[last]}", markup=False)  # a name may hold what looks like markup
    columns = TextColumn("encoding"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), last
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("batch", total=n_pictures, rate=0.0, last="")

        def show(done: Done) -> None:
            bar.update(task, advance=1, last=printable(Path(done.row.input).name))
            n_done = bar.tasks[0].completed
            bar.update(task, rate=n_done / (time.perf_counter() - start))

        yield show
