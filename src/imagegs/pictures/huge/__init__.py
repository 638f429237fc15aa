"""Pictures that do not fit into memory, read block by block.

from imagegs.pictures.huge import open_source, source_of
source = open_source("scan.tif")
block = source.read(x=4096, y=0, width=512, height=512)
"""

from imagegs.pictures.huge.array_source import source_of
from imagegs.pictures.huge.opening import open_source, picture_size
from imagegs.pictures.huge.source import PictureSource
from imagegs.pictures.huge.zarr_metadata import is_zarr

__all__ = ["PictureSource", "is_zarr", "open_source", "picture_size", "source_of"]
