"""Pillow reads and writes .gsimg: `imagegs.register_pillow()`, once.

    imagegs.register_pillow()
    Image.open("a.gsimg").show()
    image.save("b.gsimg", quality=80)
    image.save("b.gsimg", n_gaussians=5000, effort=7)

Pillow loads no plugins by itself, so registration is a call. imageio reads whatever Pillow reads.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from imagegs.codec.byte_source import Memory
from imagegs.codec.container import SIGNATURE
from imagegs.codec.decoding import decode_contents
from imagegs.compression.keywords import CompressKeywords, compress_picture
from imagegs.engine import at_most
from imagegs.errors import ImageGSError, LimitError
from imagegs.files import check_writable, read_to_limit, write_atomically
from imagegs.grain.adding import add_grain
from imagegs.limits import Limits
from imagegs.pictures.given import picture_of_pillow
from imagegs.pictures.pixels import Picture
from imagegs.rendering import check_painting, render

# In place of imagegs.limits.DEFAULT_SIZE_LIMIT, for files that ask for more. Image.MAX_IMAGE_PIXELS holds
# too.
SIZE_LIMIT: int | None = None
FORMAT, EXTENSION, MIME = "GSIMG", ".gsimg", "image/x-gsimg"
_OPTIONS = CompressKeywords.__annotations__.keys() - {"channels"}
_INFO = (
    "transparency",
    "icc_profile",
    "exif",
)  # keywords that Pillow's writers take in place of a picture's own
_MARK = "_writes_gsimg_whole"
_logger = logging.getLogger("imagegs")
_MODES = {("Y",): "L", ("Y", "A"): "LA", ("R", "G", "B"): "RGB", ("R", "G", "B", "A"): "RGBA"}


class GsimgImageFile(ImageFile.ImageFile):
    """A .gsimg file as a Pillow picture of 8 bits: L, LA, RGB or RGBA; 16-bit gray as I;16.

    Painting it, when its pixels are first needed, raises LimitError where that is more than some seconds of
    work.
    """

    format = FORMAT
    format_description = "2D Gaussians (imagegs)"

    def _open(self) -> None:
        assert self.fp is not None  # Pillow has just opened it
        try:
            data = read_to_limit(self.fp, Limits.of(SIZE_LIMIT).max_bytes)
            self._gaussians, _, self._grain = decode_contents(
                Memory(data), size_limit=SIZE_LIMIT, whole=False
            )
        except ImageGSError as error:
            raise SyntaxError(str(error)) from error  # Pillow's word for "not mine, or damaged"
        g = self._gaussians
        if g.channels not in _MODES:
            raise SyntaxError(f"Pillow has no mode for the channels {', '.join(g.channels)}")
        self._deep = g.bit_depth == 16 and g.channels == ("Y",)
        self._mode = "I;16" if self._deep else _MODES[g.channels]
        self._size = g.width, g.height
        self.tile = []

    def load(self) -> Any:
        """Paints the picture when its pixels are first needed."""
        if self._im is None:
            pixels = self._painted()
            painted = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
            self.im = painted.im
        return super().load()

    def _painted(self) -> NDArray[Any]:
        limits = Limits.of(SIZE_LIMIT)
        try:
            check_painting(self._gaussians, limits.for_seconds())
            with at_most(limits.seconds, "painting"):
                pixels = render(self._gaussians, dtype=np.uint16 if self._deep else np.uint8)
        except LimitError as error:
            raise LimitError(f"{error} (see imagegs.pillow.SIZE_LIMIT)") from None
        if self._grain is not None:
            add_grain(pixels, self._grain, self._gaussians)
        return pixels


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(SIGNATURE)


def _save(image: Image.Image, file: IO[bytes], filename: str | bytes) -> None:
    """Fits and packs the picture, then writes it in one piece.

    The keywords of `Image.save` that count are those of `imagegs.compress` (`quality` where no `n_gaussians`
    says it exactly), and `transparency`, `icc_profile` and `exif` in place of the picture's own. Others are
    of other formats.
    """
    given = image.encoderinfo
    options = {name: given[name] for name in _OPTIONS if given.get(name) is not None}
    info = {name: given[name] for name in _INFO if name in given}
    file.write(_compressed(picture_of_pillow(image, info), cast(CompressKeywords, options)))


def _save_all(image: Image.Image, file: IO[bytes], filename: str | bytes) -> None:
    """`Image.save` with save_all. Raises ValueError for more than one picture."""
    if image.encoderinfo.get("append_images") or getattr(image, "n_frames", 1) > 1:
        raise ValueError("a .gsimg file holds one picture, not several frames")
    _save(image, file, filename)


def _compressed(picture: Picture, options: CompressKeywords) -> bytes:
    """The bytes of a file. Raises ValueError or TypeError for options out of range."""
    if options.get("n_gaussians") is not None:
        options.pop("quality", None)
    found = compress_picture(picture, **options)
    if not found.met and found.target_ssimulacra2 is not None:
        _logger.warning("ssimulacra2: %.2f in place of %.2f", found.ssimulacra2, found.target_ssimulacra2)
    elif not found.met:
        _logger.warning("quality: %.2f dB in place of %.2f dB", found.psnr, found.target_psnr)
    return found.data


def _saving_whole(save: Callable[..., None]) -> Callable[..., None]:
    """`Image.save`, but that a .gsimg file of a name is written whole or not at all.

    Pillow opens the file, which empties it, before it calls a plugin: nothing that a plugin does keeps what
    was there when a fit fails. All other files go to Pillow's own `save` as they were.
    """

    @wraps(save)
    def save_whole(self: Image.Image, fp: Any, format: str | None = None, **params: Any) -> None:
        if not isinstance(fp, (str, bytes, os.PathLike)) or not _is_ours(os.fsdecode(fp), format):
            save(self, fp, format, **params)
            return
        check_writable(os.fsdecode(fp))  # before the fit, not after it
        memory = io.BytesIO()
        save(self, memory, FORMAT, **params)
        write_atomically(Path(os.fsdecode(fp)), memory.getbuffer())

    save_whole.__dict__[_MARK] = True
    return save_whole


def _is_ours(path: str, format: str | None) -> bool:
    if format is not None:
        return format.upper() == FORMAT and FORMAT in Image.SAVE
    suffix = Path(path).suffix.lower()
    return suffix == EXTENSION and Image.EXTENSION.get(suffix) == FORMAT


def register_pillow() -> None:
    """Teaches Pillow to open and save .gsimg, by content, extension and MIME type. May be called again.

    `Image.save` is wrapped, too: a failed save leaves a .gsimg file that is there as it was.

    >>> from PIL import Image
    >>> imagegs.register_pillow()
    >>> Image.new("RGB", (24, 16), "teal").save("a.gsimg", n_gaussians=4, effort=1)
    >>> with Image.open("a.gsimg") as picture:
    ...     picture.size
    (24, 16)
    """
    Image.register_open(FORMAT, GsimgImageFile, _accept)
    Image.register_save(FORMAT, _save)
    Image.register_save_all(FORMAT, _save_all)
    Image.register_extension(FORMAT, EXTENSION)
    Image.register_mime(FORMAT, MIME)
    if not getattr(Image.Image.save, _MARK, False):
        Image.Image.save = _saving_whole(Image.Image.save)  # type: ignore[method-assign]
