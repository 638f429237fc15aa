"""`-`: pictures and .gsimg files from standard input, and to standard output."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, sample_gaussians, sample_pixels
from imagegs.cli import main
from imagegs.codec import decode, load, save
from imagegs.limits import Limits
from imagegs.rendering import render

posix = pytest.mark.skipif(os.name != "posix", reason="descriptors and terminals of POSIX systems")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Path, gsimg: Path) -> None:
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True)
class Done:
    """What a run left on its streams."""

    returncode: int
    stdout: bytes
    stderr: bytes


def imagegs(*arguments: object, data: bytes = b"", stdin: Any = None, stdout: Any = None) -> Done:
    """A run in this process, whose descriptors 0, 1 and 2 are others for a while.

    data: what a pipe gives, less than it holds. stdin, stdout: files or descriptors in place of pipes.
    """
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    with ExitStack() as undo, TemporaryFile() as out, TemporaryFile() as err:
        undo.callback(os.close, reading)
        streams = (stdin or reading, stdout or out, err)
        for number, stream in enumerate(streams):
            saved = os.dup(number)
            undo.callback(os.close, saved)
            undo.callback(os.dup2, saved, number)
            os.dup2(stream if isinstance(stream, int) else stream.fileno(), number)
        with pytest.MonkeyPatch.context() as patch:
            for number, name in enumerate(("stdin", "stdout", "stderr")):
                wrapper = undo.enter_context(open(number, "w" if number else "r", closefd=False))
                patch.setattr(sys, name, wrapper)
            code = main([str(argument) for argument in arguments])
        out.seek(0), err.seek(0)
        return Done(code, out.read(), err.read())


def refused(done: Done | subprocess.CompletedProcess[bytes], code: int, part: str) -> None:
    """The exit code, nothing on standard output, one line of error."""
    assert done.returncode == code and not done.stdout, done.stderr
    assert done.stderr.startswith(b"imagegs: error: ") and done.stderr.count(b"\n") == 1
    assert part in done.stderr.decode()


def names_in(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def pixels_of(png: bytes) -> np.ndarray:
    assert png.startswith(b"\x89PNG")
    return np.asarray(Image.open(io.BytesIO(png)))


def painted() -> np.ndarray:
    return render(load("sample.gsimg"), dtype=np.uint8)


def test_encode_from_and_to_the_streams(picture: Path) -> None:
    """The same bytes as from and to files; notes go to standard error."""
    assert imagegs("encode", picture, "-o", "a.gsimg", *FAST).returncode == 0
    wanted, data = Path("a.gsimg").read_bytes(), picture.read_bytes()
    for arguments in (["-", "-o", "-"], ["-"], [picture, "-o", "-"]):
        done = imagegs("encode", *arguments, *FAST, data=data)
        assert done.returncode == 0 and done.stdout == wanted
        assert done.stderr.startswith(f"-: {len(wanted)} bytes, ".encode()) and done.stderr.count(b"\n") == 1
    assert imagegs("encode", "-", "-o", "b.gsimg", *FAST, data=data).stdout == b""
    assert Path("b.gsimg").read_bytes() == wanted
    assert names_in(".") == ["a.gsimg", "b.gsimg", "photo.png", "sample.gsimg"]


def test_decode_from_and_to_the_streams(gsimg: Path) -> None:
    data = gsimg.read_bytes()
    for arguments in (["-", "-o", "-"], ["-"], [gsimg, "-o", "-"], [gsimg, "-o", "-", "--format", "PNG"]):
        done = imagegs("decode", *arguments, data=data)
        assert done.returncode == 0 and np.array_equal(pixels_of(done.stdout), painted())
        assert done.stderr.startswith(b"-: 48 x 32 pixels, 8 bits, ")
    assert imagegs("decode", "-", "-o", "b.png", "--quiet", data=data).stdout == b""
    assert np.array_equal(pixels_of(Path("b.png").read_bytes()), painted())
    assert names_in(".") == ["b.png", "photo.png", "sample.gsimg"]


def test_a_format_names_what_standard_output_gets() -> None:
    save("deep.gsimg", sample_gaussians(bit_depth=16))
    webp = imagegs("decode", "sample.gsimg", "-o", "-", "--format", ".webp").stdout
    assert webp[:4] == b"RIFF" and np.array_equal(np.asarray(Image.open(io.BytesIO(webp))), painted())
    npy = np.load(io.BytesIO(imagegs("decode", "deep.gsimg", "-o", "-", "--format", "npy").stdout))
    assert npy.dtype == np.uint16 and npy.shape == (32, 48, 3)
    tiff = imagegs("decode", "-", "--format", "tif", data=Path("sample.gsimg").read_bytes()).stdout
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(tiff))), painted())
    refused(imagegs("decode", "sample.gsimg", "-o", "-", "--format", "xyz"), 2, "-: cannot write .xyz")
    done = imagegs("decode", "sample.gsimg", "--format", "bmp")
    assert done.returncode == 0 and Path("sample.bmp").read_bytes()[:2] == b"BM"


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout here")
def test_a_descriptor_without_a_suffix_gets_png() -> None:
    for name in ("/dev/stdout", "/dev/fd/1"):
        assert np.array_equal(pixels_of(imagegs("decode", "sample.gsimg", "-o", name).stdout), painted())


def test_json_and_bytes_do_not_mix(picture: Path, gsimg: Path) -> None:
    wrong = "-: the output is standard output, where --json prints its object"
    refused(imagegs("encode", "-", "--json", *FAST, data=picture.read_bytes()), 2, wrong)
    refused(imagegs("decode", gsimg, "-o", "-", "--json"), 2, wrong)
    history = ["-o", "a.gsimg", "--history", "-", "--json", *FAST]
    refused(imagegs("encode", picture, *history), 2, wrong)
    done = imagegs("encode", "-", "-o", "a.gsimg", "--json", "--quiet", *FAST, data=picture.read_bytes())
    report = json.loads(done.stdout)
    assert (report["input"], report["output"]) == ("-", "a.gsimg")


def test_a_history_on_standard_output(picture: Path) -> None:
    done = imagegs("encode", picture, "-o", "a.gsimg", "--history", "-", "--quiet", *FAST)
    assert json.loads(done.stdout)["input"] == "photo.png" and done.stderr == b""
    both = imagegs("encode", picture, "-o", "-", "--history", "-", *FAST)
    refused(both, 2, "-: the history is the output -")
    with Path(os.devnull).open("wb") as nowhere:
        both = imagegs("encode", picture, "-o", "-", "--history", "-", *FAST, stdout=nowhere)
    refused(both, 2, "-: the history is the output -")


def test_stacks(tmp_path: Path) -> None:
    (tmp_path / "tiles").mkdir()
    for name in ("x_Color.png", "x_Normal.png"):
        Image.fromarray(sample_pixels()).save(tmp_path / "tiles" / name)
    data = imagegs("encode", "tiles", "-o", "-", *FAST).stdout
    assert len(decode(data).channels) == 6
    refused(imagegs("decode", "-", data=data), 2, "2 maps need a folder: name it with -o, or write one")
    save("one.gsimg", decode(data))
    refused(imagegs("decode", "-", "-o", "o", "--format", "png", data=data), 2, "--format is for one picture")
    assert imagegs("decode", "-", "-o", "o", data=data).returncode == 0
    assert names_in("o") == ["x_Color.png", "x_Normal.png"]
    one = imagegs("decode", "-", "--map", "Color", data=data)
    assert np.array_equal(pixels_of(one.stdout), np.asarray(Image.open("o/x_Color.png")))


@pytest.mark.parametrize("is_folder", [False, True])
def test_what_is_called_by_a_dash_is_left_alone(picture: Path, gsimg: Path, is_folder: bool) -> None:
    """A file or a folder of this name is ./-, never -."""
    dash = Path.cwd() / "-"
    if is_folder:
        dash.mkdir()
        (dash / "mine.txt").write_bytes(b"mine")
    else:
        dash.write_bytes(picture.read_bytes())
    before = sorted(Path().rglob("*")), None if is_folder else dash.read_bytes()
    data = imagegs("encode", "-", *FAST, data=picture.read_bytes()).stdout
    assert pixels_of(imagegs("decode", "-", "-o", "-", data=data).stdout).shape == (32, 48, 3)
    assert imagegs("compare", "-", picture, data=picture.read_bytes()).stdout.startswith(b"lossless")
    assert before == (sorted(Path().rglob("*")), None if is_folder else dash.read_bytes())
    if not is_folder:
        assert imagegs("encode", "./-", *FAST).returncode == 0
        assert len(load("-.gsimg")) == 64
        assert imagegs("decode", gsimg, "-o", "./-", "--format", "png").returncode == 0
        assert np.array_equal(pixels_of(dash.read_bytes()), painted())


def test_other_commands_read_standard_input(gsimg: Path, picture: Path) -> None:
    data = gsimg.read_bytes()
    assert json.loads(imagegs("info", "-", "--json", data=data).stdout)["n_gaussians"] == 60
    assert imagegs("compare", gsimg, "-", data=data).stdout.startswith(b"lossless, ")
    drawn = imagegs("plot", "-", "--quiet", data=data)
    assert pixels_of(drawn.stdout).shape == (32, 48, 3)
    found = imagegs("saliency", "-", "--method", "gradient", "--quiet", data=picture.read_bytes())
    assert pixels_of(found.stdout).shape == (32, 48)
    exported = imagegs("export", "-", "--target", "json", "-o", "e", "--quiet", data=data)
    assert exported.returncode == 0 and Path("e/texture.json").exists()
    refused(imagegs("export", gsimg, "--target", "json", "-o", "-"), 2, "a folder for buffers cannot be")
    page = imagegs("view", "-", "--export", "-", "--quiet", data=data)
    assert page.stdout.startswith(b"<!doctype html>")


def test_standard_input_is_read_once(picture: Path, gsimg: Path) -> None:
    once = "standard input, -, can be read only once"
    refused(imagegs("compare", "-", "-", data=gsimg.read_bytes()), 2, once)
    for option in ("--init", "--saliency"):
        refused(imagegs("encode", "-", option, "-", *FAST, data=picture.read_bytes()), 2, once)
    done = imagegs("encode", picture, "--init", "-", "--quiet", *FAST, data=picture.read_bytes())
    assert done.returncode == 0


def test_what_comes_in_is_checked(picture: Path) -> None:
    refused(imagegs("encode", "-"), 3, "-: the file is empty")
    refused(imagegs("encode", "-", data=b"no picture"), 3, "-: ")
    refused(imagegs("decode", "-", data=picture.read_bytes()), 3, "-: ")
    with picture.open("rb") as file:
        refused(imagegs("decode", "-", stdin=file), 3, "-: ")


def test_a_jpeg_is_restored_from_its_pixels(tmp_path: Path) -> None:
    Image.fromarray(sample_pixels().repeat(4, 0).repeat(4, 1)).save("a.jpg", quality=20)
    (Path.cwd() / "-").write_bytes(b"another file")
    command = ["encode", "-", "--restore", "deblock", "-n", 20, *FAST]
    done = imagegs(*command, data=Path("a.jpg").read_bytes())
    assert done.returncode == 0 and decode(done.stdout).width == 192


@posix
def test_a_file_is_read_from_where_it_stands(picture: Path) -> None:
    """As a shell leaves it: ( read -r line; imagegs encode - ) < file."""
    Path("both").write_bytes(b"a line\n" + picture.read_bytes())
    with Path("both").open("rb", buffering=0) as file:
        file.seek(7)
        done = imagegs("encode", "-", *FAST, stdin=file)
    assert done.returncode == 0 and decode(done.stdout).width == 48


@posix
@pytest.mark.parametrize("command", ["info", "decode", "compare", "plot"])
def test_a_file_of_this_format_is_read_from_where_it_stands(gsimg: Path, command: str) -> None:
    Path("both").write_bytes(b"a line\n" + gsimg.read_bytes())
    more = [gsimg] if command == "compare" else []
    with Path("both").open("rb", buffering=0) as file:
        file.seek(7)
        done = imagegs(command, "-", *more, stdin=file)
    assert done.returncode == 0 and done.stdout


@posix
@pytest.mark.parametrize("command", ["info", "decode", "plot"])
def test_the_rest_of_a_file_is_refused_at_its_start(command: str) -> None:
    with Path("large").open("w+b", buffering=0) as file:
        file.truncate(2**40)  # a file with a hole, more than memory holds
        file.seek(7)
        refused(
            imagegs(command, "-", stdin=file), 3, "a gsimg file" if command != "plot" else "a .gsimg file"
        )


@posix
@pytest.mark.parametrize("command", ["encode", "compare"])
def test_the_rest_of_a_file_has_the_limit_of_a_pipe(
    picture: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagegs.pictures.reading._max_bytes", lambda _: 1000)
    monkeypatch.setattr("imagegs.limits.Limits.of", lambda _: Limits(max_bytes=1000))
    more = [picture] if command == "compare" else FAST
    with Path("large").open("w+b", buffering=0) as file:
        file.write(b"a line\n" + picture.read_bytes())
        file.truncate(2**40)
        file.seek(7)
        refused(imagegs(command, "-", *more, stdin=file), 3, "over the limit of 1000 bytes")


@posix
def test_the_streams_are_files_of_the_run(picture: Path, gsimg: Path) -> None:
    """What the shell connected is neither written while it is read nor replaced."""
    before = picture.read_bytes(), gsimg.read_bytes()
    with picture.open("rb") as file:
        done = imagegs("encode", "-", "-o", picture, "--overwrite", *FAST, stdin=file)
        refused(done, 2, f"{picture}: the output is the input -")
    with gsimg.open("rb") as file, gsimg.open("ab") as end:
        refused(imagegs("decode", "-", stdin=file, stdout=end), 2, "-: the output is the input -")
    with picture.open("ab") as end:
        refused(imagegs("encode", picture, "-o", "-", *FAST, stdout=end), 2, "the output is the input")
        done = imagegs("encode", picture, "-o", "a.gsimg", "--json", "--quiet", *FAST, stdout=end)
        refused(done, 2, "-: the output is the input")
    with gsimg.open("ab") as end:
        refused(imagegs("info", gsimg, stdout=end), 2, "-: the output is the input")
        refused(imagegs("compare", picture, gsimg, stdout=end), 2, "-: the output is the input")
    assert (picture.read_bytes(), gsimg.read_bytes()) == before


@posix
def test_what_the_shell_opened_is_continued(picture: Path) -> None:
    Path("log").write_bytes(b"before")
    with Path("log").open("ab") as end:
        assert imagegs("encode", picture, "-o", "-", "--no-overwrite", *FAST, stdout=end).returncode == 0
    assert decode(Path("log").read_bytes().removeprefix(b"before")).width == 48


@posix
def test_terminals(picture: Path, gsimg: Path) -> None:
    """As gzip and zstd do: no binary data from a terminal, none to it."""
    master, terminal = os.openpty()
    try:
        shown = "-: standard output is a terminal, which shows no binary data"
        refused(imagegs("encode", picture, "-o", "-", *FAST, stdout=terminal), 2, shown)
        refused(imagegs("decode", gsimg, "-o", "-", stdout=terminal), 2, shown)
        refused(imagegs("decode", gsimg, "-o", "/dev/stdout", stdout=terminal), 2, shown[2:])
        for command in ("encode", "decode", "info"):
            refused(imagegs(command, "-", stdin=terminal), 2, "-: standard input is a terminal")
        done = imagegs("encode", picture, "-o", "a", "--history", "-", "--quiet", *FAST, stdout=terminal)
        assert done.returncode == 0 and b"imagegs-history" in os.read(master, 4096)  # text may
    finally:
        os.close(master)
        os.close(terminal)


def shell(line: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """A line in which "$0" is Python."""
    command = ["sh", "-c", line, sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60)


@posix
def test_a_pipeline(picture: Path) -> None:
    line = '"$0" -m imagegs encode - --steps 3 --quiet < "$1" | "$0" -m imagegs decode - --quiet > out.png'
    assert shell(line, picture).stderr == b""
    assert pixels_of(Path("out.png").read_bytes()).shape == (32, 48, 3)


@posix
def test_closed_streams(picture: Path) -> None:
    refused(shell('"$0" -m imagegs encode - -o a.gsimg <&-', picture), 4, "-: standard input is closed")
    refused(shell('"$0" -m imagegs encode "$1" -o - >&-', picture), 4, "-: standard output is closed")
    assert not Path("a.gsimg").exists()


@posix
def test_a_reader_that_leaves_ends_the_run_in_silence(gsimg: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = imagegs("decode", gsimg, "-o", "-", "--quiet", stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (4, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output(gsimg: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = imagegs("decode", gsimg, "-o", "-", stdout=full)
    refused(done, 4, "-: no space left on device")
