"""`imagegs encode` of huge pictures: which way a picture goes, what is refused, what the encoder gets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from PIL import Image

import imagegs
from conftest import FAST, Run, check_failure
from imagegs.cli.block_bar import block_bar
from imagegs.compression.options import FitSettings, Target
from imagegs.errors import FormatError
from imagegs.large import LargeReport, Step, Workers
from imagegs.large.measuring import Quality
from imagegs.limits import BLOCK_PIXELS
from picture_files import noise
from requirements import need_packages
from test_huge_bad_inputs import HOSTILE, HUGE, hostile


class FakeEncoder:
    """Stands for the block encoder: keeps what it was called with, and writes a file."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(
        self, source: Any, out: Path, options: Any, workers: Workers, *, write: Any, progress: Any
    ) -> LargeReport:
        progress(Step("fit", 1, 1))
        self.calls.append({"source": source, "options": options, "workers": workers.n})
        size = source.width, source.height
        return LargeReport(write(out, [b"gs", b"img"]), 2, *size, 1, Quality(600, 6.0, 300.0), 1.0)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    fake = FakeEncoder()
    monkeypatch.setattr("imagegs.large.encode_large", fake)
    return fake


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """A threshold of 1,000 pixels."""
    monkeypatch.setattr("imagegs.cli.encode_routing.BLOCK_PIXELS", 1000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pixels = noise(3, np.uint8, (20, 30))
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=pixels.shape, dtype="uint8", chunks=(8, 8, 3))
    array[...] = pixels
    return tmp_path / "a.zarr"


def test_a_zarr_folder_goes_to_the_block_encoder(run: Run, encoder: FakeEncoder, folder: Path) -> None:
    outcome = run("encode", folder, "--bpp", "0.2", "-e", "3", "--seed", "7", "--json", "--quiet")
    assert outcome.code == 0, outcome.err
    assert (folder.parent / "a.gsimg").read_bytes() == b"gsimg"
    report = outcome.json
    assert report.pop("seconds") > 0
    assert report == {
        "input": str(folder), "output": str(folder.parent / "a.gsimg"), "bytes": 5, "width": 30, "height": 20,
        "bpp": 40 / 600, "n_gaussians": 2, "psnr": pytest.approx(20), "lossless": False, "ssim": 0.5,
        "layers": 1, "bits_per_gaussian": 20, "channels": ["R", "G", "B"], "bit_depth": 8,
        "frames_left_out": 0,
    }  # fmt: skip
    (call,) = encoder.calls
    options = call["options"]
    assert (options.target, options.threads, options.exact) == (Target(bpp=0.2), 1, False)
    assert options.fit == FitSettings(effort=3, seed=7)


def test_the_number_of_pixels_decides(run: Run, encoder: FakeEncoder, low: None, tmp_path: Path) -> None:
    for height, calls in ((25, 0), (26, 1)):
        Image.fromarray(noise(3, np.uint8, (height, 40))).save(tmp_path / "a.png")
        outcome = run("encode", tmp_path / "a.png", "-o", tmp_path / "a.gsimg", *FAST[:2], "--effort", "1")
        assert outcome.code == 0, outcome.err
        assert len(encoder.calls) == calls
    assert "a.gsimg: 5 bytes, 0.038 bpp, 2 Gaussians, 20.00 dB PSNR, 0.5000 SSIM, " in outcome.err


