"""Tells the pictures that `imagegs encode` takes in blocks, and the options that go with that."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from imagegs.cli.options import UsageError
from imagegs.cli.standard_streams import STANDARD, is_folder
from imagegs.errors import ImageGSError
from imagegs.files import descriptor_of
from imagegs.limits import BLOCK_PIXELS

# Options that the block encoder does not have: the flag, and the value where it is not given.
_REFUSED: dict[str, tuple[str, Any]] = {
    "psnr": ("--psnr", None),
    "quality": ("--quality", None),
    "ssimulacra2": ("--ssimulacra2", None),
    "time_budget": ("--time-budget", None),
    "restore": ("--restore", None),
    "mask": ("--mask", None),
    "saliency": ("--saliency", None),
    "roi": ("--roi", None),
    "saliency_model": ("--saliency-model", None),
    "saliency_strength": ("--saliency-strength", None),
    "init": ("--init", None),
    "bits": ("--bits", None),
    "wrap": ("--wrap", False),
    "grain": ("--grain", "off"),
    "recipe": ("--recipe", "imagegs"),
    "device": ("--device", "cpu"),
    "history": ("--history", None),
    "watch": ("--watch", False),
    "no_open": ("--no-open", False),
    "resize_maps": ("--resize-maps", False),
    "map_weight": ("--map-weight", []),
    "exclude": ("--exclude", []),
}
_AMOUNTS = ("psnr", "quality", "ssimulacra2")


def goes_in_blocks(options: Namespace) -> bool:
    """Whether the picture goes to the block encoder.

    Raises UsageError for --blocks with a folder of maps, or with standard input, which is read once.
    """
    source: Path = options.input
    if is_huge(source):
        return True
    if options.blocks and (source == STANDARD or descriptor_of(source) is not None or is_folder(source)):
        raise UsageError("--blocks is for a picture in a file")
    return bool(options.blocks)


def is_huge(source: Path) -> bool:
    """Whether a picture always goes to the block encoder: a Zarr folder, or more than BLOCK_PIXELS pixels.

    False for what is no regular file, and for a file that cannot be read: the ordinary way tells why.
    """
    from imagegs.pictures.huge import is_zarr, picture_size

    if source == STANDARD or descriptor_of(source) is not None:
        return False
    if is_folder(source):
        return is_zarr(source)
    try:
        if not source.is_file():
            return False
        width, height = picture_size(source)
    except (ImageGSError, OSError, ValueError):
        return False
    return width * height > BLOCK_PIXELS


def check_not_huge(options: Namespace) -> None:
    """Raises UsageError for options of the block encoder where the picture goes the ordinary way."""
    if options.workers is not None or options.scheduler is not None:
        raise UsageError(
            f"--workers and --scheduler are for pictures of more than {BLOCK_PIXELS:,} pixels and for Zarr "
            "folders: leave them out, or say --blocks"
        )


def check_block_options(options: Namespace) -> None:
    """Raises UsageError for an option that the block encoder does not have; it says what to do."""
    for name, (flag, unset) in _REFUSED.items():
        if getattr(options, name, unset) != unset:
            instead = "say --bpp, --target-size or -n" if name in _AMOUNTS else "leave it out"
            raise UsageError(
                f"{flag} is not possible with {options.input}, which is encoded in blocks{_reason(options)}: "
                f"{instead}"
            )


def _reason(options: Namespace) -> str:
    """Why a picture is encoded in blocks where the user did not say so."""
    if options.blocks:
        return ""
    return f" because it is a Zarr folder or has more than {BLOCK_PIXELS:,} pixels"
