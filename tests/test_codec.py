"""Whole files: what is encoded is decoded, told by `read_info`, saved and loaded."""

from __future__ import annotations

import ast
import errno
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imagegs.codec
from gsimg_samples import any_gaussians, bits_of_any_size, chunks_of, nested, same, sample_gaussians
from gsimg_samples import encode_fixed as encode
from gsimg_samples import save_fixed as save
from imagegs.codec import Bits, decode, file_size, load, read_file, read_info
from imagegs.errors import FormatError, LimitError
from imagegs.gaussians import Gaussians

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=9)  # lone surrogates are no text
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(any_gaussians(), bits_of_any_size, st.none() | st.dictionaries(st.text("ab"), json_values, max_size=3))
def test_the_encoder_never_emits_what_the_decoder_rejects(
    gaussians: Gaussians, bits: Bits, metadata: Any
) -> None:
    data = encode(gaussians, bits, metadata=metadata)
    decoded, info = decode(data, size_limit=2**32), read_info(data)
    assert decoded.channels == info.channels == gaussians.channels
    assert (info.width, info.height, info.n_gaussians) == (gaussians.width, gaussians.height, len(gaussians))
    assert (info.blend, info.bit_depth) == (decoded.blend, decoded.bit_depth)
    assert info.metadata == metadata
    assert len(data) == info.n_bytes == sum(info.bytes_by_chunk.values())
    assert len(data) == file_size(len(gaussians), gaussians.channels, gaussians.blend, bits, metadata)
    again = encode(decoded, bits, metadata=metadata)
    assert len(again) == len(data)


@pytest.mark.parametrize("metadata", [None, {}, nested(16), {"seed": 1, "recipe": "paper", "x": [0.1, None]}])
def test_metadata_comes_back(metadata: dict[str, Any] | None) -> None:
    assert read_info(encode(sample_gaussians(1), metadata=metadata)).metadata == metadata


def test_info() -> None:
    gaussians = sample_gaussians(10, bit_depth=16)
    info = read_info(encode(gaussians, Bits.parse("12,8,7,6,5")))
    assert info.version == 3
    assert info.coding == Bits(12, 8, 7, 6, 5) and info.layers == ()
    assert info.bits_by_attribute == {
        "position": 8 * 2 * (8 + 15) / 10,
        "scale": 8 * 2 * (8 + 10) / 10,
        "angle": 8 * (8 + 9) / 10,
        "weight": 8 * (8 + 8) / 10,
        "color": 8 * 3 * (8 + 7) / 10,
    }
    assert info.bytes_by_chunk == {"frame": 10, "HEAD": 30, "GAUS": 12 + 5 + 160, "TAIL": 12}
    assert info.bpp == 8 * 229 / (48 * 32)


def test_bits_parse() -> None:
    assert Bits.parse("12") == Bits(12, 12, 12, 12, 12)
    assert Bits.parse("12, 8,7,0,5") == Bits(12, 8, 7, 0, 5)
    assert Bits() == Bits.parse("16") == Bits.parse("0016")


@pytest.mark.parametrize(
    "text", ["", "x", "12,8", "1,2,3,4,5,6", "12,,8,8,8", "-1", "²", "1.5", "0", "25", "9" * 5000]
)
def test_bits_that_do_not_parse(text: str) -> None:
    with pytest.raises(ValueError, match="bits"):
        Bits.parse(text)


@pytest.mark.parametrize("value", [1.0, True, "8", None])
def test_bits_of_the_wrong_type(value: Any) -> None:
    with pytest.raises(TypeError, match="bits of the angle"):
        Bits(angle=value)


def test_bits_per_gaussian() -> None:
    assert Bits().bits_per_gaussian(3, "paper") == 128  # the published 16-bit Gaussian
    assert Bits(12, 8, 7, 6, 5).bits_per_gaussian(4, "softmax") == 24 + 16 + 7 + 6 + 20


def test_save_and_load(tmp_path: Path) -> None:
    path, gaussians = tmp_path / "a.gsimg", sample_gaussians(20)
    size = save(path, gaussians, Bits.parse("12"), metadata={"seed": 3})
    assert size == path.stat().st_size
    assert path.read_bytes() == encode(gaussians, Bits.parse("12"), metadata={"seed": 3})
    assert same(load(path), decode(path.read_bytes()))
    with pytest.raises(LimitError):
        load(str(path), size_limit=1)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.gsimg")


def test_a_file_without_end_is_refused_at_its_start() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size >= 0, "all of it was asked for"
            return bytes(size)

    with pytest.raises(FormatError, match="not a gsimg file"):
        read_file(Endless())
    for start, message in ((b"", "empty"), (b"\x89GSI", "truncated in the signature: 4 of 8 bytes")):
        with pytest.raises(FormatError, match=message):
            read_file(io.BytesIO(start))


def test_a_failed_save_leaves_an_existing_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.gsimg"
    save(path, sample_gaussians(3))
    before = path.read_bytes()
    with pytest.raises(ValueError):
        save(path, sample_gaussians(3), Bits(weight=0))

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("imagegs.staging.temporaries.Temporary.replace_target", full)
    with pytest.raises(OSError, match="no space left"):
        save(path, sample_gaussians(4))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_encoding_twice_gives_the_same_bytes() -> None:
    assert encode(sample_gaussians(50)) == encode(sample_gaussians(50))
    assert list(chunks_of(encode(sample_gaussians(2)))) == [b"HEAD", b"GAUS", b"TAIL"]


def test_the_codec_imports_little() -> None:
    allowed = {"__future__", "bisect", "collections", "dataclasses", "itertools", "json", "math", "numpy"}
    allowed |= {
        "concurrent",
        "io",
        "operator",
        "os",
        "pathlib",
        "re",
        "stat",
        "struct",
        "typing",
        "zlib",
    }  # blocks have threads
    inside = {
        "_native",
        "codec",
        "engine",
        "errors",
        "files",
        "gaussians",
        "limits",
        "rendering",
    }
    for path in Path(imagegs.codec.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = _imported_from(node) if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top, _, rest = str(name).partition(".")
                assert rest.split(".")[0] in inside if top == "imagegs" else top in allowed, (path.name, name)


def _imported_from(node: ast.ImportFrom) -> list[str]:
    """The modules of `from a import b`: those of imagegs itself by their own names."""
    if node.module == "imagegs":
        return [f"imagegs.{alias.name}" for alias in node.names]
    return [str(node.module)]
