"""`compress_many`: picture files to .gsimg files on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from imagegs.compression.keywords import CompressKeywords
from imagegs.distributed.cluster import check_dask, started, worker_count
from imagegs.distributed.encoders import FileEncoder
from imagegs.distributed.jobs import MANIFEST, Job, check_existing, check_names, output_of, without_repeats
from imagegs.distributed.manifest import Manifest
from imagegs.distributed.rows import Row
from imagegs.distributed.running import run_jobs
from imagegs.distributed.sources import sources_of
from imagegs.engine import thread_count
from imagegs.files import PathLike

if TYPE_CHECKING:
    from distributed import Client


def compress_many(
    inputs: Iterable[PathLike],
    out: PathLike | None = None,
    *,
    client: Client | None = None,
    manifest: PathLike | None = None,
    overwrite: bool = False,
    exclude: Sequence[str] = (),
    workers: int | None = None,
    **options: Unpack[CompressKeywords],
) -> Iterator[Row]:
    """Compress picture files into .gsimg files, and yield a row for each, in the order in which they end.

    inputs: picture files, folders with all folders in them, and patterns such as "photos/**/*.png".
    out: the folder of the outputs, in which the folders of the inputs are kept; None: beside the inputs.
    client: of the cluster to run on, whose workers must see the same files; None: processes of this machine,
        so many `workers` (by default one for each processor), which end with the iterator.
    manifest: the file of JSON lines that tells what is done; by default manifest.jsonl in `out`, or in the
        current folder. A second call does only what it does not have, or what has changed since.
    overwrite: also replace files that the manifest does not have; never an input.
    exclude: patterns of names to leave out of folders.
    options: those of `imagegs.compress`, but for `progress`. By default a picture has one thread.

    A picture that fails gives a row with an `error`; an iterator that is closed leaves what is not done. With
    processes of this machine, a script needs `if __name__ == "__main__":`, as for multiprocessing.

    Raises ImageGSError where Dask is missing; ValueError for two inputs with one output, for an output that
    is an input, and for `progress`; FileExistsError for an output that the manifest does not have;
    FormatError for a manifest that is none; other OSErrors; and from the iterator SchedulerLostError.
    """
    check_dask()
    if "progress" in options:
        raise ValueError("progress cannot be followed on other processes")
    encoder = FileEncoder({"threads": 1, **options})
    folder = None if out is None else Path(out)
    sources = [source for named in inputs for source in sources_of(named, exclude)]
    digest = encoder.sha256
    jobs = without_repeats(Job(each.path, output_of(each, folder), encoder, digest) for each in sources)
    path = Path(manifest) if manifest is not None else (folder or Path()) / MANIFEST
    check_names(jobs, (), {"the manifest": path})
    path.parent.mkdir(parents=True, exist_ok=True)
    with Manifest(path) as opened:  # an iterator that is never asked for anything must not hold it
        if not overwrite:
            check_existing(jobs, opened)
    if client is None:
        n_threads = thread_count(encoder.keywords.get("threads"))
        cluster = started(min(workers or worker_count(n_threads), max(1, len(jobs))))
        return _rows(jobs, path, cluster, overwrite)
    return _rows(jobs, path, nullcontext(client), overwrite)


def _rows(
    jobs: list[Job], path: Path, cluster: AbstractContextManager[Client], overwrite: bool
) -> Iterator[Row]:
    with Manifest(path) as manifest:
        if jobs:
            with cluster as client:
                for done in run_jobs(client, jobs, manifest, overwrite=overwrite):
                    yield done.row
