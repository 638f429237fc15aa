"""The files of conformance/: both decoders find what the table says, and one command writes them anew."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import decode_reference
import oracle
from expected import ARRAYS, grain_facts, stored_integers
from imagegs import FormatError, Gaussians, Grain, decode, read_info, render
from imagegs.rendering import samples_of
from imagegs.textures.map_list import from_metadata

FOLDER = Path(__file__).parents[1] / "conformance"
VALID = sorted(path.stem for path in (FOLDER / "valid").glob("*.gsimg"))
MESSAGES = json.loads((FOLDER / "invalid" / "expected.json").read_text(encoding="utf-8"))
FACTS = "width", "height", "n_gaussians", "blend", "bit_depth", "wrap", "channels", "metadata"


def valid(name: str) -> tuple[bytes, dict[str, Any]]:
    data = (FOLDER / "valid" / f"{name}.gsimg").read_bytes()
    return data, json.loads((FOLDER / "valid" / f"{name}.json").read_text(encoding="utf-8"))


def check_arrays(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Exactly; a table of one column may come as (N, 1) or (N,)."""
    np.testing.assert_array_equal(found["integers"], expected["integers"])
    for name in ARRAYS:
        values = np.array(expected[name], np.float32)
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name].reshape(values.shape), values, name)


def check_picture(picture: Any, expected: dict[str, Any]) -> None:
    samples = np.array(expected["picture"])
    error = np.abs(picture.reshape(samples.shape) - samples).max()
    assert error <= expected["picture_peak_error"]


@pytest.mark.parametrize("name", VALID)
def test_imagegs_reads_a_valid_file(name: str) -> None:
    data, expected = valid(name)
    g, info = decode(data), read_info(data)
    arrays = {name: getattr(g, field) for name, field in ARRAYS.items()}
    check_arrays({"integers": stored_integers(data), **arrays}, expected)
    assert {fact: getattr(info, fact) for fact in FACTS} == {
        **{fact: expected[fact] for fact in FACTS},
        "channels": tuple(expected["channels"]),
    }
    check_picture(render(g, height=expected["picture_height"], filtered=False), expected)
    check_grain(info.grain, g, expected)


def check_grain(grain: Grain | None, g: Gaussians, expected: dict[str, Any]) -> None:
    assert (grain is not None) == ("grain" in expected)
    if grain is not None:
        for name, value in grain_facts(grain, g).items():
            np.testing.assert_array_equal(value, expected[name], name)


@pytest.mark.parametrize("name", VALID)
def test_the_reference_decoder_reads_a_valid_file(name: str) -> None:
    data, expected = valid(name)
    found = decode_reference.decode(data)
    check_arrays(found, expected)
    for fact in FACTS:
        assert found[fact] == (tuple(expected[fact]) if fact == "channels" else expected[fact])
    arrays = {field: found[name] for name, field in ARRAYS.items()}
    arrays |= {name: arrays[name][:, 0] for name in ("angle", "log_weight")}
    g = SimpleNamespace(**arrays, **{fact: found[fact] for fact in ("width", "height", "blend", "wrap")})
    width, height = expected["picture_width"], expected["picture_height"]
    check_picture(oracle.render(g, width, height, (g.width / width, g.height / height)), expected)
    assert found["grain"] == expected.get("grain_deviations")


@pytest.mark.parametrize("name", [name for name in VALID if name.startswith("grain")])
def test_the_reference_decoder_makes_the_same_grain(name: str) -> None:
    data, expected = valid(name)
    grained = decode_reference.Grained(found := decode_reference.decode(data))
    for view in ("grain", "grain_smaller", "grain_larger"):
        width, height = len(expected[view][0]), len(expected[view])
        samples = (samples_of(found["width"] / width), samples_of(found["height"] / height))
        assert grained.picture(width, height, *samples) == expected[view]
    width, height = found["width"] // 9, found["height"] // 9
    assert not np.any(grained.picture(width, height, 1, 1)) and grained.at_pixel(0, 0)


def test_imagegs_reads_a_list_of_maps() -> None:
    _, expected = valid("fixed-maps-with-decimal-points")
    (found,) = from_metadata(expected["metadata"], expected["channels"])
    assert (found.name, found.bit_depth, found.own_channels) == ("Normal", 16, ("R", "G", "B"))


@pytest.mark.parametrize("name", MESSAGES)
def test_an_invalid_file_is_rejected(name: str) -> None:
    data = (FOLDER / "invalid" / f"{name}.gsimg").read_bytes()
    for read in (decode, read_info):
        with pytest.raises(FormatError) as caught:
            read(data)
        assert str(caught.value) == MESSAGES[name]
    with pytest.raises(decode_reference.InvalidFileError):
        decode_reference.decode(data)


def test_every_file_is_in_a_table() -> None:
    assert sorted(MESSAGES) == sorted(path.stem for path in (FOLDER / "invalid").glob("*.gsimg"))
    assert sorted(path.stem for path in (FOLDER / "valid").glob("*.json")) == VALID


def test_one_command_writes_the_same_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FOLDER / "regenerate.py"), str(tmp_path)], check=True)
    for part in ("valid", "invalid"):
        old, new = (
            {path.name: path.read_bytes() for path in (folder / part).iterdir()}
            for folder in (FOLDER, tmp_path)
        )
        assert sorted(old) == sorted(new)
        for name in old:
            assert old[name] == new[name], f"{name}: see conformance/README.md"
