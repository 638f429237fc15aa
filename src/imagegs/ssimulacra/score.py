"""SSIMULACRA 2.1: how far a picture is from its reference, tuned on people's scores of compressed pictures.

Source: Jon Sneyers (Cloudinary) 2022, updated in April 2023. There is no paper; its definition is the tool
ssimulacra2 of libjxl, with which this agrees: SSIM and two edge errors in the colour space XYB at six scales,
their means and 4-norms weighted. The weights and the scale of the scores are the tool's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import MOST_SCORE
from imagegs.pictures.pixels import Pixels
from imagegs.ssimulacra.recursive_gaussian import blurred
from imagegs.ssimulacra.single_precision import Singles
from imagegs.ssimulacra.xyb import linear_light, positive_xyb

MIN_SIDE = 8  # pixels
_N_SCALES = 6
_C2 = np.float32(0.0009)  # as in SSIM: 0.03 squared

# For each scale of each component (X, Y, B - Y) of the means of three errors (structure, artefacts, lost
# detail) and of their 4-norms.
_WEIGHTS = np.array(
    [
        [[0, 0.0007376606707406586, 0], [0, 0.0007793481682867309, 0]],
        [[0, 0.0004371155730107379, 0], [1.1041726426657346, 0.00066284834129271, 0.00015231632783718752]],
        [[0, 0.0016406437456599754, 0], [1.8422455520539298, 11.441172603757666, 0]],
        [[0.0007989109436015163, 0.000176816438078653, 0], [1.8787594979546387, 10.94906990605142, 0]],
        [
            [0.0007289346991508072, 0.9677937080626833, 0],
            [0.00014003424285435884, 0.9981766977854967, 0.00031949755934435053],
        ],
        [[0.0004550992113792063, 0, 0], [0.0013648766163243398, 0, 0]],
        [[0, 0, 0], [7.466890328078848, 0, 17.445833984131262]],
        [[0.0006235601634041466, 0, 0], [6.683678146179332, 0.00037724407979611296, 1.027889937768264]],
        [[225.20515300849274, 0, 0], [19.213238186143016, 0.0011401524586618361, 0.001237755635509985]],
        [[176.39317598450694, 0, 0], [24.43300999870476, 0.28520802612117757, 0.0004485436923833408]],
        [[0, 0, 0], [34.77906344483772, 44.835625328877896, 0]],
        [[0, 0, 0], [0, 0, 0]],
        [[0, 0.0008680556573291698, 0], [0, 0, 0]],
        [[0, 0.0005313191874358747, 0], [0.00016533814161379112, 0, 0]],
        [[0, 0, 0], [0.0004179171803251336, 0.0017290828234722833, 0]],
        [[0.0020827005846636437, 0, 0], [8.826982764996862, 23.19243343998926, 0]],
        [
            [95.1080498811086, 0.9863978034400682, 0.9834382792465353],
            [0.0012286405048278493, 171.2667255897307, 0.9807858872435379],
        ],
        [[0, 0, 0], [0.0005130064588990679, 0, 0.00010854057858411537]],
    ]
)


class Side(NamedTuple):
    """The arrays that the score takes of one of both pictures at one scale, each (3, H, W)."""

    planes: Singles  # in XYB
    means: Singles
    variances: Singles


class Reference:
    """A picture that others are held against. What the score takes of it alone is computed once.

    pixels: (H, W, 3) uint8, sRGB, at least 8 pixels a side. Raises ValueError for others.
    """

    def __init__(self, pixels: Pixels) -> None:
        _check(pixels)
        self._shape, self._sides = pixels.shape, list(_sides(pixels))

    def score(self, picture: Pixels) -> float:
        """`ssimulacra2` of this reference and a picture."""
        _check(picture)
        if picture.shape != self._shape:
            raise ValueError(f"the pictures differ in shape: {self._shape} and {picture.shape}")
        scales = [_errors(x, y) for x, y in zip(self._sides, _sides(picture), strict=True)]
        errors = np.stack(scales, axis=1).reshape(-1, 2, 3)
        # A small picture has fewer scales: then the tool counts the weights through, so that those of a
        # component are other ones. Its scores of small pictures are what they are.
        return _score(float((_WEIGHTS[: len(errors)] * errors).sum()))


def ssimulacra2(reference: Pixels, picture: Pixels) -> float:
    """The score of a picture, at most 100 (no difference): 90 is visually lossless, 70 high quality, 50
    medium, 30 low; below 0 the distortion is very strong. The pictures do not change places: artefacts weigh
    otherwise than lost detail.

    reference, picture: (H, W, 3) uint8, sRGB, at least 8 pixels a side.

    Raises ValueError for other shapes or another dtype.
    """
    return Reference(reference).score(picture)


def _check(pixels: Pixels) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"SSIMULACRA 2 takes (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}")
    if min(pixels.shape[:2]) < MIN_SIDE:
        raise ValueError(f"SSIMULACRA 2 takes pictures of at least {MIN_SIDE} x {MIN_SIDE} pixels")


def _sides(pixels: Pixels) -> Iterator[Side]:
    """One for each scale, from the finest on."""
    linear = linear_light(pixels)
    for scale in range(_N_SCALES):
        if scale:
            if min(linear.shape[1:]) < MIN_SIDE:  # the last scale may have shorter sides
                break
            linear = _halved(linear)
        planes = positive_xyb(linear)
        means = blurred(planes)
        yield Side(planes, means, blurred(planes * planes) - np.square(means))


def _halved(planes: Singles) -> Singles:
    """Means of 2 x 2 pixels; the last row and column of an odd side count twice."""
    _, height, width = planes.shape
    even = np.pad(planes, [(0, 0), (0, height % 2), (0, width % 2)], mode="edge")
    sums = even[:, 0::2, 0::2] + even[:, 0::2, 1::2] + even[:, 1::2, 0::2] + even[:, 1::2, 1::2]
    return np.asarray(sums * np.float32(0.25))


def _errors(x: Side, y: Side) -> NDArray[np.float64]:
    """(3, 2, 3): of each component the means and the 4-norms of three errors."""
    # Above 0 where the reference is smoother.
    edges = (1 + abs(y.planes - y.means)) / (1 + abs(x.planes - x.means)) - 1
    errors = np.stack([_structure_error(x, y), np.maximum(edges, 0), np.maximum(-edges, 0)], axis=1)
    means = errors.mean(axis=(2, 3), dtype=np.float64)
    fourth_powers = np.square(np.square(errors)).mean(axis=(2, 3), dtype=np.float64)
    return np.stack([means, fourth_powers**0.25], axis=1)


def _structure_error(x: Side, y: Side) -> Singles:
    """1 - SSIM, not below 0, without the denominator of SSIM's luminance term: XYB is perceptual already."""
    luminance = 1 - np.square(x.means - y.means)
    covariance = blurred(x.planes * y.planes) - x.means * y.means
    similarity = luminance * (2 * covariance + _C2) / (x.variances + y.variances + _C2)
    return np.asarray(np.maximum(1 - similarity, np.float32(0)))


def _score(weighted: float) -> float:
    """The scale of the scores that people gave: a cubic, then a power."""
    x = 0.9562382616834844 * weighted
    distance = 2.326765642916932 * x - 0.020884521182843837 * x**2 + 6.248496625763138e-05 * x**3
    return MOST_SCORE - 10 * distance**0.6276336467831387 if distance > 0 else MOST_SCORE
