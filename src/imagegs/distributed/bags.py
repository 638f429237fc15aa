"""`compress_bag`: pictures in Dask collections to bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from imagegs.compression.keywords import CompressKeywords, compress_image
from imagegs.distributed.cluster import check_dask

if TYPE_CHECKING:
    from dask.array import Array
    from dask.bag import Bag
    from dask.delayed import Delayed


def compress_bag(
    pictures: Bag | Array | Sequence[Delayed | Array], **options: Unpack[CompressKeywords]
) -> Bag:
    """Compress pictures in a Dask collection; lazily: `.compute()` gives the bytes of .gsimg files, in order.

    pictures: a bag of pictures; an array (N, H, W) or (N, H, W, C) of N pictures, of which each block of
        the first axis is a partition of the bag; or a list of delayed pictures and of such arrays. A delayed
        one is one picture.
    options: those of `imagegs.compress`, which says what a picture is. By default a picture has one thread.

    Raises ImageGSError where Dask is missing, TypeError for anything else, ValueError for arrays of other
    dimensions and for `progress`. What `imagegs.compress` raises comes when the bag is computed.
    """
    check_dask()
    import dask.bag

    if "progress" in options:
        raise ValueError("progress cannot be followed on other processes")
    options = {"threads": 1, **options}
    if isinstance(pictures, dask.bag.Bag):
        return pictures.map(_compressed, options)
    several = list(pictures) if isinstance(pictures, Sequence) else [pictures]
    partitions = [part for each in several for part in _partitions(each, options)]
    if not partitions:
        raise ValueError("there are no pictures")
    return dask.bag.from_delayed(partitions)


def _partitions(given: Any, options: CompressKeywords) -> list[Delayed]:
    """Delayed lists of bytes."""
    import dask.array
    from dask.delayed import Delayed, delayed

    if isinstance(given, Delayed):
        return [delayed(_all_compressed)([given], options)]
    if not isinstance(given, dask.array.Array):
        raise TypeError(f"a bag, an array of Dask or delayed pictures are wanted, not {type(given).__name__}")
    if given.ndim not in (3, 4):
        raise ValueError(f"an array (N, H, W) or (N, H, W, C) is wanted, not one of {given.ndim} dimensions")
    whole = given.rechunk(dict.fromkeys(range(1, given.ndim), -1))
    return [delayed(_all_compressed)(block, options) for block in whole.to_delayed().ravel()]


def _all_compressed(pictures: Sequence[Any] | NDArray[np.generic], options: CompressKeywords) -> list[bytes]:
    return [_compressed(picture, options) for picture in pictures]


def _compressed(picture: Any, options: CompressKeywords) -> bytes:
    return compress_image(picture, **options).data