def test_the_threshold_is_that_of_pictures_in_memory() -> None:
    from imagegs.cli import encode_routing

    assert encode_routing.BLOCK_PIXELS == BLOCK_PIXELS == 2**26


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("a.npy", "strip.tif", "jpeg.tif")])
def test_the_limit_is_held_to_before_pixels_are_read(
    run: Run, encoder: FakeEncoder, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(hostile(name))
    outcome = run("encode", path, "-o", tmp_path / "a.gsimg", "--size-limit", HUGE * HUGE - 1)
    check_failure(outcome, 3, name, "limit", "(see --size-limit)")
    outcome = run("encode", path, "-o", tmp_path / "a.gsimg")
    check_failure(outcome, 3, name)  # without a limit of its own: the pixels are not there, or are too many
    assert not encoder.calls and not (tmp_path / "a.gsimg").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--psnr", 30), ("-q", 50), ("--ssimulacra2", 50), ("--time-budget", 3), ("--restore", "auto"),
        ("--mask", "m.png"), ("--saliency", "tuned"), ("--roi", "0,0,4,4"), ("--saliency-strength", 2),
        ("--init", "map.png"), ("--init", "gradient"), ("--bits", 8), ("--wrap",),
        ("--grain", "auto"), ("--recipe", "paper"), ("--history", "h.json"), ("--watch",), ("--no-open",),
        ("--resize-maps",), ("--map-weight", "color=2"), ("--exclude", "*"), ("--saliency-model", "x.onnx"),
    ],
)  # fmt: skip
def test_options_that_blocks_do_not_have(
    run: Run, encoder: FakeEncoder, folder: Path, arguments: tuple[object, ...]
) -> None:
    outcome = run("encode", folder, *arguments)
    flag = {"-q": "--quality"}.get(str(arguments[0]), str(arguments[0]))
    instead = "say --bpp" if flag in ("--psnr", "--quality", "--ssimulacra2") else "leave it out"
    check_failure(outcome, 2, f"{flag} is not possible with", "encoded in blocks", instead)
    assert not encoder.calls


def test_every_option_is_passed_on_or_refused() -> None:
    """An option that is new must be one or the other, so that none is ignored in silence."""
    from imagegs.cli.app import make_parser
    from imagegs.cli.encode_routing import _REFUSED

    options = vars(make_parser(["encode"]).parse_args(["encode", "a.tif"]))
    known = {"gaussians", "bpp", "target_size", "effort", "steps", "tune", "layers", "seed", "threads"}
    known |= {"input", "output", "overwrite", "no_overwrite", "workers", "scheduler", "size_limit"}
    known |= {"quiet", "verbose", "json", "run", "exact", "blocks"}
    assert set(options) == known | set(_REFUSED)
    assert {name: options[name] for name in _REFUSED} == {
        name: unset for name, (_, unset) in _REFUSED.items()
    }


@pytest.mark.parametrize("option", [("--workers", 2), ("--scheduler", "tcp://127.0.0.1:1")])
def test_workers_are_for_huge_pictures(run: Run, picture: Path, option: tuple[object, ...]) -> None:
    check_failure(
        run("encode", picture, *option), 2, "--workers and --scheduler", "67,108,864", "leave them out"
    )


@pytest.mark.parametrize(
    ("arguments", "workers", "threads"),
    [(("--workers", 1), 1, None), (("--workers", 3), 3, 1), (("--workers", 2, "--threads", 4), 2, 4)],
)
def test_workers_and_their_threads(
    run: Run, encoder: FakeEncoder, folder: Path, arguments: tuple[object, ...], workers: int, threads: int
) -> None:
    assert run("encode", folder, *arguments, "--quiet").code == 0
    (call,) = encoder.calls
    assert (call["workers"], call["options"].threads) == (workers, threads)


def test_a_real_file_by_two_processes(run: Run, folder: Path) -> None:
    outcome = run("encode", folder, "-n", 20, "-e", 1, "--workers", 2, "--json", "--quiet")
    assert outcome.code == 0, outcome.err
    data = (folder.parent / "a.gsimg").read_bytes()
    assert outcome.json["bytes"] == len(data)
    assert imagegs.decompress(data).shape == (20, 30, 3)


