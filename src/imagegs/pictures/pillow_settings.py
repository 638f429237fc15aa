"""Pillow's settings while a picture is read: its limit on pixels, no warnings, no log."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from PIL import Image

from imagegs.forking import in_forked_children

_lock = threading.Lock()
_undo = ExitStack()  # takes back what `pillow_settings` has changed
_nowhere = logging.NullHandler()


@contextmanager
def pillow_settings(max_pixels: int) -> Iterator[None]:
    """Set Pillow's limit on pixels, and silence its warnings but that about the limit, for a while.

    What it logs goes to standard error while nobody has set up logging; now it does not.
    """
    logger = logging.getLogger("PIL")
    with _lock, _undo as undo:
        undo.enter_context(warnings.catch_warnings())
        logger.addHandler(_nowhere)
        undo.callback(logger.removeHandler, _nowhere)
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        undo.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = max_pixels
        yield


def _take_settings_back() -> None:
    """In a forked child: takes back the settings of a parent's thread, which would never do it."""
    global _lock
    if _lock.locked():
        _lock = threading.Lock()
        _undo.close()


in_forked_children(_take_settings_back)
