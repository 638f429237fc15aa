"""The work of a worker on one picture."""

from __future__ import annotations

import errno
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from imagegs.codec.container import SIGNATURE
from imagegs.distributed.jobs import Encoded, Job
from imagegs.distributed.manifest import Past
from imagegs.distributed.rows import Row, sha256_of, sha256_of_file
from imagegs.errors import ImageGSError
from imagegs.files import write_atomically


@dataclass(frozen=True, slots=True)
class Task:
    """A job, and what is known of its output."""

    job: Job
    past: Past
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The row of a task. It is no new one where nothing had to be done."""

    row: Row
    is_new: bool


def perform(task: Task) -> Done:
    """Compresses the picture and puts the file in its place, if the manifest has no row that still holds.

    A picture that fails gives a row with the error.
    """
    start, known = perf_counter(), dict[str, Any]()
    try:
        before = task.job.input.stat()
        known = {"n_bytes": before.st_size, "digest": sha256_of_file(task.job.input)}
        if (row := _row_that_holds(task, known["digest"])) is not None:
            return Done(row, is_new=False)
        encoded = task.job.encoder(task.job.input)
        _check_unchanged(before, task.job.input.stat())
        row = _row(task.job, encoded, **known)
        _place(task, encoded.result.data)
        return Done(replace(row, seconds=perf_counter() - start), is_new=True)
    except Exception as error:
        seconds = perf_counter() - start
        return Done(failed(task, reason_of(error), seconds=seconds, **known), is_new=True)


def failed(
    task: Task,
    reason: str,
    *,
    seconds: float | None = None,
    n_bytes: int | None = None,
    digest: str | None = None,
) -> Row:
    """The row of a picture that failed. n_bytes, digest: of the input, if it could be read."""
    job = task.job
    return Row(
        input=str(job.input),
        input_bytes=n_bytes,
        input_sha256=digest,
        output=str(job.output),
        options_sha256=job.options_sha256,
        output_sha256=task.past.owned,
        seconds=seconds,
        error=reason,
    )


def reason_of(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, MemoryError) and not isinstance(error, ImageGSError):
        return "not enough memory"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    text = " ".join(text.split()) or type(error).__name__
    is_foreseen = isinstance(error, (ImageGSError, OSError, ValueError, TypeError))
    return text if is_foreseen else f"unexpected {type(error).__name__}: {text}"


def _row_that_holds(task: Task, digest: str) -> Row | None:
    """The last row, if it is of this picture and these options, and its output is still there."""
    row, job = task.past.row, task.job
    if row is None or row.error is not None:
        return None
    same = (row.input, row.input_sha256, row.options_sha256) == (str(job.input), digest, job.options_sha256)
    holds = same and job.output.is_file() and sha256_of_file(job.output) == row.output_sha256
    return row if holds else None


def _check_unchanged(before: os.stat_result, after: os.stat_result) -> None:
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise ImageGSError("the picture changed while it was read")


def _row(job: Job, encoded: Encoded, n_bytes: int, digest: str) -> Row:
    result = encoded.result
    return Row(
        input=str(job.input),
        input_bytes=n_bytes,
        input_sha256=digest,
        options_sha256=job.options_sha256,
        output=str(job.output),
        output_sha256=sha256_of(result.data),
        bytes=len(result.data),
        width=result.decoded.width,
        height=result.decoded.height,
        n_gaussians=result.n_gaussians,
        bpp=result.bpp,
        psnr=None if math.isinf(result.psnr) else result.psnr,
        lossless=math.isinf(result.psnr),
        ssim=result.ssim,
        notes=encoded.notes,
    )


def _place(task: Task, data: bytes) -> None:
    """Writes the output, whole or not at all. A file that is none of this manifest's stays.

    A worker that died after it had written the output leaves the same bytes: they are taken as they are.
    """
    path = task.job.output
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        raise FileExistsError(errno.EEXIST, "the output is a link, which is not followed", str(path))
    if not os.path.lexists(path):
        write_atomically(path, data, replace=task.overwrite)
    elif (there := _there(path)) != sha256_of(data):
        if not (task.overwrite or there == task.past.owned or (task.past.started and _is_gsimg(path))):
            raise FileExistsError(errno.EEXIST, "the output exists and is another file", str(path))
        write_atomically(path, data)


def _there(path: Path) -> str:
    if not path.is_file():
        raise FileExistsError(errno.EEXIST, "the output is no regular file", str(path))
    return sha256_of_file(path)


def _is_gsimg(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE
