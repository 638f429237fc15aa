"""`imagegs bench`: imagegs beside other codecs, on the user's own pictures."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.bench_options import EXAMPLES, add_options, setting_of
from imagegs.cli.exit_codes import about, printable
from imagegs.cli.folder_contents import check_exclude, look_into
from imagegs.cli.options import Subparsers, UsageError, add_command
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Kind, Output, RunFiles, check_folder

if TYPE_CHECKING:
    from imagegs.evaluation.bench import Done
    from imagegs.evaluation.measuring import Row
    from imagegs.evaluation.published_tables import Published

QUICK_MEGAPIXELS, MOST_MEGAPIXELS = 1.0, 16.0


def add_parser(commands: Subparsers) -> None:
    """Adds the command `bench`."""
    what = "Measure pictures at given sizes beside other codecs, and write a report."
    parser = add_command(commands, "bench", run, what, EXAMPLES)
    add_options(parser)


def run(options: Namespace) -> None:
    """`imagegs bench`."""
    from imagegs.engine import thread_count
    from imagegs.evaluation.bench import load_pixels, named, results, run_bench, usable
    from imagegs.evaluation.published import with_published
    from imagegs.evaluation.report import REPORT, RESULTS, TABLE, report_files
    from imagegs.evaluation.store import Store
    from imagegs.evaluation.summary import summarized

    start = time.perf_counter()
    setting, verbosity = setting_of(options), Verbosity(options.quiet)
    if not options.pictures and not options.system:
        raise UsageError("name pictures, or folders of them, or --system")
    published = _published(options)
    check_exclude(options.exclude, *options.pictures)
    paths = named([path for given in options.pictures for path in _files(given, options.exclude, verbosity)])
    _, _, missing = usable(setting)
    for reason in missing.values():
        verbosity.warn(f"left out: {reason}")
    folder: Path = options.output
    cache = options.cache or folder / "cache"
    files = _checked(options, folder, cache)
    sizes = {}
    for name, path in paths.items():
        with about(path):  # an unreadable picture is reported before hours of work
            sizes[name] = load_pixels(path, setting.side, setting.size_limit).shape[:2]
    jobs = options.jobs or thread_count(None)
    rows: list[Row] = []
    with _bar(verbosity.bar) as show:
        for done in run_bench(paths, setting, cache, jobs):
            rows += done.rows
            show(done)
    found = summarized(results(sizes, setting, rows))
    if published:
        found = with_published(found, published)
    if options.system:
        found["system"] = _system(setting.effort, options.quick, verbosity)
    shown = {row["picture"] for row in rows if "crop" in row}
    originals = {
        name: load_pixels(paths[name], setting.side, setting.size_limit) for name in paths if name in shown
    }
    with about(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, data in report_files(found, Store(cache), originals).items():
        files.write(folder / name, data)
    _tell(verbosity, options.json, folder, found, time.perf_counter() - start, (REPORT, TABLE, RESULTS))


def _published(options: Namespace) -> list[Published]:
    """The codecs of all published tables. Raises FileError, UsageError."""
    from imagegs.evaluation.published_tables import read_published

    if options.published and not options.pictures:
        raise UsageError("--published compares with measured pictures: name some")
    if len({path.resolve() for path in options.published}) < len(options.published):
        raise UsageError("a published table is named twice")
    found = []
    for path in options.published:
        with about(path):
            found += read_published(path)
    return found


def _checked(options: Namespace, folder: Path, cache: Path) -> RunFiles:
    """The files of the run. An earlier report may be replaced: the cache has all that went into it."""
    from imagegs.evaluation.report import report_starts

    check_folder(folder, "a report")
    if cache.parent.exists():
        check_folder(cache, "results")
    outputs = (
        Output(folder / name, is_named=True, kind=Kind("report of imagegs bench", start))
        for name, start in report_starts().items()
    )
    files = RunFiles.of(options, *outputs)
    files.check(yet_to_be=None if folder.exists() else folder)
    return files


def _files(given: Path, exclude: Sequence[str], verbosity: Verbosity) -> Sequence[Path]:
    """The file, or the pictures of the folder; a warning names what else is in the folder."""
    if not given.is_dir():
        return [given]
    contents = look_into(given, exclude)
    contents.tell(verbosity)
    return contents.pictures


def _system(effort: int, quick: bool, verbosity: Verbosity) -> dict[str, Any]:
    from imagegs.evaluation.system import CHARTS, measure_system, system_charts

    points = []
    for point in measure_system(effort, QUICK_MEGAPIXELS if quick else MOST_MEGAPIXELS):
        points.append(point)
        title, x_title, y_title = CHARTS[point.chart]
        verbosity.note(f"{title}, {point.series}: {point.x:g} {x_title}, {point.y:.3g} {y_title}")
    return system_charts(points)


def _tell(
    verbosity: Verbosity,
    json: bool,
    folder: Path,
    found: dict[str, Any],
    seconds: float,
    files: tuple[str, ...],
) -> None:
    failed = [row for row in found["rows"] if "error" in row]
    for row in failed[:5]:
        verbosity.warn(f"{row['codec']}, {row['picture']}: {row['error']}")
    if len(failed) > 5:
        verbosity.warn(f"{len(failed) - 5} files more that could not be made: results.json has why")
    for entry in found.get("published", []):
        if not entry["shared"] and not entry["means"]:
            verbosity.warn(f"{entry['title']}, published: nothing to compare. {entry['note']}")
    if json:
        names = ("means", "bd_rates", "costs", "missing", "published")
        told = {name: found[name] for name in names if name in found}
        print_json(
            {"output": str(folder), "files": list(files), "seconds": seconds, "failed": len(failed), **told}
        )
        return
    verbosity.note(
        f"{folder / files[0]}: {sum('bytes' in row for row in found['rows'])} files measured, {seconds:.1f} s"
    )


@contextmanager
def _bar(shown: bool) -> Iterator[Any]:
    """A function to call with every `Done`; it draws a progress bar on standard error if `shown`."""
    if not shown:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    last = TextColumn("{task.fields[last]}", markup=False)  # a name may hold what looks like markup
    columns = TextColumn("measuring"), BarColumn(), last, TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("bench", total=None, last="")

        def show(done: Done) -> None:
            last = f"{done.rows[0]['codec']}, {done.rows[0]['picture']}" if done.rows else ""
            bar.update(task, total=done.total, advance=done.work, last=printable(last))

        yield show
