"""docs/format.md is enough to write a decoder: the one in conformance/ agrees to the bit."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import page
from gsimg_samples import any_gaussians, chunks_of, file_of, on_canvas, sample_gaussians
from gsimg_samples import encode_fixed as encode
from imagegs.codec import Bits, decode, read_info
from imagegs.codec.lattice import Lattice
from imagegs.errors import FormatError
from imagegs.gaussians import Gaussians
from test_coded import clustered
from test_lattice import lattices

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "conformance" / "decode_reference.py"
PAGE = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")


def load_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("decode_reference", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = load_reference()


def check_agrees(data: bytes) -> None:
    ours, theirs, info = decode(data, size_limit=2**32), reference.decode(data), read_info(data)
    pairs = {"xy": "position", "scale": "scale", "angle": "angle", "log_weight": "weight", "color": "color"}
    for name, stored in pairs.items():
        assert theirs[stored].dtype == np.float32
        assert getattr(ours, name).tobytes() == np.ascontiguousarray(theirs[stored]).tobytes(), name
    for name in ("width", "height", "n_gaussians", "channels", "blend", "bit_depth", "metadata"):
        assert getattr(info, name) == theirs[name], name


@settings(max_examples=100, deadline=None)
@given(any_gaussians(), st.integers(1, 24), st.integers(1, 24))
def test_any_file_decodes_to_the_same_bits(gaussians: Gaussians, some: int, other: int) -> None:
    bits = Bits(position=some, scale=other, angle=some, weight=other, color=some)
    check_agrees(encode(gaussians, bits, metadata={"seed": some}))


@pytest.mark.parametrize("blend", ["paper", "softmax"])
@pytest.mark.parametrize("bits", [3, 11, 16, 24])
def test_a_real_file_decodes_to_the_same_bits(blend: str, bits: int) -> None:
    check_agrees(encode(sample_gaussians(1000, blend), Bits.parse(str(bits))))


@pytest.mark.parametrize("fineness", [0.3, 1.0, 4.0])
@pytest.mark.parametrize(("n", "channels"), [(1, 3), (9, 1), (400, 3), (150, 4), (60, 7)])
def test_a_coded_file_decodes_to_the_same_bits(n: int, channels: int, fineness: float) -> None:
    g = clustered(n, channels, seed=n, height=211, width=1000)
    check_agrees(encode(g, Lattice.of_fineness(fineness), metadata={"seed": 1}))
    check_agrees(encode(g.replace(log_weight=np.zeros(n)), Lattice.of_fineness(fineness)))


def test_layers_decode_to_the_same_bits() -> None:
    check_agrees(encode(clustered(300, 3).replace(layers=(20, 80, 200)), Lattice.of_fineness(1)))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(0, 999), lattices())
def test_any_lattice_decodes_to_the_same_bits(n: int, seed: int, lattice: Lattice) -> None:
    check_agrees(encode(on_canvas(sample_gaussians(n, seed=seed)), lattice))


def test_both_call_the_same_streams_invalid() -> None:
    chunks = chunks_of(encode(clustered(30, 3), Lattice.of_fineness(1)))
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(60):
        layer = bytearray(chunks[b"LAYR"])
        layer[int(rng.integers(4, len(layer)))] ^= 1 << int(rng.integers(8))
        data = file_of({**chunks, b"LAYR": bytes(layer)})
        try:
            check_agrees(data)
        except FormatError:
            rejected += 1
            with pytest.raises(reference.InvalidFileError):
                reference.decode(data)
    assert 5 < rejected < 60


@pytest.mark.parametrize("coding", [Bits(), Lattice.of_fineness(1)])
def test_the_reference_rejects_damage(coding: Bits | Lattice) -> None:
    data = encode(on_canvas(sample_gaussians(2)), coding, metadata={"seed": 1})
    for offset in range(len(data)):
        damaged = bytearray(data)
        damaged[offset] ^= 1
        for broken in (bytes(damaged), data[:offset], data + data[:offset] + b"x"):
            with pytest.raises(reference.InvalidFileError):
                reference.decode(broken)


def test_the_reference_imports_nothing_of_imagegs() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    assert {a.name if isinstance(n, ast.Import) else n.module for n in imports for a in n.names} == {
        "__future__", "json", "struct", "sys", "pathlib", "numpy",
    }  # fmt: skip


def test_the_examples_of_the_page_give_the_dumps_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python conformance/regenerate.py` puts them there."""
    assert page.with_dumps(PAGE) == PAGE
    assert (
        PAGE.count("```text") == 2 and "`python conformance/decode_reference.py --dump coded.gsimg`" in PAGE
    )
    monkeypatch.chdir(tmp_path)
    data = encode(on_canvas(sample_gaussians(1)), Lattice.of_fineness(1))
    Path("a.gsimg").write_bytes(data)
    command = [sys.executable, str(SCRIPT), "--dump", "a.gsimg"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert bytes.fromhex("".join(line[7:30] for line in lines)) == data
    assert lines[-1][:5] == f"{len(data) - 4:5d}"


def test_the_script_reports_an_invalid_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.gsimg"
    path.write_bytes(b"nothing")
    done = subprocess.run([sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True)
    assert done.returncode == 3 and done.stdout == "" and done.stderr.startswith("invalid: ")


def test_the_page_states_the_checksum_of_the_end_chunk() -> None:
    checksum = encode(sample_gaussians(1))[-4:].hex(" ").upper()
    assert f"CRC `{checksum}`" in PAGE
