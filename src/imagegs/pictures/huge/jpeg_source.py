"""JPEG in blocks: Pillow decodes it whole, at 4 bytes a pixel, and strips of it go to a temporary file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from imagegs.errors import reading
from imagegs.limits import MAX_WHOLE_PIXELS
from imagegs.pictures.formats import open_image
from imagegs.pictures.frames import count_frames
from imagegs.pictures.huge.orientation import upright_size
from imagegs.pictures.huge.source import check_size
from imagegs.pictures.huge.spill import Spill
from imagegs.pictures.huge.spilled_source import WholeSource
from imagegs.pictures.pillow_settings import pillow_settings
from imagegs.pictures.pixels import Picture
from imagegs.pictures.reading import orientation_of, picture_of

_STRIP_ROWS = 256


class JpegSource(WholeSource):
    """A JPEG; its spill holds rows as they lie in the file, in sRGB."""

    def _decoded(self) -> Spill:
        problem = "the picture is damaged or not supported"
        with pillow_settings(2**62), reading(problem), self._path.open("rb") as file:
            image = open_image(file)
            width, height = image.size
            self._orientation = orientation_of(image)
            self.width, self.height = upright_size(width, height, self._orientation)
            check_size(self.width, self.height, self._size_limit or MAX_WHOLE_PIXELS)
            image.load()
            first = _strip(image, 0, 1)
            self._set_facts(first.pixels, first.channels)
            self.n_frames = count_frames(image)
            return Spill(height, first.pixels.nbytes, _rows(image))


def _rows(image: ImageFile.ImageFile) -> Iterator[NDArray[np.uint8]]:
    for top in range(0, image.height, _STRIP_ROWS):
        pixels = _strip(image, top, min(image.height, top + _STRIP_ROWS)).pixels
        yield pixels.reshape(len(pixels), -1).view(np.uint8)


def _strip(image: Image.Image, top: int, bottom: int) -> Picture:
    """Rows of a loaded picture in sRGB, not turned upright."""
    return picture_of(image.crop((0, top, image.width, bottom)), {"exif": None})
