"""What `Gaussians` accepts."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from imagegs.gaussians import Gaussians

ARRAYS = ("xy", "scale", "angle", "log_weight", "color")


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


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy]
    + [
        lambda g, protocol=protocol: pickle.loads(pickle.dumps(g, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ],
)
def test_copies_are_equal_and_read_only(copied):
    g = Gaussians(**fields(color=np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]), layers=(1, 1), wrap=True))
    twin = copied(g)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(twin, name), getattr(g, name))
        with pytest.raises(ValueError, match="read-only"):
            getattr(twin, name)[0] = 1
    assert {k: v for k, v in vars(twin).items() if k not in ARRAYS} == {
        k: v for k, v in vars(g).items() if k not in ARRAYS
    }


def damaged(changes):
    """A pickle of Gaussians that no call of the constructor would have made."""
    g = Gaussians(**fields())
    vars(g).update(changes)
    return pickle.dumps(g)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"xy": np.full((2, 2), np.nan, np.float32)}, ValueError),
        ({"color": np.zeros((1, 3), np.float32)}, ValueError),
        ({"scale": np.zeros((2, 2), np.float32)}, ValueError),
        ({"height": 10**9}, ValueError),
        ({"blend": "sum"}, ValueError),
        ({"channels": ["R", "G", "B"]}, TypeError),
        ({"unknown": 1}, TypeError),
    ],
)
def test_pickles_are_checked(changes, error):
    pickle.loads(damaged({}))
    with pytest.raises(error):
        pickle.loads(damaged(changes))
