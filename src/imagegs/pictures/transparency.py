"""Pictures with alpha: which channels it covers, what is seen of these, and colours for where nothing is.

Over a ground g a viewer sees P = alpha C + (1 - alpha) g of a colour C (samples 0..1, sRGB-encoded, alpha not
premultiplied). The error of a colour is that of P, its square averaged over a black and a white ground. With
u = alpha (C - 1/2), that is du^2 + dalpha^2 / 4: so squared errors are plain ones of the numbers that `seen`
gives, and where alpha is 0 a colour has none. docs/method.md tells more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import (
    CHANNEL_NAMES,
    IntegerPixels,
    Picture,
    Pixels,
    channel_names,
    to_integers,
    to_planes,
)

Alphas = tuple[int | None, ...]  # for each channel the number of the alpha that covers it; None: it has none
Planes = NDArray[np.float32]  # (C, H, W)

_ROUNDS = 3  # of diffusion on each level of a pyramid
_WITH_ALPHA = (CHANNEL_NAMES[2], CHANNEL_NAMES[4])  # Y A, R G B A


def alphas_of(channels: Sequence[str]) -> Alphas:
    """The alpha of each channel, as the names say: of Y A and R G B A, A covers the others; and of Name.Y
    Name.A, Name.R ... Name.A among other channels, Name.A covers those of its name. None for all others.
    """
    groups: dict[str, list[int]] = {}
    for i, channel in enumerate(channels):
        groups.setdefault(channel.rpartition(".")[0], []).append(i)
    found: list[int | None] = [None] * len(channels)
    for numbers in groups.values():
        if tuple(channels[i].rpartition(".")[2] for i in numbers) in _WITH_ALPHA:
            for i in numbers[:-1]:
                found[i] = numbers[-1]
    return tuple(found)


def checked_alphas(alphas: Sequence[int | None] | None, channels: Sequence[str] | int) -> Alphas:
    """The given ones, or, for None, those of the channels' names; of a number of channels, the names that
    such pictures get.

    Raises ValueError unless there is one for each channel, and each alpha is a channel that itself has none.
    """
    names = channel_names(channels) if isinstance(channels, int) else channels
    if alphas is None:
        return alphas_of(names)
    if len(alphas) != len(names):
        raise ValueError(f"{len(names)} channels have as many alphas, or None, not {len(alphas)}")
    for alpha in alphas:
        if alpha is not None and not (0 <= alpha < len(names) and alphas[alpha] is None):
            raise ValueError(f"channel {alpha} is no alpha")
    return tuple(alphas)


def covering(alphas: Alphas) -> dict[int, list[int]]:
    """The channels that each alpha covers."""
    found: dict[int, list[int]] = {}
    for channel, alpha in enumerate(alphas):
        if alpha is not None:
            found.setdefault(alpha, []).append(channel)
    return found


def n_seen(alphas: Alphas) -> int:
    """How many channels a viewer sees: all but the alphas that cover others."""
    return len(alphas) - len(covering(alphas))


def is_transparent(pixels: Pixels, alphas: Alphas) -> bool:
    """Whether some alpha of (H, W, C) pixels is not opaque somewhere."""
    most = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    return any(bool((pixels[:, :, alpha] < most).any()) for alpha in covering(alphas))


def seen(values: NDArray[np.floating[Any]], alphas: Alphas) -> NDArray[np.floating[Any]]:
    """Samples (..., C) as numbers of the same shape. The sum of their squared differences, over the C of two
    pictures, is that of the n_seen(alphas) channels as seen, the mean over a black and a white ground.
    """
    covers = covering(alphas)
    if not covers:
        return values
    out = values.copy()
    for alpha, channels in covers.items():
        for channel in channels:
            out[..., channel] = values[..., alpha] * (values[..., channel] - 0.5)
        out[..., alpha] *= 0.5 * len(channels) ** 0.5
    return out


def with_hidden_filled(planes: Planes, alphas: Alphas) -> Planes:
    """The planes with colours where alpha is 0 that go on smoothly from the visible ones around, so that
    nothing can depend on what was there; 0 where all is transparent. The same planes where nothing is hidden.
    """
    filled = planes
    for alpha, channels in covering(alphas).items():
        hidden = planes[alpha] <= 0
        if not hidden.any():
            continue
        filled = planes.copy() if filled is planes else filled
        smooth = _continued(planes[channels], np.square(planes[alpha]))
        for channel, plane in zip(channels, smooth, strict=True):
            np.copyto(filled[channel], plane, where=hidden)
    return filled


def without_hidden(picture: Picture) -> Picture:
    """The same for a picture of integers: what alpha shows of it stays to the bit."""
    alphas = alphas_of(picture.channels)
    planes = to_planes(picture.pixels)
    filled = with_hidden_filled(planes, alphas)
    if filled is planes:
        return picture
    integers: IntegerPixels = to_integers(np.moveaxis(filled, 0, -1), picture.bit_depth)
    return Picture(np.where(np.moveaxis(filled != planes, 0, -1), integers, picture.pixels), picture.channels)


def _continued(means: Planes, weights: NDArray[np.float32]) -> Planes:
    """(C, H, W): the means where their weights (H, W) are 1 or more; the less these are, the more of what
    weighs around, from a pyramid (push-pull: Gortler et al. 1996, "The Lumigraph"). 0 where nothing weighs.
    """
    share = np.minimum(weights, np.float32(1))
    if share.min() == 1:
        return means
    if weights.size == 1:
        return means * (weights > 0)
    sums, total = _quartered(means * weights), _quartered(weights[None])
    around = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
    known, rest = share * means, np.float32(1) - share
    smooth = known + rest * _doubled(_continued(around, total[0]))[:, : len(weights), : weights.shape[1]]
    for _ in range(_ROUNDS):
        smooth = known + rest * _mean_of_neighbours(smooth)
    return smooth


def _mean_of_neighbours(planes: Planes) -> Planes:
    """The mean of the four neighbours of each pixel (C, H, W); beyond the border its pixels go on."""
    wide = np.pad(planes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    sums: Planes = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    return np.float32(0.25) * sums


def _quartered(planes: Planes) -> Planes:
    """Sums of 2 x 2 pixels of (C, H, W), an odd side padded by zeros."""
    even = np.pad(planes, [(0, 0), *((0, side % 2) for side in planes.shape[1:])])
    sums: Planes = even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]
    return sums


def _doubled(planes: Planes) -> Planes:
    """Twice as large, bilinear; beyond the border its pixels go on."""
    return _doubled_across(_doubled_across(planes).swapaxes(1, 2)).swapaxes(1, 2)


def _doubled_across(planes: Planes) -> Planes:
    padded = np.pad(planes, ((0, 0), (0, 0), (1, 1)), mode="edge")
    out = np.empty((*planes.shape[:2], planes.shape[2], 2), np.float32)
    near = np.float32(0.75) * planes
    for side, other in enumerate((padded[:, :, :-2], padded[:, :, 2:])):
        np.add(near, np.float32(0.25) * other, out=out[..., side])
    return out.reshape(*planes.shape[:2], -1)
