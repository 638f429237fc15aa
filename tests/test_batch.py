"""Many pictures on a cluster, from Python: what is done once, what is done again, and what goes wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imagegs
from batch_cluster import ALLOWED_FAILURES, SlowEncoder, jobs_for, make_pictures
from imagegs import memory
from imagegs.distributed import Row, compress_bag, compress_many, running
from imagegs.distributed.jobs import Job, check_names, without_repeats
from imagegs.distributed.manifest import Manifest, Past
from imagegs.distributed.rows import sha256_of_file
from imagegs.distributed.running import LEAST_TASKS, run_jobs
from imagegs.distributed.sources import listed, sources_of
from imagegs.distributed.summary import Summary
from imagegs.distributed.work import Done, Task, perform
from requirements import need_packages

FAST = {"n_gaussians": 10, "steps": 2}
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals or limits of POSIX systems")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return make_pictures(tmp_path / "in", 4)


def by_name(rows: Iterator[Row]) -> dict[str, Row]:
    return {Path(row.output).stem: row for row in rows}


def check_holds(row: Row) -> None:
    """The row tells what is on the disk."""
    output = Path(row.output)
    assert row.error is None and sha256_of_file(output) == row.output_sha256
    assert sha256_of_file(Path(row.input)) == row.input_sha256
    assert output.stat().st_size == row.bytes and row.bpp == 8 * row.bytes / (32 * 48)
    assert (row.width, row.height, row.n_gaussians) == (48, 32, 10)


# ---- from beginning to end


def test_pictures_become_files_with_their_folders(cluster, pictures, tmp_path):
    rows = by_name(compress_many([tmp_path / "in"], tmp_path / "out", client=cluster, **FAST))
    assert sorted(rows) == ["p0", "p1", "p2", "p3"]
    assert rows["p1"].output == str(tmp_path / "out" / "sub" / "p1.gsimg")
    for path in pictures:
        row = rows[path.stem]
        check_holds(row)
        found = imagegs.compress_with_report(np.asarray(Image.open(path)), **FAST)
        assert Path(row.output).read_bytes() == found.data
        assert (row.psnr, row.ssim) == (found.psnr, found.ssim) and row.seconds > 0
    assert (tmp_path / "out" / "manifest.jsonl").read_text().count("\n") == 8


def test_a_second_call_does_what_is_missing_or_changed(cluster, pictures, tmp_path):
    def call(**options: object) -> tuple[dict[str, Row], set[str]]:
        times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.gsimg")}
        rows = by_name(
            compress_many([tmp_path / "in"], tmp_path / "out", client=cluster, **{**FAST, **options})
        )
        after = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.gsimg")}
        for row in rows.values():
            check_holds(row)
        return rows, {path.stem for path in after if after[path] != times.get(path)}

    (tmp_path / "out").mkdir()
    assert call()[1] == {"p0", "p1", "p2", "p3"}
    assert call()[1] == set()
    (tmp_path / "out" / "p0.gsimg").unlink()
    make_pictures(tmp_path / "other", 9)[8].replace(pictures[2])
    assert call()[1] == {"p0", "p2"}
    assert call(threads=2)[1] == set()  # the bytes do not depend on it
    assert call(seed=7)[1] == {"p0", "p1", "p2", "p3"}


def test_a_file_that_changed_since_is_not_replaced(cluster, pictures, tmp_path):
    list(compress_many(pictures[:1], tmp_path, client=cluster, **FAST))
    (tmp_path / "p0.gsimg").write_bytes(b"mine")
    (row,) = compress_many(pictures[:1], tmp_path, client=cluster, **FAST)
    assert "another file" in row.error and (tmp_path / "p0.gsimg").read_bytes() == b"mine"
    (row,) = compress_many(pictures[:1], tmp_path, client=cluster, overwrite=True, **FAST)
    check_holds(row)


def test_a_picture_that_fails_is_a_row(cluster, pictures, tmp_path):
    pictures[1].write_bytes(b"no picture")
    rows = by_name(compress_many(pictures, tmp_path / "out", client=cluster, **FAST))
    bad = rows.pop("p1")
    assert "no picture in a known format" in bad.error and bad.input_bytes == 10
    assert bad.input_sha256 == sha256_of_file(pictures[1]) and bad.output_sha256 is None
    assert not (tmp_path / "out" / "p1.gsimg").exists()
    for row in rows.values():
        check_holds(row)
    make_pictures(tmp_path / "other", 2)[1].replace(pictures[1])
    check_holds(by_name(compress_many(pictures, tmp_path / "out", client=cluster, **FAST))["p1"])


def test_a_run_that_is_closed_goes_on_later(cluster, pictures, tmp_path):
    jobs = jobs_for(pictures * 1, tmp_path / "out", SlowEncoder(0.2))
    with Manifest(tmp_path / "m.jsonl") as manifest:
        results = run_jobs(cluster, jobs, manifest)
        next(results)
        results.close()
    with Manifest(tmp_path / "m.jsonl") as manifest:
        done = list(run_jobs(cluster, jobs, manifest))
    assert len(done) == 4 and any(not each.is_new for each in done)
    for each in done:
        check_holds(each.row)


def test_a_bounded_number_is_with_the_scheduler(cluster, pictures, tmp_path, monkeypatch):
    submitted, most = 0, 0
    submit = cluster.submit

    def counted(*arguments: object, **keywords: object) -> object:
        nonlocal submitted
        submitted += 1
        return submit(*arguments, **keywords)

    monkeypatch.setattr(cluster, "submit", counted)
    jobs = [Job(pictures[0], tmp_path / f"{i}.gsimg", SlowEncoder(), "0") for i in range(24)]
    with Manifest(tmp_path / "m.jsonl") as manifest:
        for n, _ in enumerate(run_jobs(cluster, jobs, manifest)):
            most = max(most, submitted - n)
    assert submitted == 24 and LEAST_TASKS <= most < 24  # results of one batch are yielded one by one


def test_names_of_tasks_are_forgotten(cluster, tmp_path, monkeypatch):
    from dask.utils import key_split

    monkeypatch.setattr(running, "_COUNTING_SECONDS", 0.0)
    missing = [Job(tmp_path / "no.png", tmp_path / f"{i}.gsimg", SlowEncoder(), "0") for i in range(120)]
    with Manifest(tmp_path / "m.jsonl") as manifest:
        assert len(list(run_jobs(cluster, missing, manifest))) == 120
    assert key_split.cache_info().currsize < 100


def test_a_worker_knows_its_share_of_memory(cluster):
    limits = cluster.run(lambda dask_worker: dask_worker.memory_manager.memory_limit)
    shares = cluster.run(lambda: memory._share)
    assert shares == {name: int(0.95 * limit) for name, limit in limits.items()}


# ---- what goes wrong


@posix
def test_workers_that_are_killed_cost_nothing(cluster, pictures, tmp_path):
    jobs = [
        Job(pictures[i % 4], tmp_path / "out" / f"{i}.gsimg", SlowEncoder(0.05), "0" * 64) for i in range(16)
    ]
    with Manifest(tmp_path / "m.jsonl") as manifest:
        rows = []
        for n, done in enumerate(run_jobs(cluster, jobs, manifest)):
            rows.append(done.row)
            if n in (3, 9):
                pids = list(cluster.run(os.getpid).values())
                os.kill(pids[n % len(pids)], signal.SIGKILL)
    assert len({row.output for row in rows}) == 16
    for row in rows:
        check_holds(row)


@posix
def test_a_picture_that_kills_workers_fails_alone(cluster, pictures, tmp_path):
    jobs = jobs_for(pictures, tmp_path / "out", SlowEncoder(poison="p2"))
    with Manifest(tmp_path / "m.jsonl") as manifest:
        rows = by_name(done.row for done in run_jobs(cluster, [*jobs[:2], jobs[3]], manifest))
        rows |= by_name(done.row for done in run_jobs(cluster, [jobs[2]], manifest))
    assert rows.pop("p2").error.startswith(f"{ALLOWED_FAILURES + 1} workers died")
    assert sorted(rows) == ["p0", "p1", "p3"]
    for row in rows.values():
        check_holds(row)


@posix
def test_a_full_disk_is_a_row(cluster, pictures, tmp_path):
    """A limit on the size of files: the file would be larger."""
    import resource

    cluster.wait_for_workers(2)  # one that starts now would have the limit for ever

    (job,) = jobs_for(pictures[:1], tmp_path / "out", SlowEncoder())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        done = perform(Task(job, Past()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.row.error == os.strerror(errno.EFBIG) and list((tmp_path / "out").iterdir()) == []
    check_holds(perform(Task(job, Past())).row)


def test_a_manifest_that_cannot_be_written_ends_the_run(cluster, pictures, tmp_path, monkeypatch):
    """No row is lost: the outputs that are there are found again."""
    jobs = jobs_for(pictures, tmp_path / "out", SlowEncoder())
    with Manifest(tmp_path / "m.jsonl") as manifest:
        append = manifest.append

        def full(rows: list[Row], starts: object = ()) -> None:
            if rows:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(manifest.path))
            append(rows, starts)

        monkeypatch.setattr(manifest, "append", full)
        with pytest.raises(OSError, match="No space left"):
            list(run_jobs(cluster, jobs, manifest))
    with Manifest(tmp_path / "m.jsonl") as manifest:
        assert all(manifest.past(job.output) == Past(started=True) for job in jobs)
        for done in run_jobs(cluster, jobs, manifest):
            check_holds(done.row)


def test_what_a_worker_left_when_it_died_is_taken(pictures, tmp_path):
    """The output is there, and its row is not: with the same bytes, or others of a run that was started."""
    (job,) = jobs_for(pictures[:1], tmp_path, SlowEncoder())
    data = perform(Task(job, Past())).row
    time_before = job.output.stat().st_mtime_ns
    assert perform(Task(job, Past())).row.output_sha256 == data.output_sha256
    assert job.output.stat().st_mtime_ns == time_before
    other = imagegs.compress(np.zeros((16, 16), np.uint8), n_gaussians=1, steps=1)
    job.output.write_bytes(other)
    assert "another file" in perform(Task(job, Past())).row.error
    assert job.output.read_bytes() == other
    check_holds(perform(Task(job, Past(started=True))).row)
    job.output.write_bytes(b"a text")
    assert "another file" in perform(Task(job, Past(started=True))).row.error


@pytest.mark.parametrize("overwrite", [False, True])
def test_links_and_folders_are_not_written(pictures, tmp_path, overwrite):
    (job,) = jobs_for(pictures[:1], tmp_path, SlowEncoder())
    job.output.mkdir()
    assert "no regular file" in perform(Task(job, Past(), overwrite)).row.error
    job.output.rmdir()
    before = pictures[1].read_bytes()
    job.output.symlink_to(pictures[1])
    assert "link" in perform(Task(job, Past(), overwrite)).row.error
    assert pictures[1].read_bytes() == before


def test_a_picture_that_changes_meanwhile_fails(pictures, tmp_path):
    def encoder(path: Path) -> object:
        found = SlowEncoder()(path)
        path.write_bytes(b"another")
        return found

    (job,) = jobs_for(pictures[:1], tmp_path, encoder)
    assert perform(Task(job, Past())).row.error == "the picture changed while it was read"
    assert not job.output.exists()


# ---- names


def outputs(sources: Iterator[object], root: Path) -> list[str]:
    return sorted(f"{each.below.as_posix()} {each.path.relative_to(root)}" for each in sources)


def test_folders_and_patterns_are_searched(pictures, tmp_path, monkeypatch):
    for name in ("sub/notes.txt", "sub/array.npy", ".p9.png", "Thumbs.db"):
        (tmp_path / "in" / name).write_bytes(b"")
    (tmp_path / "in" / ".git").mkdir()
    (tmp_path / "in" / ".git" / "x.png").write_bytes(b"")
    root = tmp_path / "in"
    all_of_them = [". p0.png", ". p2.png", "sub sub/array.npy", "sub sub/p1.png", "sub sub/p3.png"]
    assert outputs(sources_of(root), root) == all_of_them
    assert outputs(sources_of(root / "**" / "*"), root) == all_of_them
    assert outputs(sources_of(root / "s*" / "p[12].png"), root) == ["sub sub/p1.png"]
    assert outputs(sources_of(root, ["P?.PNG"]), root) == ["sub sub/array.npy"]
    assert outputs(sources_of(pictures[1]), root) == [". sub/p1.png"]
    monkeypatch.chdir(root)
    lines = ["sub/p1.png\n", "p0.png\r\n", "\n", str(pictures[3]), "../in/p2.png"]
    assert outputs(listed(lines), root) == [". p0.png", ". p2.png", ". sub/p3.png", "sub sub/p1.png"]


@pytest.mark.parametrize("named", ["missing.png", "*.jpg", "empty", "[z].png"])
def test_what_stands_for_no_picture_is_an_error(tmp_path, named):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError):
        sources_of(tmp_path / named)


def test_names_are_checked_before_anything_runs(tmp_path):
    def job(source: str, output: str) -> Job:
        return Job(tmp_path / source, tmp_path / output, SlowEncoder(), "0")

    good = [job("a.png", "a.gsimg"), job("b.png", "b.gsimg")]
    check_names(good, (), {"the manifest": tmp_path / "m"})
    assert without_repeats([*good, job("a.png", "a.gsimg")]) == good
    for others, read, written in (
        ([job("a.jpg", "a.gsimg")], (), {}),
        ([job("c.png", "A.GSIMG")], (), {}),
        ([job("c.png", "b.png")], (), {}),
        ([job("b.gsimg", "c.gsimg")], (), {}),
        ([], (tmp_path / "b.gsimg",), {}),
        ([], (), {"the manifest": tmp_path / "a.gsimg"}),
        ([], (), {"the manifest": tmp_path / "a.png"}),
        ([], (), {"the manifest": tmp_path / "m", "the report": tmp_path / "m"}),
    ):
        with pytest.raises(ValueError, match="would"):
            check_names([*good, *others], read, written)
    (tmp_path / "a.png").write_bytes(b"")
    os.link(tmp_path / "a.png", tmp_path / "b.gsimg")
    with pytest.raises(ValueError, match="would replace the input"):
        check_names(good, (), {})


def test_bad_calls_of_compress_many(pictures, tmp_path):
    need_packages("dask", "distributed")
    good = {"client": None, **FAST}
    (tmp_path / "p0.gsimg").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="manifest does not have it"):
        compress_many(pictures, tmp_path, **good)
    with pytest.raises(ValueError, match="progress"):
        compress_many(pictures, tmp_path / "o", progress=print, **good)
    others = make_pictures(tmp_path / "other", 1)
    with pytest.raises(ValueError, match="would both"):
        compress_many([*pictures, *others], tmp_path / "o", **good)
    with pytest.raises(FileNotFoundError):
        compress_many([tmp_path / "none.png"], tmp_path / "o", **good)
    (tmp_path / "text").write_text("no manifest\n")
    with pytest.raises(imagegs.FormatError, match="line 1"):
        compress_many(pictures, tmp_path / "o", manifest=tmp_path / "text", **good)
    assert (tmp_path / "p0.gsimg").read_bytes() == b"mine" and not (tmp_path / "o").exists()


# ---- Dask collections


def test_a_bag_of_pictures_becomes_bytes():
    need_packages("dask", "distributed")
    import dask
    import dask.array
    import dask.bag

    pixels = (np.random.default_rng(0).random((3, 16, 24, 3)) * 255).astype(np.uint8)
    wanted = [imagegs.compress(each, **FAST) for each in pixels]
    with dask.config.set(scheduler="synchronous"):
        bag = dask.bag.from_sequence(list(pixels), npartitions=2)
        assert compress_bag(bag, **FAST).compute() == wanted
        array = dask.array.from_array(pixels, chunks=(2, 8, 24, 3))
        found = compress_bag(array, **FAST)
        assert found.npartitions == 2 and found.compute() == wanted
        delayed = [dask.delayed(each) for each in pixels[:2]]
        assert compress_bag([*delayed, array[2:]], **FAST).compute() == wanted
        assert compress_bag(array[:, :, :, 0], **FAST).compute() == [
            imagegs.compress(each[:, :, 0], **FAST) for each in pixels
        ]


@pytest.mark.parametrize("given", ["text", 3, "flat", []])
def test_what_is_no_collection_of_pictures_is_refused(given):
    need_packages("dask", "distributed")
    import dask.array

    given = dask.array.zeros((4, 4)) if given == "flat" else given
    with pytest.raises((TypeError, ValueError)):
        compress_bag(given)


# ---- the report


def test_a_report_has_the_worst_first_and_no_markup_of_names(pictures, tmp_path):
    from imagegs.distributed.report import report_page

    summary = Summary()
    jobs = jobs_for(pictures, tmp_path / "out", SlowEncoder())
    for done in map(perform, (Task(job, Past()) for job in jobs)):
        summary.add(done)
    hostile = Row(input="/<script>x.png", output="/y", options_sha256="", error="<b>no</b>")
    summary.add(Done(hostile, is_new=True))
    page = report_page(summary)
    order = [page.index(f"<b>{Path(row.input).name}</b>") for row in sorted(summary.rows, key=_psnr)]
    assert order == sorted(order) and page.count("data:image/webp;base64,") == 8
    assert "<script" not in page and "&lt;script&gt;x.png" in page and "&lt;b&gt;no" in page
    assert page.count("<svg") == 4 and "5 pictures: 4 encoded, 1 failed" in page
    assert "<svg" not in report_page(Summary())


def _psnr(row: Row) -> float:
    return row.psnr


# ---- without a cluster of the test's


@pytest.mark.skipif(sys.platform == "win32", reason="takes long there")
def test_a_cluster_comes_and_goes_by_itself(pictures, tmp_path):
    need_packages("dask", "distributed")
    (row,) = compress_many(pictures[:1], tmp_path / "out", **FAST)
    check_holds(row)
    assert (
        json.loads((tmp_path / "out" / "manifest.jsonl").read_text().splitlines()[1])["output"] == "p0.gsimg"
    )