def test_workers_and_a_scheduler(run: Run, encoder: FakeEncoder, folder: Path, monkeypatch: Any) -> None:
    need_packages("dask", "distributed")
    check_failure(run("encode", folder, "--workers", 2, "--scheduler", "tcp://a:1"), 2, "--workers is about")
    check_failure(run("encode", folder, "--workers", 0), 2, "from 1 to 1024")
    monkeypatch.setattr("imagegs.distributed.cluster._CONNECT_SECONDS", 0.2)
    outcome = run("encode", folder, "--scheduler", "tcp://127.0.0.1:1")
    check_failure(outcome, 4, "no scheduler answers at tcp://127.0.0.1:1")
    monkeypatch.setattr("imagegs.distributed.cluster.find_spec", lambda name: None)
    outcome = run("encode", folder, "--scheduler", "tcp://127.0.0.1:1")
    check_failure(outcome, 1, "pip install 'imagegs[batch]'")
    assert not encoder.calls


def test_blocks_are_for_any_picture_in_a_file(run: Run, encoder: FakeEncoder, picture: Path) -> None:
    target = picture.parent / "blocks.gsimg"
    assert run("encode", picture, "-o", target, "--blocks", "--workers", 1, "--quiet").code == 0
    assert len(encoder.calls) == 1 and target.read_bytes() == b"gsimg"
    check_failure(
        run("encode", picture, "--blocks", "--psnr", 30), 2, "which is encoded in blocks: say --bpp"
    )
    check_failure(run("encode", picture.parent, "--blocks"), 2, "--blocks is for a picture in a file")
    check_failure(run("encode", "-", "-o", target, "--blocks"), 2, "--blocks is for a picture in a file")
    assert len(encoder.calls) == 1


def test_outputs_that_are_refused(run: Run, encoder: FakeEncoder, folder: Path) -> None:
    check_failure(run("encode", folder, "-o", "-"), 2, "name it with -o")
    check_failure(run("encode", folder, "-o", folder / "zarr.json"), 2, "lies within the input")
    (folder.parent / "a.gsimg").write_bytes(b"other")
    check_failure(run("encode", folder), 4, "--overwrite")
    (folder.parent / "a.png").write_bytes(b"\x89PNG")
    check_failure(run("encode", folder, "-o", folder.parent / "a.png"), 4, "is no .gsimg file")
    assert not encoder.calls
    assert run("encode", folder, "--overwrite").code == 0


def test_an_input_is_never_the_output(run: Run, encoder: FakeEncoder, low: None, tmp_path: Path) -> None:
    Image.fromarray(noise(3, np.uint8, (50, 50))).save(tmp_path / "a.png")
    (tmp_path / "b.gsimg").symlink_to(tmp_path / "a.png")
    outcome = run("encode", tmp_path / "a.png", "-o", tmp_path / "b.gsimg", "--overwrite")
    check_failure(outcome, 2, "the output is the input")
    assert not encoder.calls


def test_failures_name_the_picture(
    run: Run, encoder: FakeEncoder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise FormatError("the chunks at (0, 0) cannot be read")

    monkeypatch.setattr("imagegs.large.encode_large", fail)
    check_failure(run("encode", folder), 3, f"{folder}: the chunks at (0, 0) cannot be read")


def test_what_is_left_out_is_told(run: Run, encoder: FakeEncoder, low: None, tmp_path: Path) -> None:
    pages = [Image.fromarray(noise(3, np.uint8, (50, 50))) for _ in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    outcome = run("encode", tmp_path / "a.tif")
    assert outcome.code == 0 and "only the first of 3 frames or pages is kept" in outcome.err


def test_the_bar_is_for_terminals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)  # for rich, which else draws nothing here
    with block_bar(shown=True, pixels=30_000_000) as show:
        show(Step("fit", 3, 12))
    assert "MP/s" in (told := capsys.readouterr().err) and "3/12" in told
    with block_bar(shown=False, pixels=30_000_000) as show:
        show(Step("fit", 3, 12))
    assert capsys.readouterr().err == ""


def test_folders_of_maps_and_pipes_go_the_ordinary_way(tmp_path: Path) -> None:
    from imagegs.cli.encode_routing import is_huge
    from imagegs.cli.standard_streams import STANDARD

    (tmp_path / "text.png").write_text("no picture")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "text.png", tmp_path / "pipe.png", tmp_path / "none.png", STANDARD):
        assert not is_huge(path)
