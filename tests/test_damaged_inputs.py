"""Damaged arrays, weights, histories and stores: what is wrong is said, whatever a library raises."""

from __future__ import annotations

import io
import json
import os
import threading
import zipfile
from pathlib import Path
from random import Random
from tokenize import TokenError
from typing import Any

import numpy as np
import pytest

import mutations
from conftest import FAST, Run, sample_pixels
from imagegs import FormatError, ImageGSError
from imagegs.cli import exit_codes
from imagegs.errors import LimitError, reading
from imagegs.evaluation.codec import Codec
from imagegs.evaluation.measuring import Bench, Subject
from imagegs.evaluation.perceptual import lpips
from imagegs.evaluation.perceptual.torch_file import read_tensors
from imagegs.evaluation.store import Store
from imagegs.fitting.history import from_json
from imagegs.pictures.array_files import read_array
from requirements import need_packages


def array_file(header: str, payload: bytes = b"") -> bytes:
    """An .npy file with this text in its header."""
    text = header.encode("latin1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + payload


HEADERS = {
    "endless": "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 4), ",
    "overflow": "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 4), }",
    "negative": "{'descr': '|u1', 'fortran_order': False, 'shape': (-4, 4), }",
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (4, 4), }",
    "no type": "{'descr': '|z9', 'fortran_order': False, 'shape': (4, 4), }",
    "deep": "{'descr': " + "[" * 90,
    "bytes": "{'descr': '|u1', 'fortran_order': False, 'shape': b'\\x00', }",
    "short": "{'descr': '|u1', 'fortran_order': False, 'shape': (400, 400), }",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=list(HEADERS))
