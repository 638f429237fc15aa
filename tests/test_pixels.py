"""Arrays of a user are checked; integers and floats are converted to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagegs.pictures.pixels import Picture, as_pixels, to_float, to_integers


@pytest.mark.parametrize("bits", [8, 16])
def test_integers_survive_the_way_to_floats_and_back(bits: int) -> None:
    pixels = np.arange(1 << bits, dtype=f"uint{bits}").reshape(-1, 16, 1)
    values = to_float(pixels)
    assert (values.dtype, values.min(), values.max()) == (np.float32, 0.0, 1.0)
    back = to_integers(values, bits)
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, pixels)


def test_floats_are_clipped_and_halves_rounded_up() -> None:
    values = np.array([[-0.5, 0.0, 0.5, 1.0, 1.5, np.inf]])
    assert to_integers(values, 8).tolist() == [[0, 0, 128, 255, 255, 255]]
    assert to_integers(values.astype(np.float16), 16).tolist() == [[0, 0, 32768, 65535, 65535, 65535]]
    assert to_float(values).tolist() == [[0.0, 0.0, 0.5, 1.0, 1.0, 1.0]]
    tall = np.linspace(0, 1, 3_000_000).reshape(-1, 3)
    np.testing.assert_array_equal(to_integers(tall, 16), np.floor(tall.astype(np.float32) * 65535 + 0.5))
    with pytest.raises(ValueError, match="not a number"):
        to_integers(np.array([[np.nan]]), 8)
    with pytest.raises(ValueError, match="8 or 16"):
        to_integers(values, 12)
    with pytest.raises(TypeError):
        to_integers(np.zeros((2, 2), np.uint8), 8)


def test_the_check_of_a_user_s_array() -> None:
    for dtype in (np.uint8, np.uint16, np.float16, np.float32, np.float64, ">u2"):
        pixels = as_pixels(np.ones((3, 4), dtype))
        assert pixels.shape == (3, 4, 1)
        assert pixels.dtype == np.dtype(dtype).newbyteorder("=")
    assert as_pixels(np.ones((3, 4, 32))).shape == (3, 4, 32)
    wrong: list[tuple[Any, Any]] = [
        (TypeError, np.ones((3, 4), np.int32)), (TypeError, np.ones((3, 4), bool)), (TypeError, "text"),
        (ValueError, np.ones(3)), (ValueError, np.ones((2, 3, 4, 5))), (ValueError, np.ones((3, 4, 33))),
        (ValueError, np.ones((0, 4))), (ValueError, np.ones((3, 4, 0))), (ValueError, np.ones((1, 65_536))),
        (ValueError, np.array([[np.nan]])), (ValueError, np.array([[np.inf]])),
    ]  # fmt: skip
    for kind, array in wrong:
        with pytest.raises(kind):
            as_pixels(array)
    with pytest.raises(TypeError):
        Picture(np.ones((3, 4, 1)), ("Y",))  # type: ignore[arg-type]


class FakeImage:
    """What tells a PIL image apart: this module does not need PIL to refuse one."""

    def getbands(self) -> None: ...

    def getpalette(self) -> None: ...


@pytest.mark.parametrize("image", [Image.new("P", (4, 4)), Image.new("RGB", (4, 4)), FakeImage()])
def test_images_of_pillow_are_no_arrays(image: Any) -> None:
    with pytest.raises(TypeError, match=r"give np\.asarray\(image\.convert\('RGB'\)\)"):
        as_pixels(image)


def test_masks_are_not_lost_in_silence() -> None:
    with pytest.raises(TypeError, match=r"give array\.filled\(0\)"):
        as_pixels(np.ma.masked_array(np.zeros((3, 4)), np.ones((3, 4))))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, 255.0], r"in 0\.\.1, not 0\.\.255: divide"),
        ([-1.5, 1.0], r"not -1\.5\.\.1: divide"),
        ([-1.0, 1.0], r"not -1\.\.1: give \(x \+ 1\) / 2 of data in -1\.\.1 such as normals"),
        ([-0.003, 0.5], r"not -0\.003\.\.0\.5: .*such as normals, or x\.clip\(0, 1\)"),
        ([0.0, 1.003], r"not 0\.\.1\.003: give x\.clip\(0, 1\) of what a filter overshot"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_outside_of_0_to_1_are_refused(values: list[float], message: str, dtype: Any) -> None:
    with pytest.raises(ValueError, match=message):
        as_pixels(np.array([values], dtype))


def test_what_rounding_leaves_outside_of_0_to_1_is_let_through() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        half_a_step = np.array([[-1, 511]], dtype) / dtype(510)
        assert (as_pixels(half_a_step)[:, :, 0] == half_a_step).all()


def test_what_is_measured_may_overshoot() -> None:
    assert as_pixels(np.array([[-1.0, 2.0]]), overshoot=True).shape == (1, 2, 1)
    with pytest.raises(ValueError, match=r"in about 0\.\.1, not 0\.\.255: divide"):
        as_pixels(np.array([[0.0, 255.0]]), overshoot=True)
    with pytest.raises(ValueError, match=r"not -1\.5\.\.1: divide"):
        as_pixels(np.array([[-1.5, 1.0]]), overshoot=True)
