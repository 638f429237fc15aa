"""`imagegs decode` of a picture beyond the usual limits: read, painted and written strip by strip."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imagegs.cli.exit_codes import about
from imagegs.cli.paths import depth_in, picture_suffix
from imagegs.cli.standard_streams import STANDARD
from imagegs.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from imagegs.codec.grain import Grain
    from imagegs.codec.header import Header

STRIP_PIXELS = 2**25  # at most, at a time


@dataclass(frozen=True)
class Strips:
    """A picture that is painted from the top to the bottom."""

    options: Namespace
    header: Header
    grain: Grain | None
    depth: int  # bits a sample
    rows: int  # of a strip

    @property
    def number(self) -> int:
        """The number of strips."""
        return -(-self.header.height // self.rows)

    def pieces(self, suffix: str) -> Iterator[bytes | memoryview]:
        """The bytes of the picture's file; each strip is painted when it is asked for."""
        from imagegs.pictures.strips import head_of

        header = self.header
        yield head_of(suffix, header.height, header.width, header.channels, self.depth)
        with about(self.options.file), self.options.file.open("rb") as file:
            for top in range(0, header.height, self.rows):
                yield self._painted(file, top)

    def _painted(self, file: BinaryIO, top: int) -> memoryview:
        from imagegs.codec.decoding import decode_contents
        from imagegs.codec.opening import source_of
        from imagegs.grain.adding import add_grain
        from imagegs.rendering import check_painting, render

        options, header = self.options, self.header
        region = 0, top, header.width, min(self.rows, header.height - top)
        given = {"size_limit": options.size_limit, "allow_partial": options.allow_partial, "lod": options.lod}
        source = source_of(file, options.size_limit)
        gaussians, _, grain = decode_contents(
            source, whole=False, region=region, threads=options.threads, **given
        )
        check_painting(gaussians, Limits.of(options.size_limit), pictures=self.number, region=region)
        pixels = render(gaussians, region=region, dtype=f"uint{self.depth}", threads=options.threads)
        if grain is not None:
            add_grain(pixels, grain, gaussians, strength=options.grain, region=region)
        return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).data.cast("B")


def strips_of(options: Namespace, target: Path) -> Strips | None:
    """The strips of the picture, if it is to be painted in strips.

    It is where all of a file in blocks is wanted, in a format that takes strips, and the file has more
    pixels, Gaussians or samples than imagegs decodes by default; --size-limit has to allow the pixels.
    """
    from imagegs.codec.contents import read_index
    from imagegs.codec.opening import source_of
    from imagegs.pictures.strips import SUFFIXES
    from imagegs.textures.map_list import from_metadata

    suffix = options.format or picture_suffix(target)
    names = "height", "scale", "region", "mip", "map"
    is_part = any(getattr(options, name) is not None for name in names)
    if suffix not in SUFFIXES or is_part or options.file == STANDARD or not options.file.is_file():
        return None
    with about(options.file), options.file.open("rb") as file:
        contents = read_index(source_of(file, options.size_limit), options.allow_partial)
        if contents is None or from_metadata(contents.metadata, contents.header.channels):
            return None
    header = contents.header
    size = header.n_gaussians, len(header.channels), header.width * header.height
    if DEFAULT_LIMITS.hold(*size) or size[2] > Limits.of(options.size_limit).max_pixels:
        return None
    assert contents.block_side is not None  # a file without blocks has no index
    rows = min(contents.block_side, max(1, STRIP_PIXELS // header.width))
    return Strips(options, header, contents.grain, depth_in(suffix, header.bit_depth), rows)
