"""The exported functions, run, against `imagegs.sample`.

GLSL and WGSL in Chromium, WGSL and HLSL on Vulkan, and the buffers and the JSON by a reader that knows
nothing but the documentation.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import imagegs
from conftest import Run
from export_reader import Reader
from export_samples import MOST_UNSAFE, SCENES, TOLERANCE, Exported, check, export, footprints
from imagegs.applications.export.targets import SHADER_TARGETS
from imagegs.textures.mips import level_size, mip_level
from requirements import missing
from shader_runs import hlsl_to_spirv, run_glsl, run_on_vulkan, run_wgsl_in_chromium, vulkan, wgsl_text


@pytest.fixture(scope="module", params=SCENES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(request.param, tmp_path_factory.mktemp("export"), SHADER_TARGETS)


@pytest.fixture(scope="module")
def device() -> Any:
    return vulkan()


@pytest.mark.parametrize("target", SHADER_TARGETS)
def test_the_documentation_is_enough_to_read_it(exported: Exported, target: str) -> None:
    check(exported, Reader(exported.folders[target]).sample(exported.uv))


def test_glsl_in_webgl(exported: Exported, page: Any) -> None:
    check(exported, run_glsl(page, exported.folders["glsl"], exported.uv))


def test_wgsl_in_webgpu(exported: Exported, page: Any) -> None:
    check(exported, run_wgsl_in_chromium(page, exported.folders["wgsl"], exported.uv))


def test_wgsl_on_vulkan(exported: Exported, device: Any) -> None:
    folder = exported.folders["wgsl"]
    check(exported, run_on_vulkan(device, wgsl_text(folder), folder, exported.uv))


def test_hlsl_on_vulkan(exported: Exported, device: Any) -> None:
    folder = exported.folders["hlsl"]
    check(exported, run_on_vulkan(device, hlsl_to_spirv(folder), folder, exported.uv))


def test_hlsl_compiles(exported: Exported) -> None:
    assert hlsl_to_spirv(exported.folders["hlsl"])


@pytest.mark.parametrize("version", ["300 es", "330", "450"])
def test_glsl_compiles(exported: Exported, tmp_path: Path, version: str) -> None:
    compiler = shutil.which("glslangValidator") or missing("glslangValidator (apt-get install glslang-tools)")
    source = tmp_path / "test.frag"
    sample = (exported.folders["glsl"] / "sample.glsl").read_text()
    main = "in vec2 uv; out vec4 result; void main() { result = gsimg_sample(0, uv); }"
    source.write_text(f"#version {version}\n{sample}\n{main}\n")
    done = subprocess.run([compiler, source], capture_output=True, text=True)
    assert done.returncode == 0 and "WARNING" not in done.stdout, done.stdout


# Filtered.


@pytest.fixture(scope="module", params=["stack", "picture", "wrapping", "paper"])
def filtered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filtered:
    exported = export(request.param, tmp_path_factory.mktemp("export"), SHADER_TARGETS)
    uv, slopes, sides = footprints(exported, 512)
    expected = Reader(exported.folders["json"]).filtered(uv, slopes[:, :2], slopes[:, 2:])
    return Filtered(exported.folders, uv, slopes, sides, expected)


class Filtered(NamedTuple):
    folders: dict[str, Path]
    uv: np.ndarray  # (M, 2)
    slopes: np.ndarray  # (M, 4)
    side: np.ndarray  # (M,) canvas pixels
    expected: dict[str, np.ndarray]  # by map: (M, channels)

    def check(self, found: dict[str, np.ndarray]) -> None:
        """Up to 2 pixels the Gaussians are all. Beyond, the card's own filter has few bits of the share of a
        texel, and few of the logarithm that chooses the level.
        """
        assert list(found) == list(self.expected)
        errors = [np.abs(found[name] - colors).max(axis=1) for name, colors in self.expected.items()]
        error = np.max(errors, axis=0)
        bounds = ((0, 2, TOLERANCE), (2, 4, 0.004), (4, 99, 0.04))
        for low, high, most in bounds:
            within = error[(self.side >= low) & (self.side < high)]
            assert len(within) > 50 and np.quantile(within, 1 - MOST_UNSAFE) < most, (low, high)


def test_filtered_glsl_in_webgl(filtered: Filtered, page: Any) -> None:
    filtered.check(run_glsl(page, filtered.folders["glsl"], filtered.uv, filtered.slopes))


def test_filtered_wgsl_in_webgpu(filtered: Filtered, page: Any) -> None:
    filtered.check(run_wgsl_in_chromium(page, filtered.folders["wgsl"], filtered.uv, filtered.slopes))


def test_filtered_wgsl_on_vulkan(filtered: Filtered, device: Any) -> None:
    folder, slopes = filtered.folders["wgsl"], filtered.slopes
    filtered.check(run_on_vulkan(device, wgsl_text(folder, slopes), folder, filtered.uv, slopes))


def test_filtered_hlsl_on_vulkan(filtered: Filtered, device: Any) -> None:
    folder, slopes = filtered.folders["hlsl"], filtered.slopes
    filtered.check(run_on_vulkan(device, hlsl_to_spirv(folder, slopes), folder, filtered.uv, slopes))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_footprints_of_texels_give_the_texels(level: int, tmp_path: Path) -> None:
    """What all targets agree with agrees with `decode --mip` and `sample`."""
    exported = export("picture", tmp_path, ("json",))
    g = imagegs.load(exported.file)
    width, height = level_size(g.width, g.height, level)
    y, x = np.mgrid[:height, :width].reshape(2, -1)
    uv = np.stack([(x + 0.5) / width, (y + 0.5) / height], axis=1)
    step = np.float64([1 / width, 1 / height])
    dx, dy = np.zeros_like(uv) + step * [1, 0], np.zeros_like(uv) + step * [0, 1]
    found = Reader(exported.folders["json"]).filtered(uv, dx, dy)["Picture"]
    texels = mip_level(imagegs.render(g, dtype=np.uint8), level, (None,) * 3) / 255
    assert np.abs(found - texels.reshape(-1, 3)).max() < ((1 + level) * 0.501 / 255 if level < 2 else 1e-9)
    means = imagegs.sample(g, uv * [g.width, g.height], footprint=2**level)
    assert np.abs(found - means.clip(0, 1)).max() < (1e-4 if level < 1 else 0.02)


def test_without_mip_levels(tmp_path: Path, run: Run) -> None:
    exported = export("picture", tmp_path, ("glsl",))
    folder = tmp_path / "bare"
    assert run("export", exported.file, "--target", "glsl", "--no-mips", "-o", folder).code == 0
    assert not (folder / "mips.bin").exists() and "mips" not in Reader(folder).about
    text = (folder / "sample.glsl").read_text()
    assert "filter_" not in text and "gsimg_mips" not in text and "sample_Picture(" in text


def test_nothing_is_skipped_where_all_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEGS_TEST_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="glass is missing"):
        missing("glass")
    monkeypatch.setenv("IMAGEGS_TEST_ALL", "1")
    either = (pytest.fail.Exception, pytest.skip.Exception)  # a skip of its own would skip this test
    with pytest.raises(either, match="glass is missing, and IMAGEGS_TEST_ALL lets nothing be skipped"):
        missing("glass")
