"""The JavaScript decoder against the conformance files, the native decoder and damaged files."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import fuzz
import mutations
from conftest import texture_pixels
from expected import ARRAYS, stored_integers
from imagegs import FormatError, Lattice, decode, encode, fit, sample
from web_pages import put

FOLDER = Path(__file__).parents[1] / "conformance"
VALID = sorted(path.stem for path in (FOLDER / "valid").glob("*.gsimg"))
MESSAGES = json.loads((FOLDER / "invalid" / "expected.json").read_text(encoding="utf-8"))
FIELDS = {"xy": "xy", "scale": "scale", "angle": "angle", "log_weight": "logWeight", "color": "color"}
FACTS = {"width": "width", "height": "height", "n_gaussians": "nGaussians", "blend": "blend"}
FACTS |= {"bit_depth": "bitDepth", "wrap": "wrap", "channels": "channels", "metadata": "metadata"}
DAMAGED = 1500

DECODE = """async ([name, options]) => {
    try {
        return numbersOf(web.decode(await bytesOf(name), options));
    } catch (error) {
        if (!(error instanceof web.FormatError)) throw error;
        return error.message;
    }
}"""
# The picture of a conformance file, at the centres of its pixels.
SAMPLE = """async ([name, columns, rows]) => {
    const found = web.decode(await bytesOf(name), { maxPixels: 2 ** 32 }), sampler = web.Sampler.of(found);
    const colors = [];
    for (let y = 0; y < rows; ++y)
        for (let x = 0; x < columns; ++x)
            colors.push(Array.from(
                sampler.at(((x + 0.5) * found.width) / columns, ((y + 0.5) * found.height) / rows).values));
    return colors;
}"""


@pytest.fixture(scope="module", params=[0, 32], ids=["whole", "in blocks"])
def layered(request: pytest.FixtureRequest) -> bytes:
    """A picture of four layers."""
    g = fit(texture_pixels(), 600, steps=20, threads=1, layers=4)
    assert len(g.layers) == 4
    return encode(g, Lattice.of_fineness(6), metadata={"note": "ä"}, block_side=request.param)


def test_valid_files_give_the_same_numbers(library: Any) -> None:
    for name in VALID:
        put(library, f"{name}.gsimg", (FOLDER / "valid" / f"{name}.gsimg").read_bytes())
        expected = json.loads((FOLDER / "valid" / f"{name}.json").read_text(encoding="utf-8"))
        found = library.evaluate(DECODE, [f"{name}.gsimg", {"integers": True, "maxPixels": 2**32}])
        assert {fact: found[key] for fact, key in FACTS.items()} == {fact: expected[fact] for fact in FACTS}
        assert found["integers"] == [q for row in expected["integers"] for q in row], name
        for array, field in ARRAYS.items():
            np.testing.assert_array_equal(
                np.float32(found[FIELDS[field]]), np.ravel(np.float32(expected[array]))
            )


def test_valid_files_give_the_same_pictures(library: Any) -> None:
    for name in VALID:
        put(library, f"{name}.gsimg", (FOLDER / "valid" / f"{name}.gsimg").read_bytes())
        expected = json.loads((FOLDER / "valid" / f"{name}.json").read_text(encoding="utf-8"))
        size = [expected["picture_width"], expected["picture_height"]]
        found = library.evaluate(SAMPLE, [f"{name}.gsimg", *size])
        assert np.abs(np.subtract(found, expected["picture"])).max() <= expected["picture_peak_error"], name


def test_invalid_files_are_rejected_for_the_same_reasons(library: Any) -> None:
    found = {}
    for name in MESSAGES:
        put(library, f"{name}.gsimg", (FOLDER / "invalid" / f"{name}.gsimg").read_bytes())
        found[name] = library.evaluate(DECODE, [f"{name}.gsimg", {}])
    assert found == MESSAGES


@pytest.mark.parametrize("lod", [0, 0.4, 1])
def test_levels_of_detail(library: Any, layered: bytes, lod: float) -> None:
    put(library, "a.gsimg", layered)
    found = library.evaluate(DECODE, ["a.gsimg", {"lod": lod}])
    g = decode(layered, lod=lod)
    layers = g.layers or (len(g),)
    assert [layer["n"] for layer in found["layers"]] == list(layers) and found["nGaussians"] == len(g)
    weights = np.float32(found["logWeight"])
    weights[-layers[-1] :] += np.float32(found["fade"])
    np.testing.assert_allclose(weights, g.log_weight, atol=1e-6)
    points = np.random.default_rng(1).uniform(0, (g.width, g.height), (50, 2)).round(2)
    script = """async ([lod, points]) => {
        const sampler = web.Sampler.of(web.decode(await bytesOf("a.gsimg"), { lod }));
        return points.map(([x, y]) => Array.from(sampler.at(x, y).values));
    }"""
    colors = library.evaluate(script, [lod, points.tolist()])
    np.testing.assert_allclose(colors, sample(g, points), atol=1e-4)


def test_a_file_cut_short_gives_its_whole_layers(library: Any, layered: bytes) -> None:
    data = layered[: len(layered) * 2 // 3]
    put(library, "a.gsimg", data)
    g = decode(data, allow_partial=True)
    found = library.evaluate(DECODE, ["a.gsimg", {"partial": True}])
    assert [layer["n"] for layer in found["layers"]] == list(g.layers)
    assert "bytes declared" in library.evaluate(DECODE, ["a.gsimg", {}])
    put(library, "b.gsimg", layered[:100])
    assert "bytes declared" in library.evaluate(DECODE, ["b.gsimg", {"partial": True}])


def test_limits(library: Any, layered: bytes) -> None:
    put(library, "a.gsimg", layered)
    script = """async (options) => {
        try {
            web.decode(await bytesOf("a.gsimg"), options);
        } catch (error) {
            return [error.name, error instanceof web.LimitError, error.message];
        }
    }"""
    for name, least in (
        ("maxBytes", len(layered)),
        ("maxPixels", 96 * 64),
        ("maxGaussians", 600),
        ("maxValues", 1800),
    ):
        assert library.evaluate(script, {name: least}) is None
        kind, right, message = library.evaluate(script, {name: least - 1})
        assert kind == "LimitError" and right and str(least - 1) in message
    assert library.evaluate(script, {"maxPixels": "many"})[0] == "RangeError"


def test_damaged_files_have_the_same_fate_as_in_the_native_decoder(library: Any) -> None:
    """And, where they are read, the same integers; given whole, or in pieces as they come."""
    corpus = fuzz.corpus()
    files = [mutations.mutated(corpus, Random(7 * 2**40 + i)) for i in range(DAMAGED)]
    put(library, "all", b"".join(files))
    script = """async ([lengths, options]) => {
        const all = await bytesOf("all"), found = [];
        let offset = 0;
        for (const length of lengths) {
            const bytes = all.slice(offset, (offset += length));
            try {
                found.push(Array.from(web.decode(bytes, options).integers));
            } catch (error) {
                if (!(error instanceof web.FormatError)) throw error;
                found.push(null);
            }
        }
        return found;
    }"""
    options = {"integers": True, "maxPixels": 2**32, "maxGaussians": 2**32, "maxValues": 2**37}
    found = library.evaluate(script, [[len(data) for data in files], options])
    for i, data in enumerate(files):
        try:
            expected = stored_integers(data).ravel().tolist()
            decode(data, size_limit=2**32)
        except FormatError:
            expected = None
        assert found[i] == expected, f"file {i}"
    accepted = sum(each is not None for each in found)
    assert DAMAGED / 10 < accepted < DAMAGED / 2
