"""TIFF, BigTIFF and OME-TIFF in blocks: the strips or tiles that a block meets are decoded."""

from __future__ import annotations

import weakref
from pathlib import Path

from PIL import Image

from imagegs.errors import FormatError, reading
from imagegs.pictures import tiff_directories as tags
from imagegs.pictures.finishing import finished, of_tiff, valid_orientation
from imagegs.pictures.frames import count_pages
from imagegs.pictures.huge.orientation import stored_region, upright_size
from imagegs.pictures.huge.source import FileSource, FileState, check_size
from imagegs.pictures.huge.tiff_segments import BlockPlanes
from imagegs.pictures.pillow_settings import pillow_settings
from imagegs.pictures.pixels import IntegerPixels, Picture, Region
from imagegs.pictures.reading import picture_of
from imagegs.pictures.tiff import TiffPage

_OLD_JPEG = 6  # its tables may lie anywhere in the file


class TiffSource(FileSource):
    """The first page of a TIFF, in full resolution, or the first that is no thumbnail."""

    def __init__(self, path: Path, size_limit: int | None = None, state: FileState | None = None) -> None:
        """Raises FormatError, LimitError, OSError; ImageGSError where the file has changed."""
        super().__init__(path, size_limit, state)
        file = path.open("rb")
        weakref.finalize(self, file.close)
        self._page = TiffPage(file)
        self._orientation = valid_orientation(self._page.directory.one(tags.ORIENTATION, 1))
        self.width, self.height = upright_size(self._page.width, self._page.height, self._orientation)
        check_size(self.width, self.height, size_limit)
        self._check_kind()
        self._planes = self._page.planes(BlockPlanes)
        first = self._picture((0, 0, 1, 1))
        self._set_facts(first.pixels, first.channels)
        self.left_out, self.n_frames = first.left_out, count_pages(file)

    def _check_kind(self) -> None:
        """Raises FormatError for what the block reader does not know."""
        page = self._page
        if page.is_byte_wise and page.space == "palette":
            raise FormatError("a huge TIFF with a palette is not supported: save it as RGB")
        if not page.is_byte_wise and page.directory.one(tags.COMPRESSION, 1) == _OLD_JPEG:
            raise FormatError("a huge TIFF with JPEG of the old kind is not supported: save it with deflate")
        if not page.is_byte_wise and page.is_planar:
            raise FormatError("a huge TIFF of JPEG or YCbCr in planes is not supported: save it with deflate")

    def _block(self, region: Region) -> IntegerPixels:
        return self._picture(region).pixels

    def _picture(self, region: Region) -> Picture:
        stored = stored_region(region, self.width, self.height, self._orientation)
        problem = "the picture is damaged or not supported near ({}, {})".format(*region)
        with pillow_settings(2**62), reading(problem):
            if self._page.is_byte_wise:
                return of_tiff(self._page.samples_in(self._planes, stored), as_data=False)
            return self._of_pillow(self._planes.image(stored))

    def _of_pillow(self, image: Image.Image) -> Picture:
        picture = picture_of(image, {"icc_profile": self._page.directory.profile})
        return finished(picture.pixels, self._orientation)
