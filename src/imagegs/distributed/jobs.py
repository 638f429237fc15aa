"""The jobs of a batch, and the rules for their files, which are checked before anything runs."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagegs.compression import Compressed
from imagegs.distributed.manifest import Manifest
from imagegs.distributed.sources import Source, whole

MANIFEST = "manifest.jsonl"
_ENDING = ".gsimg"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A compressed picture, with notes on what was left out or missed."""

    result: Compressed
    notes: tuple[str, ...] = ()


# Reads and compresses a picture file. Workers get it pickled. Raises any Exception for a picture that fails.
Encoder = Callable[[Path], Encoded]


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to compress into a file."""

    input: Path  # whole, as is the output
    output: Path
    encoder: Encoder
    options_sha256: str  # of all that the encoder's bytes depend on, the picture aside

    @property
    def _key(self) -> tuple[Path, Path, str]:
        return self.input, self.output, self.options_sha256


def output_of(source: Source, folder: Path | None) -> Path:
    """The whole path of a picture's output: below the folder, with the tree kept, or beside the picture."""
    place = source.path.parent if folder is None else whole(folder) / source.below
    return place / (source.path.stem + _ENDING)


def without_repeats(jobs: Iterable[Job]) -> list[Job]:
    """The jobs, each once: two names can stand for one picture."""
    return list({job._key: job for job in jobs}.values())


def check_names(jobs: Sequence[Job], read: Iterable[Path], written: Mapping[str, Path]) -> None:
    """Raises ValueError where two outputs are one file, or an output is an input.

    read: files that the options name. written: other files that the run writes, by what they are, such as
    "the manifest". Names that differ in case alone are one file to some systems, and so to all.
    """
    inputs = {_folded(path): path for path in [*(job.input for job in jobs), *read]}
    nodes = {node: path for path in inputs.values() if (node := _node(path)) is not None}
    outputs: dict[str, str] = {}
    for path, what in _outputs(jobs, written):
        name = _folded(path)
        node = _node(path)
        source = inputs.get(name) or (None if node is None else nodes.get(node))
        if source is not None:
            raise ValueError(f"{path} would replace the input {source}")
        if name in outputs:
            raise ValueError(f"{what} and {outputs[name]} would both be written to {path}")
        outputs[name] = what


def check_existing(jobs: Iterable[Job], manifest: Manifest) -> None:
    """Raises FileExistsError where an output exists that no run with this manifest has written."""
    for job in jobs:
        past = manifest.past(job.output)
        if os.path.lexists(job.output) and past.owned is None and not past.started:
            reason = "the file exists, and the manifest does not have it: replace it with --overwrite"
            raise FileExistsError(errno.EEXIST, reason, str(job.output))


def _outputs(jobs: Sequence[Job], written: Mapping[str, Path]) -> Iterator[tuple[Path, str]]:
    yield from ((path, what) for what, path in written.items())
    yield from ((job.output, str(job.input)) for job in jobs)


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def _node(path: Path) -> tuple[int, int] | None:
    """The identity that hard links to one file share; None where no file is."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
