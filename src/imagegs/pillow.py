"""Pillow reads and writes .gsimg: `imagegs.register_pillow()`, once.

    imagegs.register_pillow()
    Image.open("a.gsimg").show()
    image.save("b.gsimg", n_gaussians=5000, effort=7)

Pillow loads no plugins by itself, so registration is a call. imageio reads whatever Pillow reads.
"""

from __future__ import annotations

from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from imagegs.codec import Bits, decode, encode
from imagegs.codec.container import SIGNATURE
from imagegs.engine import at_most
from imagegs.errors import ImageGSError, LimitError
from imagegs.files import read_to_limit
from imagegs.fitting import choose_lattice, fit, settle
from imagegs.gaussians import DEFAULT_LAYERS
from imagegs.limits import Limits
from imagegs.pixels import CHANNEL_NAMES
from imagegs.rendering import check_painting, render

# In place of imagegs.limits.DEFAULT_SIZE_LIMIT, for files that ask for more. Image.MAX_IMAGE_PIXELS holds
# too.
SIZE_LIMIT: int | None = None
FORMAT, EXTENSION, MIME = "GSIMG", ".gsimg", "image/x-gsimg"
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
            self._gaussians = decode(data, SIZE_LIMIT, whole=False)
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
                return render(self._gaussians, dtype=np.uint16 if self._deep else np.uint8)
        except LimitError as error:
            raise LimitError(f"{error} (see imagegs.pillow.SIZE_LIMIT)") from None


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(SIGNATURE)


def _save(image: Image.Image, file: IO[bytes], filename: str | bytes) -> None:
    """Fits and packs; the keywords of `Image.save` are those of `imagegs.fit`, and `bits`: numbers in fixed
    point, not coded.
    """
    options = dict(image.encoderinfo)
    bits = options.pop("bits", None)
    if bits is None and options.get("recipe") != "paper":
        options.setdefault("layers", DEFAULT_LAYERS)
    if image.mode not in (*_MODES.values(), "I;16"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    pixels = np.asarray(image)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    gaussians = fit(pixels, channels=CHANNEL_NAMES[channels], **options)
    if bits is None and gaussians.blend == "softmax":
        lattice = choose_lattice(pixels, gaussians, options.get("threads"))
        gaussians = settle(pixels, gaussians, lattice, threads=options.get("threads"))
        file.write(encode(gaussians, lattice))
    else:
        file.write(encode(gaussians, bits or Bits()))


def register_pillow() -> None:
    """Teaches Pillow to open and save .gsimg, by content, extension and MIME type. May be called again."""
    Image.register_open(FORMAT, GsimgImageFile, _accept)
    Image.register_save(FORMAT, _save)
    Image.register_extension(FORMAT, EXTENSION)
    Image.register_mime(FORMAT, MIME)