def test_damaged_arrays(run: Run, tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(array_file(header, bytes(16)))
    outcome = run("encode", path)
    assert outcome.code == exit_codes.INVALID_INPUT, outcome.err
    assert outcome.err.startswith(f"imagegs: error: {path}: the array is damaged or not supported: ")
    assert "('" not in outcome.err  # a text, no tuple of one and a place


def test_mutated_arrays_are_read_or_are_format_errors(tmp_path: Path) -> None:
    whole = io.BytesIO()
    np.save(whole, sample_pixels())
    path, kinds = tmp_path / "a.npy", set()
    for seed in range(400):
        random, data = Random(seed), whole.getvalue()
        for _ in range(random.randint(1, 3)):
            head = random.choice(mutations.ON_BYTES[:6])(data[:128], random)
            data = head + data[128:]
        path.write_bytes(data)
        try:
            read_array(path)
            kinds.add("read")
        except FormatError as error:
            kinds.add(type(error.__cause__).__name__)
    assert {"read", "ValueError", "TokenError"} <= kinds


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_an_array_from_a_pipe(tmp_path: Path) -> None:
    pipe, held = tmp_path / "a.npy", io.BytesIO()
    os.mkfifo(pipe)
    np.save(held, sample_pixels())
    writer = threading.Thread(target=pipe.write_bytes, args=[held.getvalue()])
    writer.start()
    assert np.array_equal(read_array(pipe).pixels, sample_pixels())
    writer.join()


def test_what_counts_as_damage() -> None:
    for raised, kept in (
        (MemoryError(), True),
        (LimitError("limit"), True),
        (OSError(5, "the disk"), True),
        (OSError("truncated"), False),
        (OSError(22, "a seek before the start"), False),
        (OverflowError("too large"), False),
        (KeyError(), False),
    ):
        with pytest.raises(type(raised) if kept else FormatError), reading("damaged"):
            raise raised
    with pytest.raises(FormatError, match=r"^damaged: EOF$"), reading("damaged"):
        raise TokenError("EOF", (2, 0))
    with pytest.raises(FormatError, match=r"^damaged: ValueError$"), reading("damaged"):
        raise ValueError


def test_damaged_weights(tmp_path: Path) -> None:
    """Pickles of noise and of operations in a wrong order; archives that are cut; networks that are none."""
    path, causes = tmp_path / "weights", set()
    for seed in range(300):
        random = Random(seed)
        path.write_bytes(bytes(random.choice(b"\x80\x02}q()uRKGMIi.lNtabcXsjhe]\x85") for _ in range(12)))
        with pytest.raises(FormatError, match="not weights of float32") as caught:
            read_tensors(path)
        causes.add(type(caught.value.__cause__))
    assert len(causes) > 3
    np.savez(path.with_suffix(".npz"), a=np.zeros(3))
    data = path.with_suffix(".npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("a.npy", array_file(HEADERS["endless"]))
    contents = [data, data[:-30], data[:60] + data[61:], b"", (tmp_path / "b.npz").read_bytes()]
    for number, each in enumerate(contents):
        (tmp_path / f"{number}.npz").write_bytes(each)
        with pytest.raises(FormatError, match="not the weights of LPIPS with AlexNet"):
            lpips._lpips_network(tmp_path / f"{number}.npz")


def test_weights_that_promise_more_than_the_file_has(tmp_path: Path) -> None:
    import pickle

    parts: list[Any] = [0x1950A86A20F9469CFC6C, 1001, {}, {}, ["0"]]
    path = tmp_path / "weights"
    count = (2**40).to_bytes(8, "little")
    path.write_bytes(b"".join(pickle.dumps(part, 2) for part in parts) + count)
    with pytest.raises(FormatError, match=r"a storage has more values than the file"):
        read_tensors(path)


def test_a_damaged_saliency_model(run: Run, tmp_path: Path, picture: Path) -> None:
    need_packages("onnxruntime")
    model = tmp_path / "model.onnx"
    for data in (b"", b"\x08\x07", os.urandom(200), b"\x00" * 1000):
        model.write_bytes(data)
        outcome = run("saliency", picture, "--saliency-model", model)
        assert outcome.code == exit_codes.INVALID_INPUT and str(model) in outcome.err


def test_damaged_histories(run: Run, tmp_path: Path, picture: Path) -> None:
    history = tmp_path / "fit.json"
    assert run("encode", picture, *FAST, "--history", history).code == exit_codes.DONE
    data = history.read_bytes()
    from_json(data)
    for seed in range(300):
        random = Random(seed)
        try:
            from_json(random.choice(mutations.ON_BYTES[:6])(data, random))
        except FormatError:
            continue
    deep = "[" * 100_000, '{"format":' * 50_000
    for text in (*deep, '{"a":' + "9" * 5000 + "}"):
        history.write_text(text)
        outcome = run("plot", history)
        assert outcome.code == exit_codes.INVALID_INPUT, outcome.err


def test_a_damaged_store_is_made_anew(tmp_path: Path) -> None:
    """What a run left behind and something else cut or changed is measured again."""
    made = []

    def encode(pixels: Any, setting: float) -> bytes:
        made.append(setting)
        return pixels.tobytes()

    def decode(data: bytes, shape: tuple[int, ...]) -> Any:
        return np.frombuffer(data, np.uint8).reshape(shape)

    codec = Codec("raw", "raw", "", encode, decode, dial=(1.0,))
    store = Store(tmp_path)

    def rows() -> list[dict[str, Any]]:
        return list(Bench(codec, Subject("a", sample_pixels(), None), ("psnr",), store).rows((1.0,)))

    before = rows()
    assert "bytes" in before[0] and made
    made.clear()
    assert rows() == before and not made
    (row,), (file,) = tmp_path.glob("*.json"), tmp_path.glob("*.file")
    whole = row.read_text(), file.read_bytes()
    partly = {key: value for key, value in json.loads(whole[0]).items() if "@" not in key}
    for text, data in (
        ("[" * 100_000, whole[1]),
        (whole[0][:-9], whole[1]),
        (json.dumps({**partly, "bytes": "many"}), whole[1]),
        (json.dumps(partly), whole[1][:-1]),
        (json.dumps({**partly, "bytes": len(whole[1]) - 1}), whole[1][:-1]),
    ):
        row.write_text(text)
        file.write_bytes(data)
        again = rows()
        assert {**again[0], **timings(before[0])} == before[0], text[:80]
        assert made
        made.clear()


def timings(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.endswith(("_seconds", "_peak_bytes"))}


def test_errors_of_imagegs_pass() -> None:
    with pytest.raises(ImageGSError, match=r"^no tifffile$"), reading("damaged"):
        raise ImageGSError("no tifffile")
