"""Reading of texture stacks from folders of maps and from .gsimg files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Unpack

from imagegs.cli.exit_codes import FileError, about
from imagegs.cli.folder_contents import Contents, look_into
from imagegs.cli.options import UsageError
from imagegs.cli.reports import Verbosity
from imagegs.cli.standard_streams import open_input
from imagegs.errors import FormatError, LimitError
from imagegs.limits import Limits

if TYPE_CHECKING:
    from imagegs.codec import Grain
    from imagegs.codec.decoding import DecodeKeywords
    from imagegs.gaussians import Gaussians
    from imagegs.textures.map_list import TextureMap
    from imagegs.textures.stacks import Stack

_ARRAY_SUFFIXES = (".npy", ".npz")


def stack_path(output: Path | None, folder: Path) -> Path:
    """The path that -o names, else the folder's whole name with .gsimg, beside it ("." has a name too)."""
    if output is not None:
        return output
    whole = folder if folder.name not in ("", "..") else folder.resolve()
    return whole.with_name(whole.name + ".gsimg") if whole.name else Path("stack.gsimg")


def read_maps(contents: Contents, resize: bool = False, size_limit: int | None = None) -> Stack:
    """The pictures of a folder as one with their channels; size_limit: pixels (None: the default).

    Raises FileError where they make no stack, or where an array is named like a map of a known kind.
    """
    from imagegs.textures.map_names import kind_of
    from imagegs.textures.stacks import read_stack

    for name in contents.left_out:
        if name.lower().endswith(_ARRAY_SUFFIXES) and kind_of(name)[0] != "other":
            with about(contents.folder / name):
                raise FormatError("an array is no map: save it as a picture (see --exclude)")
    with about(contents.folder):
        try:
            return read_stack(contents.pictures, resize, Limits.of(size_limit))
        except LimitError:
            raise
        except FormatError as error:
            hint = "" if "--exclude" in str(error) else " (see --exclude)"
            raise type(error)(f"{error}{hint}") from error
        except OSError as error:
            raise FileError(Path(error.filename or contents.folder), error) from error


def read_folder(
    folder: Path,
    exclude: Sequence[str] = (),
    speech: Verbosity | None = None,
    resize: bool = False,
    size_limit: int | None = None,
) -> Stack:
    """All pictures of a folder as one with their channels; a warning names what is left out.

    Raises what `look_into` and `read_maps` do.
    """
    contents = look_into(folder, exclude)
    contents.tell(speech or Verbosity())
    return read_maps(contents, resize, size_limit)


def load_stack(
    path: Path, opened: BinaryIO | None = None, **keywords: Unpack[DecodeKeywords]
) -> tuple[Gaussians, tuple[TextureMap, ...]]:
    """The Gaussians in a .gsimg file and its maps, () of a picture; the keywords are those of `decode`.

    opened: the file where it is open already, at its start.
    """
    return load_with_grain(path, opened, **keywords)[:2]


def load_with_grain(
    path: Path, opened: BinaryIO | None = None, **keywords: Unpack[DecodeKeywords]
) -> tuple[Gaussians, tuple[TextureMap, ...], Grain | None]:
    """What `load_stack` returns, and the grain of the file."""
    from imagegs.codec.opening import source_of
    from imagegs.textures.painting import decode_for_painting

    with about(path), nullcontext(opened) if opened else open_input(path) as file:
        return decode_for_painting(source_of(file, keywords.get("size_limit")), **keywords)


def named_map(maps: Sequence[TextureMap], name: str) -> TextureMap:
    """The map of that name. Raises UsageError where there is none."""
    by_name = {each.name: each for each in maps}
    if name not in by_name:
        raise UsageError(f"no map {name!r} in this stack; there are {', '.join(by_name)}")
    return by_name[name]
