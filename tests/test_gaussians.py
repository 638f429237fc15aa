"""What `Gaussians` accepts."""

from __future__ import annotations

import numpy as np
import pytest

from imagegs.gaussians import Gaussians


def fields(**changes):
    return {
        "xy": np.ones((2, 2)),
        "scale": np.ones((2, 2)),
        "angle": np.zeros(2),
        "log_weight": np.zeros(2),
        "color": np.zeros((2, 3)),
        "height": 4,
        "width": 5,
    } | changes


def test_arrays_become_contiguous_float32():
    g = Gaussians(**fields(xy=np.asfortranarray(np.ones((2, 2)))))
    assert len(g) == 2
    assert all(a.dtype == np.float32 and a.flags.c_contiguous for a in (g.xy, g.scale, g.angle, g.color))
    assert len(g.replace(channels=("a", "b", "c"))) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"xy": np.ones((0, 2))}, "at least one"),
        ({"xy": np.ones((3, 2))}, "scale has shape"),
        ({"angle": np.zeros((2, 1))}, "angle has shape"),
        ({"color": np.zeros((2, 4))}, "color has shape"),
        ({"xy": np.full((2, 2), np.nan)}, "xy has values that are not finite"),
        ({"color": np.full((2, 3), np.inf)}, "color has values that are not finite"),
        ({"scale": np.zeros((2, 2))}, "scale has values below"),
        ({"scale": np.full((2, 2), 2.0**21)}, "scale has values beyond"),
        ({"xy": np.full((2, 2), -(2.0**21))}, "xy has values beyond"),
        ({"log_weight": np.full(2, 200.0)}, "log_weight has values beyond"),
        ({"channels": ("a", "a", "b")}, "unique"),
        ({"channels": ()}, "channels are possible"),
        ({"channels": tuple(map(str, range(33)))}, "channels are possible"),
        ({"height": 0}, "canvas side"),
        ({"width": 65536}, "canvas side"),
        ({"blend": "sum"}, "unknown blend"),
        ({"bit_depth": 12}, "bit depth"),
    ],
)
def test_invalid_fields_are_refused(changes, message):
    Gaussians(**fields())
    with pytest.raises(ValueError, match=message):
        Gaussians(**fields(**changes))
