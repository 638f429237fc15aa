"""The exported functions, run, against `imagegs.sample`.

GLSL and WGSL in Chromium, WGSL and HLSL on Vulkan, and the buffers and the JSON by a reader that knows
nothing but the documentation.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from export_reader import Reader
from export_samples import SCENES, Exported, check, export
from imagegs.applications.export.targets import SHADER_TARGETS
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


def test_nothing_is_skipped_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="glass is missing"):
        missing("glass")
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="glass is missing, and in CI nothing is skipped"):
        missing("glass")
