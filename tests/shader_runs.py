"""Exports, run.

Each function takes a folder that `imagegs export` wrote and points (M, 2) in texture coordinates, and
gives for each map the colors (M, channels): of the first four what their own functions `sample_NAME`
return, of others, whose code would take long to compile, what the general function does.

GLSL runs in Chromium's WebGL2 and WGSL in its WebGPU, with the loaders that docs/shaders.md shows. WGSL also
runs by wgpu (naga) on whatever Vulkan there is, and HLSL there too, turned into SPIR-V by glslang.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from browser import serve
from requirements import missing

Colors = dict[str, NDArray[np.float32]]

DOCS = (Path(__file__).parent.parent / "docs" / "shaders.md").read_text()
LOADERS = re.findall(r"```js\n(.*?)```", DOCS, re.DOTALL)
WORKGROUP = 64
OWN_FUNCTIONS = 4  # a call is a copy of everything, for compilers that inline

GLSL_VERTEX = """#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }
"""
GLSL_MAIN = """
uniform highp sampler2D points;
uniform int map;
out vec4 result;
void main() {
    vec2 uv = texelFetch(points, ivec2(gl_FragCoord.xy), 0).xy;
    result = vec4(0.0);
    if (map >= %d) result = gsimg_sample(map, uv);
    %s
}
"""
WGSL_MAIN = """
@group(0) @binding(4) var<storage, read> points: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> results: array<array<vec4f, GSIMG_MAPS>>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) at: vec3u) {
    let uv = points[at.x];
    let kept = gsimg_keep(uv);
    for (var map = %du; map < GSIMG_MAPS; map++) { results[at.x][map] = gsimg_map(kept, map); }
    %s
}
"""
HLSL_MAIN = """
StructuredBuffer<float2> points;
RWStructuredBuffer<float4> results;
[numthreads(64, 1, 1)] void main(uint3 at : SV_DispatchThreadID) {
    float2 uv = points[at.x];
    GsimgKept kept = gsimg_keep(uv);
    for (uint map = %d; map < GSIMG_MAPS; ++map) results[at.x * GSIMG_MAPS + map] = gsimg_map(kept, map);
    %s
}
"""
RUN_GLSL = """async ([vertex, fragment, uv, maps]) => {
    LOADERS
    const gl = document.createElement("canvas").getContext("webgl2");
    if (!gl) throw new Error("no WebGL2");
    if (!gl.getExtension("EXT_color_buffer_float")) throw new Error("no float targets");
    const program = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
        const shader = gl.createShader(type);
        gl.shaderSource(shader, text);
        gl.compileShader(shader);
        if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
        gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    const n = uv.length / 2, width = 64, height = n / width;
    bindTextures(gl, program, await loadTextures(gl, "export"));
    const texture = (unit, format, from, data) => {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
        gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, from, gl.FLOAT, data);
        return gl.getParameter(gl.TEXTURE_BINDING_2D);
    };
    texture(4, gl.RG32F, gl.RG, new Float32Array(uv));
    gl.uniform1i(gl.getUniformLocation(program, "points"), 4);
    const target = texture(5, gl.RGBA32F, gl.RGBA, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, target, 0);
    gl.viewport(0, 0, width, height);
    const results = new Float32Array(4 * n), all = [];
    for (let map = 0; map < maps; ++map) {
        gl.uniform1i(gl.getUniformLocation(program, "map"), map);
        gl.drawArrays(gl.TRIANGLES, 0, 3);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, results);
        all.push(Array.from(results));
    }
    if (gl.getError() !== gl.NO_ERROR) throw new Error("WebGL error");
    return all;
}"""
RUN_WGSL = """async ([code, uv, maps]) => {
    LOADERS
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) throw new Error("no WebGPU");
    const device = await adapter.requestDevice();
    device.addEventListener("uncapturederror", (event) => { throw event.error; });
    const module = device.createShaderModule({ code });
    const problems = (await module.getCompilationInfo()).messages;
    if (problems.length) throw new Error(problems.map((p) => `${p.lineNum}: ${p.message}`).join("; "));
    const storage = { type: "read-only-storage" }, visibility = GPUShaderStage.COMPUTE;
    const entries = [0, 1, 2, 3].map((binding) => ({ binding, visibility, buffer: storage }));
    const own = [{ binding: 4, visibility, buffer: storage },
                 { binding: 5, visibility, buffer: { type: "storage" } }];
    const whole = device.createBindGroupLayout({ entries: [...entries, ...own] });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [whole] });
    const pipeline = device.createComputePipeline({ layout, compute: { module } });
    const n = uv.length / 2, size = 16 * n * maps, usage = GPUBufferUsage;
    const points = device.createBuffer({ size: 8 * n, usage: usage.STORAGE | usage.COPY_DST });
    device.queue.writeBuffer(points, 0, new Float32Array(uv));
    const results = device.createBuffer({ size, usage: usage.STORAGE | usage.COPY_SRC });
    const copy = device.createBuffer({ size, usage: usage.MAP_READ | usage.COPY_DST });
    const more = [points, results].map((buffer, i) => ({ binding: 4 + i, resource: { buffer } }));
    const real = device.createBindGroup.bind(device); // the loader's group and the test's own in one
    device.createBindGroup = ({ layout, entries }) => real({ layout, entries: [...entries, ...more] });
    const group = await loadBindGroup(device, whole, "export");
    const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(n / 64);
    pass.end();
    encoder.copyBufferToBuffer(results, 0, copy, 0, size);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    return Array.from(new Float32Array(copy.getMappedRange()));
}"""


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


def run_glsl(page: Any, folder: Path, uv: NDArray[np.float32]) -> Colors:
    """In Chromium, WebGL2."""
    maps = manifest_of(folder)["maps"]
    calls = [
        f"if (map == {m}) result{'.xyzw'[: len(each['channels']) + 1]} = {each['function']}(uv);"
        for m, each in enumerate(maps[:OWN_FUNCTIONS])
    ]
    fragment = (
        "#version 300 es\n"
        + (folder / "sample.glsl").read_text()
        + GLSL_MAIN % (OWN_FUNCTIONS, "\n    ".join(calls))
    )
    serve(page, folder, "export")
    script = RUN_GLSL.replace("LOADERS", "\n".join(LOADERS))
    found = page.evaluate(script, [GLSL_VERTEX, fragment, uv.ravel().tolist(), len(maps)])
    return _by_map(np.float32(found).reshape(len(maps), -1, 4).transpose(1, 0, 2), maps)


def _by_map(values: NDArray[np.float32], maps: list[dict[str, Any]]) -> Colors:
    """values: (points, maps, 4)."""
    values = values.reshape(-1, len(maps), 4)
    return {each["name"]: values[:, m, : len(each["channels"])] for m, each in enumerate(maps)}


def wgsl_text(folder: Path) -> str:
    calls = []
    for m, each in enumerate(manifest_of(folder)["maps"][:OWN_FUNCTIONS]):
        missing_parts = ", 0.0" * (4 - len(each["channels"]))
        calls.append(f"results[at.x][{m}] = vec4f({each['function']}(uv){missing_parts});")
    return (folder / "sample.wgsl").read_text() + WGSL_MAIN % (OWN_FUNCTIONS, "\n    ".join(calls))


def run_wgsl_in_chromium(page: Any, folder: Path, uv: NDArray[np.float32]) -> Colors:
    """In Chromium, WebGPU."""
    maps = manifest_of(folder)["maps"]
    serve(page, folder, "export")
    script = RUN_WGSL.replace("LOADERS", "\n".join(LOADERS))
    found = page.evaluate(script, [wgsl_text(folder), uv.ravel().tolist(), len(maps)])
    return _by_map(np.float32(found), maps)


def hlsl_to_spirv(folder: Path) -> bytes:
    """By glslang; a test that lacks it is skipped."""
    compiler = shutil.which("glslangValidator")
    if compiler is None:
        missing("glslangValidator (apt-get install glslang-tools)")
    manifest = manifest_of(folder)
    calls = []
    for m, each in enumerate(manifest["maps"][:OWN_FUNCTIONS]):
        missing_parts = ", 0" * (4 - len(each["channels"]))
        calls.append(f"results[at.x * GSIMG_MAPS + {m}] = float4({each['function']}(uv){missing_parts});")
    source, binary = folder / "test.hlsl", folder / "test.spv"
    source.write_text(
        (folder / "sample.hlsl").read_text() + HLSL_MAIN % (OWN_FUNCTIONS, "\n    ".join(calls))
    )
    command = [
        compiler,
        "-D",
        "-V",
        "-S",
        "comp",
        "-e",
        "main",
        "--auto-map-bindings",
        "--target-env",
        "spirv1.3",
    ]
    done = subprocess.run([*command, "-o", binary, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout, done.stdout
    return binary.read_bytes()


def vulkan() -> Any:
    """A wgpu device; a test that finds none is skipped."""
    try:
        import wgpu
    except ImportError:
        missing("wgpu (pip install wgpu)")
    try:
        return wgpu.gpu.request_adapter_sync().request_device_sync()
    except RuntimeError as error:
        missing(f"a Vulkan driver (apt-get install mesa-vulkan-drivers libvulkan1): {error}")


def run_on_vulkan(device: Any, code: str | bytes, folder: Path, uv: NDArray[np.float32]) -> Colors:
    """WGSL, or SPIR-V, by wgpu; the buffers are bindings 0 to 3, points 4, results 5."""
    import wgpu

    manifest = manifest_of(folder)
    size = 16 * len(uv) * len(manifest["maps"])
    usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC
    contents = [(folder / each["file"]).read_bytes() for each in manifest["buffers"].values()]
    buffers = [device.create_buffer_with_data(data=data, usage=usage) for data in [*contents, uv]]
    buffers.append(device.create_buffer(size=size, usage=usage))
    pipeline = device.create_compute_pipeline(
        layout="auto", compute={"module": device.create_shader_module(code=code), "entry_point": "main"}
    )
    entries = [{"binding": i, "resource": {"buffer": buffer}} for i, buffer in enumerate(buffers)]
    group = device.create_bind_group(layout=pipeline.get_bind_group_layout(0), entries=entries)
    encoder = device.create_command_encoder()
    compute = encoder.begin_compute_pass()
    compute.set_pipeline(pipeline)
    compute.set_bind_group(0, group)
    compute.dispatch_workgroups(len(uv) // WORKGROUP)
    compute.end()
    device.queue.submit([encoder.finish()])
    values = np.frombuffer(device.queue.read_buffer(buffers[-1]), np.float32)
    return _by_map(values, manifest["maps"])
