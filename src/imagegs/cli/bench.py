"""`imagegs bench`: imagegs beside other codecs, on the user's own pictures."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.choices import DEFAULT_EFFORT, LEAST_EFFORT, MOST_EFFORT
from imagegs.cli.exit_codes import about, printable
from imagegs.cli.folder_contents import check_exclude, look_into
from imagegs.cli.options import Subparsers, UsageError, add_command, add_shared, number, whole
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Kind, Output, RunFiles, check_folder
from imagegs.cli.standard_streams import file_path, stored_path

if TYPE_CHECKING:
    from imagegs.evaluation.bench import Done, Setting
    from imagegs.evaluation.measuring import Row
    from imagegs.evaluation.published_tables import Published

EXAMPLES = """
examples:
  imagegs bench photos/*.jpg --side 1024
  imagegs bench pictures --quick -o quick
  imagegs bench a.png b.png --codecs imagegs,imagegs-e9,avif,astc-12x12 --rates 0.1,0.3,1
  imagegs bench a.png --metrics psnr,ssimulacra2,flip
  imagegs bench kodak --published cool-chic.tsv
  imagegs bench a.png --side 384 --codecs imagegs,neural --metrics psnr

codecs: imagegs, paper (the recipe of Image-GS), jpeg, mozjpeg, webp, avif, avif-444, jxl, jp2,
astc-4x4 to astc-12x12, bc1, bc7, etc1s; all of them: all. imagegs-psnr has that tune, imagegs-grain
has grain, imagegs-e7 has effort 7, imagegs-psnr-grain-e7 all three. With -half behind the name, a
codec gets the picture at half its size. Neural networks, minutes a file: siren, ffn, hash-grid, coin;
all four: neural. siren-s500 is trained in 500 steps.
metrics: psnr, ssim, ms-ssim, without grain; ssimulacra2, flip, lpips, st-lpips, with it.

OUT gets report.html, results.csv, results.json and cache. A run that was cut off goes on from the cache.
An earlier report in OUT is replaced; other files of these names are replaced only with --overwrite.
The packages that other codecs and metrics need come with: pip install 'imagegs[bench]';
those of neural networks with 'imagegs[neural]'.
"""
DEFAULT_RATES, DEFAULT_METRICS = "0.05,0.1,0.2,0.3,0.5,1", "psnr,ssim,ms-ssim,ssimulacra2,flip"
QUICK_MEGAPIXELS, MOST_MEGAPIXELS = 1.0, 16.0
QUICK: dict[str, Any] = {"rates": (0.1, 0.3), "metrics": ("psnr", "ms-ssim"), "effort": 1, "crops": 2}


def add_parser(commands: Subparsers) -> None:
    """Adds the command `bench`."""
    what = "Measure pictures at given sizes beside other codecs, and write a report."
    parser = add_command(commands, "bench", run, what, EXAMPLES)
    parser.add_argument(
        "pictures", metavar="PICTURE", nargs="*", type=stored_path, help="picture files, or folders of them"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=file_path,
        default=Path("bench"),
        help="the folder for the report (default: bench)",
    )
    parser.add_argument(
        "--codecs",
        metavar="LIST",
        type=names,
        help="codecs to compare (default: those that most people would pick)",
    )
    parser.add_argument(
        "--rates",
        metavar="LIST",
        type=rates,
        help=f"sizes of whole files, in bits a pixel (default: {DEFAULT_RATES})",
    )
    parser.add_argument(
        "--metrics", metavar="LIST", type=names, help=f"measures of quality (default: {DEFAULT_METRICS})"
    )
    parser.add_argument(
        "--published",
        metavar="TABLE",
        type=stored_path,
        action="append",
        default=[],
        help="a table of published results, TSV or CSV, to compare with (may be given several times)",
    )
    parser.add_argument(
        "-e",
        "--effort",
        type=whole(LEAST_EFFORT, MOST_EFFORT),
        metavar=f"{LEAST_EFFORT}-{MOST_EFFORT}",
        help=f"effort of imagegs (default: {DEFAULT_EFFORT})",
    )
    parser.add_argument(
        "--side", type=whole(16), metavar="PIXELS", help="reduce pictures with a longer side than this"
    )
    parser.add_argument("--crops", type=whole(0), metavar="N", help="show details of N pictures (default: 4)")
    parser.add_argument(
        "--system",
        action="store_true",
        help="also measure how imagegs scales here: time and memory over pixels, Gaussians, threads",
    )
    parser.add_argument("--quick", action="store_true", help="a first look: effort 1, two rates, two metrics")
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=file_path,
        help="the folder for results that a later run can use (default: cache in OUT)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="also replace files in OUT that are no reports of this command",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=whole(1, 256),
        metavar="N",
        help="number of files at a time (default: one for each core)",
    )
    add_shared(parser, ("exclude", "size_limit", "quiet", "json"))


def names(text: str) -> tuple[str, ...]:
    """Converts "a,b,c" to a tuple of names."""
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not found:
        raise ArgumentTypeError(f"{text!r} names nothing")
    return found


def rates(text: str) -> tuple[float, ...]:
    """Converts bits a pixel with commas between them to a tuple of rising, different numbers."""
    convert = number(0.001, 48)
    return tuple(sorted({convert(part) for part in text.split(",")}))


def run(options: Namespace) -> None:
    """`imagegs bench`."""
    from imagegs.engine import thread_count
    from imagegs.evaluation.bench import load_pixels, named, results, run_bench, usable
    from imagegs.evaluation.published import with_published
    from imagegs.evaluation.report import REPORT, RESULTS, TABLE, report_files
    from imagegs.evaluation.store import Store
    from imagegs.evaluation.summary import summarized

    start = time.perf_counter()
    setting, verbosity = _setting(options), Verbosity(options.quiet)
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


def _setting(options: Namespace) -> Setting:
    from imagegs.evaluation.bench import Setting
    from imagegs.evaluation.codecs import DEFAULT_NAMES, GROUPS

    chosen = options.codecs or DEFAULT_NAMES
    setting = Setting(
        codecs=tuple(each for name in chosen for each in GROUPS.get(name, (name,))),
        rates=rates(DEFAULT_RATES),
        metrics=names(DEFAULT_METRICS),
        effort=DEFAULT_EFFORT,
        side=options.side,
        crops=4,
        size_limit=options.size_limit,
    )
    if options.quick:
        setting = replace(setting, **QUICK)
    given = {name: getattr(options, name) for name in ("rates", "metrics", "effort", "crops")}
    return replace(setting, **{name: value for name, value in given.items() if value is not None})


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
