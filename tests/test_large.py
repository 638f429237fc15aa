"""Pictures that are compressed block by block: sizes, seams, reach, workers, errors."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imagegs
from imagegs.compression.options import CompressionOptions, FitSettings, Target
from imagegs.large import LargeReport, Step, Workers, cluster_workers, encode_large, local_workers
from imagegs.large.settling import settle_block
from imagegs.metrics import psnr
from requirements import need_packages

STEPS = 8
IN_THIS_PROCESS = Workers(None, 1)


class ArraySource:
    """A picture in memory."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self.height, self.width, n = pixels.shape
        self.channels = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}[n]
        self.bit_depth = 8 if pixels.dtype == np.uint8 else 16

    def read(self, x: int, y: int, width: int, height: int) -> np.ndarray:
        return np.ascontiguousarray(self.pixels[y : y + height, x : x + width])


def waves(height: int, width: int, channels: int = 3, dtype: Any = np.uint8) -> np.ndarray:
    """A smooth picture with edges across the borders of blocks."""
    y, x = np.mgrid[:height, :width]
    planes = [np.sin(x / (9 + 3 * c) + c) * np.cos(y / (11 + 2 * c)) for c in range(channels)]
    picture = 0.5 + 0.3 * np.stack(planes, axis=2)
    picture[(x - y // 2) % 50 < 6] = 0.9
    return (picture * np.iinfo(dtype).max).astype(dtype)


def encoded(
    path: Path, pixels: np.ndarray, workers: Workers = IN_THIS_PROCESS, **options: Any
) -> LargeReport:
    target = {"bpp": options.pop("bpp")} if "bpp" in options else {}
    fit = FitSettings(effort=1, steps=STEPS, **options.pop("fit", {}))
    given = CompressionOptions(target=Target(**target), fit=fit, threads=1)
    return encode_large(ArraySource(pixels), path, replace(given, **options), workers, block_side=64)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return waves(150, 200)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, picture: np.ndarray) -> tuple[Path, LargeReport]:
    path = tmp_path_factory.mktemp("large") / "a.gsimg"
    return path, encoded(path, picture, bpp=0.6)


def test_a_file_holds_the_picture_within_its_size(
    file: tuple[Path, LargeReport], picture: np.ndarray
) -> None:
    path, report = file
    data = path.read_bytes()
    info = imagegs.read_info(data)
    assert (info.width, info.height, info.block_side) == (200, 150, 64)
    assert (report.n_bytes, report.n_gaussians) == (len(data), info.n_gaussians)
    assert 0.5 < report.bpp <= 0.6
    painted = imagegs.decompress(data)
    assert report.quality.psnr == pytest.approx(psnr(picture, painted), abs=1e-6)
    assert report.quality.psnr > 25


@pytest.mark.parametrize("lod", [0.0, 0.3, 1.0])
def test_a_region_needs_no_more_than_the_blocks_that_reach_it(
    file: tuple[Path, LargeReport], lod: float
) -> None:
    data = file[0].read_bytes()
    whole = imagegs.render(imagegs.decode(data, lod=lod))
    for x in range(0, 200, 50):
        for y in range(0, 150, 50):
            region = (x, y, 50, 50)
            part = imagegs.decode(data, lod=lod, region=region)
            painted = imagegs.render(part, region=region)
            assert np.array_equal(painted, whole[y : y + 50, x : x + 50])


def test_a_region_decodes_few_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.gsimg"
    encoded(path, waves(128, 512))
    data = path.read_bytes()
    assert len(imagegs.decode(data, region=(0, 0, 30, 30))) < len(imagegs.decode(data)) / 2


def test_workers_do_not_change_the_bytes(
    tmp_path: Path, file: tuple[Path, LargeReport], picture: np.ndarray
) -> None:
    path = tmp_path / "b.gsimg"
    with local_workers(3) as workers:
        encoded(path, picture, workers, bpp=0.6)
    assert path.read_bytes() == file[0].read_bytes()


def test_borders_of_blocks_are_no_worse_than_the_rest(tmp_path: Path) -> None:
    pixels = waves(256, 256)
    path = tmp_path / "a.gsimg"
    encoded(path, pixels)
    painted = imagegs.decompress(path.read_bytes())
    whole = imagegs.decompress(imagegs.compress(pixels, effort=1, steps=STEPS, threads=1))
    line = np.abs(np.arange(256) - 128)
    near = (np.minimum(line[:, None], line[None]) < 6) | _is_near_a_border(256)

    def error_of(picture: np.ndarray, where: np.ndarray) -> float:
        return float(np.square(picture.astype(float) - pixels)[where].mean())

    at_borders = error_of(painted, near) / error_of(whole, near)
    elsewhere = error_of(painted, ~near) / error_of(whole, ~near)
    assert at_borders < 1.25 * elsewhere


def _is_near_a_border(side: int) -> np.ndarray:
    place = np.minimum(np.arange(side) % 64, 63 - np.arange(side) % 64)
    place[:32], place[-32:] = 64, 64
    return (place[:, None] < 6) | (place[None] < 6)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((70, 130, 1), np.uint8), ((65, 129, 4), np.uint8), ((100, 64, 3), np.uint16), ((30, 40, 2), np.uint8)],
)
def test_channels_depths_and_odd_sizes(tmp_path: Path, shape: tuple[int, int, int], dtype: Any) -> None:
    pixels = waves(*shape, dtype)
    path = tmp_path / "a.gsimg"
    report = encoded(path, pixels)
    painted = imagegs.decompress(path.read_bytes())
    assert painted.dtype == dtype
    assert painted.shape == (pixels[:, :, 0] if shape[2] == 1 else pixels).shape
    assert report.quality.psnr > 20
    assert 0 < report.quality.ssim <= 1


