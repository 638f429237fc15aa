"""Which part of which size `imagegs decode` paints."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagegs.cli.exit_codes import about
from imagegs.cli.options import UsageError
from imagegs.cli.paths import check_size

if TYPE_CHECKING:
    from imagegs.gaussians import Gaussians
    from imagegs.pictures.pixels import IntegerPixels
    from imagegs.pictures.transparency import Alphas
    from imagegs.rendering import Size


@dataclass(frozen=True)
class View:
    """What is painted, and what of that is shown."""

    painting: dict[str, Any]  # the arguments of `render`
    size: Size  # of what is shown, pixels
    mip: int | None  # the level that is shown of the whole picture
    region: tuple[int, int, int, int] | None  # of the level

    @classmethod
    def of(cls, options: Namespace, gaussians: Gaussians, pictures: int = 1) -> View:
        """The view that the command line asks for.

        pictures: so many are painted of these Gaussians, which have the channels of all.

        Raises UsageError for a level that there is not, and what `output_size`, `area_of`, `check_size` and
        `check_painting` raise.
        """
        from imagegs.limits import Limits
        from imagegs.rendering import Size, area_of, check_painting, output_size

        whole = _level_size(options, gaussians)
        size = whole or output_size(gaussians, height=options.height, scale=options.scale)
        if options.region is not None:
            with about(options.file):
                size = Size(*area_of(options.region, size)[2:])
        painting = {"height": options.height, "scale": options.scale, "filtered": options.filtered}
        painting |= {"region": None if whole else options.region}
        check_size(size, options.size_limit)
        if whole:
            check_size((gaussians.width, gaussians.height), options.size_limit)
        with about(options.file):
            check_painting(gaussians, Limits.of(options.size_limit), pictures=pictures, **painting)
        return cls(painting, size, options.mip, options.region if whole else None)

    def shown(self, pixels: IntegerPixels, alphas: Alphas, unit_length: bool = False) -> IntegerPixels:
        """What is shown of what was painted (H, W, C): see `mip_levels`."""
        if self.mip is None:
            return pixels
        import numpy as np

        from imagegs.textures.mips import mip_level

        level = mip_level(pixels, self.mip, alphas, unit_length)
        if self.region is None:
            return level
        x, y, width, height = self.region
        return np.ascontiguousarray(level[y : y + height, x : x + width])


def _level_size(options: Namespace, gaussians: Gaussians) -> Size | None:
    """The size of the mip level that is asked for; None where none is."""
    if options.mip is None:
        return None
    from imagegs.textures.mips import level_size

    if not options.filtered:
        raise UsageError("mip levels are filtered: no --no-filter with --mip")
    try:
        return level_size(gaussians.width, gaussians.height, options.mip)
    except ValueError as error:
        raise UsageError(f"{options.file}: {error}") from error
