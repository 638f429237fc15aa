"""How `imagegs batch` compresses one picture: as `imagegs encode` does, with the same options and errors."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.encode import prepared
from imagegs.cli.encode_plan import check_flags, naming_flags
from imagegs.cli.encode_report import missed_text
from imagegs.cli.exit_codes import FileError, about, error_line
from imagegs.cli.paths import read_input
from imagegs.cli.run_files import READ, WORDS, inputs_of
from imagegs.cli.standard_streams import STANDARD
from imagegs.errors import ImageGSError

if TYPE_CHECKING:
    from imagegs.distributed.jobs import Encoded

_BYTES_DO_NOT_DEPEND_ON = ("threads", "size_limit")


@dataclass(frozen=True)
class OptionsEncoder:
    """Compresses a picture file with options of `imagegs encode`. Workers of the cluster get it pickled."""

    options: Namespace  # those of `add_picture_options` and `add_guidance`, "threads" and "size_limit"

    @classmethod
    def of(cls, options: Namespace) -> OptionsEncoder:
        """With whole paths: workers may run in another folder."""
        files = {name: value for name, value in vars(options).items() if _is_file(name, value)}
        whole = {name: type(value)(Path(value).absolute()) for name, value in files.items()}
        return cls(Namespace(**{**vars(options), **whole}))

    def __call__(self, path: Path) -> Encoded:
        """Raises ImageGSError with the text that `imagegs encode` prints."""
        try:
            return self._encoded(path)
        except Exception as error:
            cause = error.cause if isinstance(error, FileError) and error.path == path else error
            raise ImageGSError(error_line(cause).removeprefix("imagegs: error: ")) from None

    def _encoded(self, path: Path) -> Encoded:
        from imagegs.distributed.encoders import left_out_of
        from imagegs.distributed.jobs import Encoded

        picture = read_input(path, size_limit=self.options.size_limit)
        options = Namespace(**vars(self.options), input=path, map_weight=[], device="cpu")
        compression, guidance = prepared(options, picture, ())
        result = compression.run()
        notes = list(left_out_of(picture))
        if guidance is not None and guidance.is_even:
            notes.append("nothing stands out in the saliency map: the fit is not guided")
        if missed := missed_text(result):
            notes.append(missed)
        return Encoded(result, tuple(notes))

    def check(self) -> None:
        """Raises UsageError for options that do not go together, whatever the picture is."""
        import numpy as np

        from imagegs.pictures.pixels import Picture

        # Alpha forbids some options, and one needs it.
        channels = ("R", "G", "B", "A") if self.options.restore == "inpaint" else ("R", "G", "B")
        picture = Picture(np.zeros((64, 64, len(channels)), np.uint8), channels)
        with naming_flags():
            check_flags(Namespace(**vars(self.options), input=STANDARD), picture)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all options that the bytes depend on, and of the files that they name.

        Raises FileError for a file that cannot be read.
        """
        from imagegs.distributed.rows import sha256_of_options

        told = {name: _told(name, value) for name, value in vars(self.options).items() if value is not None}
        for name in _BYTES_DO_NOT_DEPEND_ON:
            told.pop(name, None)
        return sha256_of_options({**told, "": [_sha256_of_file(path) for path in inputs_of(self.options)]})


def _told(name: str, value: Any) -> Any:
    """The value as JSON; of a file its contents count, not its path."""
    return "a file" if _is_file(name, value) else value


def _is_file(name: str, value: Any) -> bool:
    is_path = isinstance(value, (str, Path)) and value not in (*WORDS, STANDARD, str(STANDARD))
    return name in READ and is_path


def _sha256_of_file(path: Path) -> str:
    from imagegs.distributed.rows import sha256_of_file

    with about(path):
        return sha256_of_file(path)