def test_a_flat_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.gsimg"
    report = encoded(path, np.full((130, 130, 3), 77, np.uint8), bpp=0.6)
    assert report.bpp <= 0.6
    assert report.quality.psnr > 40


@pytest.mark.parametrize("bpp", [0.15, 0.3, 1.5])
def test_the_size_is_never_exceeded(tmp_path: Path, bpp: float) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (128, 192, 3), dtype=np.uint8)
    assert encoded(tmp_path / "a.gsimg", pixels, bpp=bpp).bpp <= bpp


def test_progress_tells_each_stage(tmp_path: Path, picture: np.ndarray) -> None:
    steps: list[Step] = []
    options = CompressionOptions(fit=FitSettings(effort=1, steps=STEPS), threads=1)
    encode_large(
        ArraySource(picture), tmp_path / "a", options, IN_THIS_PROCESS, block_side=64, progress=steps.append
    )
    assert list(dict.fromkeys(step.stage for step in steps)) == [
        "survey",
        "fit",
        "settle",
        "write",
        "measure",
    ]
    for stage in ("survey", "fit", "settle", "measure"):
        assert [s.done for s in steps if s.stage == stage][-1] == 12
    assert all(s.done <= s.of for s in steps)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (CompressionOptions(target=Target(psnr=30)), "psnr"),
        (CompressionOptions(target=Target(quality=30)), "quality"),
        (CompressionOptions(target=Target(ssimulacra2=30)), "ssimulacra2"),
        (CompressionOptions(fit=FitSettings(recipe="paper")), "paper"),
        (CompressionOptions(fit=FitSettings(time_budget=3)), "time_budget"),
        (CompressionOptions(fit=FitSettings(init="random")), "init"),
        (CompressionOptions(fit=FitSettings(wrap=True)), "wrap"),
        (CompressionOptions(bits=imagegs.Bits()), "bits"),
        (CompressionOptions(channel_weights=(1, 1, 2)), "channel_weights"),
        (CompressionOptions(grain="auto"), "grain"),
        (CompressionOptions(restore="denoise"), "restore"),
        (CompressionOptions(target=Target(target_size=300)), "too few"),
    ],
)
def test_options_that_blocks_do_not_have(
    tmp_path: Path, picture: np.ndarray, options: CompressionOptions, word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        encode_large(ArraySource(picture), tmp_path / "a", options, IN_THIS_PROCESS, block_side=64)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("side", [0, 32, 100, 2**16])
def test_sides_of_blocks(tmp_path: Path, picture: np.ndarray, side: int) -> None:
    with pytest.raises(ValueError, match="only powers of 2 from 64 to 32768"):
        encode_large(
            ArraySource(picture), tmp_path / "a", CompressionOptions(), IN_THIS_PROCESS, block_side=side
        )


class FailingSource(ArraySource):
    """A picture that cannot be read near its end."""

    def read(self, x: int, y: int, width: int, height: int) -> np.ndarray:
        if y + height > 140:
            raise imagegs.FormatError("tile 7 is damaged")
        return super().read(x, y, width, height)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_picture_that_cannot_be_read_leaves_everything_as_it_was(
    tmp_path: Path, picture: np.ndarray, workers: int
) -> None:
    path = tmp_path / "a.gsimg"
    path.write_bytes(b"older")
    options = CompressionOptions(fit=FitSettings(effort=1, steps=STEPS), threads=1)
    with (
        pytest.raises(imagegs.FormatError, match="tile 7 is damaged"),
        local_workers(workers) as some,
    ):
        encode_large(FailingSource(picture), path, options, some, block_side=64)
    assert [each.name for each in tmp_path.iterdir()] == ["a.gsimg"]
    assert path.read_bytes() == b"older"


def test_a_block_sees_its_neighbours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each block is settled beside all of its neighbours, and after those of earlier phases are coded."""
    seen: dict[int, set[int]] = {}

    def spied(pixels: Any, window: Any, blocks: Any, *rest: Any) -> Any:
        seen[window.block] = set(blocks)
        return settle_block(pixels, window, blocks, *rest)

    monkeypatch.setattr("imagegs.large.encoding.settle_block", spied)
    encoded(tmp_path / "a", waves(128, 192))
    assert seen == {
        0: {0, 1, 3, 4},
        1: {0, 1, 2, 3, 4, 5},
        2: {1, 2, 4, 5},
        3: {0, 1, 3, 4},
        4: {0, 1, 2, 3, 4, 5},
        5: {1, 2, 4, 5},
    }
    assert list(seen) == [0, 2, 1, 3, 5, 4]


def dies_once(path: Path, number: int) -> int:
    """Its first call ends the process."""
    if number == 3 and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def dies(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_blocks_of_a_process_that_dies_are_done_again(tmp_path: Path) -> None:
    with local_workers(2) as workers:
        found = dict(workers.run(dies_once, ((i, (tmp_path / "died", i)) for i in range(8))))
    assert found == {i: i * i for i in range(8)}
    assert (tmp_path / "died").exists()


def test_too_many_deaths_are_an_error() -> None:
    with (
        pytest.raises(imagegs.ImageGSError, match="too many processes that had a block have died"),
        local_workers(2) as workers,
    ):
        list(workers.run(dies, ((i, (i,)) for i in range(4))))


def test_workers_of_a_cluster(tmp_path: Path, file: tuple[Path, LargeReport], picture: np.ndarray) -> None:
    need_packages("dask", "distributed")
    from imagegs.distributed.cluster import started

    path = tmp_path / "b.gsimg"
    with started(2) as client, cluster_workers(client.scheduler.address) as workers:
        encoded(path, picture, workers, bpp=0.6)
    assert path.read_bytes() == file[0].read_bytes()


def test_a_cluster_whose_workers_die(tmp_path: Path) -> None:
    need_packages("dask", "distributed")
    from imagegs.distributed.cluster import started

    with (
        started(1) as client,
        pytest.raises(imagegs.ImageGSError, match="workers that had a block have died several times"),
        cluster_workers(client.scheduler.address) as workers,
    ):
        list(workers.run(dies, [(0, (0,))]))


def test_a_scheduler_that_goes_away(tmp_path: Path) -> None:
    need_packages("dask", "distributed")
    import dask

    from imagegs.distributed.cluster import started

    with (
        dask.config.set(
            {"distributed.comm.timeouts.connect": "1s", "distributed.client.scheduler-info-interval": "1s"}
        ),
        started(1) as client,
        pytest.raises(ConnectionError, match="has gone away"),
        cluster_workers(client.scheduler.address) as workers,
    ):
        for _ in workers.run(pow, ((i, (i, 2)) for i in range(9))):
            client.cluster.scheduler.loop.add_callback(client.cluster.scheduler.close)
            time.sleep(0.5)
