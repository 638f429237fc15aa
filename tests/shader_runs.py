"""Exports, run.

Each function takes a folder that `imagegs export` wrote and points (M, 2) in texture coordinates, and
gives for each map the colors (M, channels): of the first four what their own functions `sample_NAME`
return, of others, whose code would take long to compile, what the general function does. With slopes (M, 4),
the derivatives across and down the screen, the functions are `filter_NAME`.

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
from imagegs.applications.export.targets import BUFFERS
from requirements import missing

Points = NDArray[np.float32]
Colors = dict[str, NDArray[np.float32]]

DOCS = (Path(__file__).parent.parent / "docs" / "shaders.md").read_text()
LOADERS = re.findall(r"```js\n(.*?)```", DOCS, re.DOTALL)
WORKGROUP = 64
OWN_FUNCTIONS = 4  # a call is a copy of everything, for compilers that inline

GLSL_VERTEX = """#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }
"""
GLSL_MAIN = """
uniform highp sampler2D points, slopes;
uniform int map;
out vec4 result;
void main() {
    vec2 uv = texelFetch(points, ivec2(gl_FragCoord.xy), 0).xy;
    vec4 slope = texelFetch(slopes, ivec2(gl_FragCoord.xy), 0);
    result = vec4(0.0);
    if (map >= %d) result = %s;
    %s
}
"""
WGSL_MAIN = """
@group(0) @binding(6) var<storage, read> points: array<vec2f>;
@group(0) @binding(7) var<storage, read> slopes: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> results: array<array<vec4f, GSIMG_MAPS>>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) at: vec3u) {
    let uv = points[at.x];
    let slope = slopes[at.x];
    let kept = %s;
    for (var map = %du; map < GSIMG_MAPS; map++) { results[at.x][map] = %s(kept, map); }
    %s
}
"""
HLSL_MAIN = """
StructuredBuffer<float2> points;
StructuredBuffer<float4> slopes;
RWStructuredBuffer<float4> results;
[numthreads(64, 1, 1)] void main(uint3 at : SV_DispatchThreadID) {
    float2 uv = points[at.x];
    float4 slope = slopes[at.x];
    %s;
    for (uint map = %d; map < GSIMG_MAPS; ++map) results[at.x * GSIMG_MAPS + map] = %s(kept, map);
    %s
}
"""
LINKED = """const linked = (gl, vertex, fragment) => {
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
    return program;
};"""
RUN_GLSL = """async ([vertex, fragment, uv, slopes, maps]) => {
    LOADERS
    const gl = document.createElement("canvas").getContext("webgl2");
    if (!gl) throw new Error("no WebGL2");
    if (!gl.getExtension("EXT_color_buffer_float")) throw new Error("no float targets");
    const program = linked(gl, vertex, fragment);
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
    texture(5, gl.RG32F, gl.RG, new Float32Array(uv));
    gl.uniform1i(gl.getUniformLocation(program, "points"), 5);
    texture(6, gl.RGBA32F, gl.RGBA, new Float32Array(slopes));
    gl.uniform1i(gl.getUniformLocation(program, "slopes"), 6);
    const target = texture(7, gl.RGBA32F, gl.RGBA, null);
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
RUN_WGSL = """async ([code, uv, slopes, maps]) => {
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
    const texels = [{ binding: 4, visibility, texture: { viewDimension: "2d-array" } },
                    { binding: 5, visibility, sampler: {} }];
    const own = [{ binding: 6, visibility, buffer: storage },
                 { binding: 7, visibility, buffer: storage },
                 { binding: 8, visibility, buffer: { type: "storage" } }];
    const whole = device.createBindGroupLayout({ entries: [...entries, ...texels, ...own] });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [whole] });
    const pipeline = device.createComputePipeline({ layout, compute: { module } });
    const n = uv.length / 2, size = 16 * n * maps, usage = GPUBufferUsage;
    const inputs = [uv, slopes].map((numbers) => {
        const data = new Float32Array(numbers), { byteLength } = data;
        const buffer = device.createBuffer({ size: byteLength, usage: usage.STORAGE | usage.COPY_DST });
        device.queue.writeBuffer(buffer, 0, data);
        return buffer;
    });
    const results = device.createBuffer({ size, usage: usage.STORAGE | usage.COPY_SRC });
    const copy = device.createBuffer({ size, usage: usage.MAP_READ | usage.COPY_DST });
    const more = [...inputs, results].map((buffer, i) => ({ binding: 6 + i, resource: { buffer } }));
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


def run_glsl(page: Any, folder: Path, uv: Points, slopes: Points | None = None) -> Colors:
    """In Chromium, WebGL2."""
    maps = manifest_of(folder)["maps"]
    calls = [
        f"if (map == {m}) result{'.xyzw'[: len(each['channels']) + 1]} = {_call(each, slopes, 'xy', 'zw')};"
        for m, each in enumerate(maps[:OWN_FUNCTIONS])
    ]
    general = "gsimg_sample(map, uv)"
    if slopes is not None:
        general = "gsimg_filtered(gsimg_footprint(uv, slope.xy, slope.zw), map)"
    fragment = (
        "#version 300 es\n"
        + (folder / "sample.glsl").read_text()
        + GLSL_MAIN % (OWN_FUNCTIONS, general, "\n    ".join(calls))
    )
    serve(page, folder, "export")
    script = RUN_GLSL.replace("LOADERS", "\n".join([*LOADERS, LINKED]))
    found = page.evaluate(script, [GLSL_VERTEX, fragment, *_inputs(uv, slopes), len(maps)])
    return _by_map(np.float32(found).reshape(len(maps), -1, 4).transpose(1, 0, 2), maps)


def _call(each: dict[str, Any], slopes: Points | None, dx: str, dy: str) -> str:
    """The call of a map's own function."""
    return f"{each['function']}(uv)" if slopes is None else f"{each['filter']}(uv, slope.{dx}, slope.{dy})"


def _inputs(uv: Points, slopes: Points | None) -> list[list[float]]:
    return [uv.ravel().tolist(), _or_none(uv, slopes).ravel().tolist()]


def _or_none(uv: Points, slopes: Points | None) -> Points:
    return np.zeros((len(uv), 4), np.float32) if slopes is None else slopes


def _by_map(values: NDArray[np.float32], maps: list[dict[str, Any]]) -> Colors:
    """values: (points, maps, 4)."""
    values = values.reshape(-1, len(maps), 4)
    return {each["name"]: values[:, m, : len(each["channels"])] for m, each in enumerate(maps)}


def wgsl_text(folder: Path, slopes: Points | None = None) -> str:
    calls = []
    for m, each in enumerate(manifest_of(folder)["maps"][:OWN_FUNCTIONS]):
        missing_parts = ", 0.0" * (4 - len(each["channels"]))
        calls.append(f"results[at.x][{m}] = vec4f({_call(each, slopes, 'xy', 'zw')}{missing_parts});")
    keep, general = "gsimg_keep(uv)", "gsimg_map"
    if slopes is not None:
        keep, general = "gsimg_footprint(uv, slope.xy, slope.zw)", "gsimg_filtered"
    main = WGSL_MAIN % (keep, OWN_FUNCTIONS, general, "\n    ".join(calls))
    return (folder / "sample.wgsl").read_text() + main


def run_wgsl_in_chromium(page: Any, folder: Path, uv: Points, slopes: Points | None = None) -> Colors:
    """In Chromium, WebGPU."""
    maps = manifest_of(folder)["maps"]
    serve(page, folder, "export")
    script = RUN_WGSL.replace("LOADERS", "\n".join(LOADERS))
    found = page.evaluate(script, [wgsl_text(folder, slopes), *_inputs(uv, slopes), len(maps)])
    return _by_map(np.float32(found), maps)


def hlsl_to_spirv(folder: Path, slopes: Points | None = None) -> bytes:
    """By glslang; a test that lacks it is skipped."""
    compiler = shutil.which("glslangValidator")
    if compiler is None:
        missing("glslangValidator (apt-get install glslang-tools)")
    manifest = manifest_of(folder)
    calls = []
    for m, each in enumerate(manifest["maps"][:OWN_FUNCTIONS]):
        missing_parts = ", 0" * (4 - len(each["channels"]))
        call = _call(each, slopes, "xy", "zw")
        calls.append(f"results[at.x * GSIMG_MAPS + {m}] = float4({call}{missing_parts});")
    keep, general = "GsimgKept kept = gsimg_keep(uv)", "gsimg_map"
    if slopes is not None:
        keep = "GsimgFootprint kept = gsimg_footprint(uv, slope.xy, slope.zw)"
        general = "gsimg_filtered"
    source, binary = folder / "test.hlsl", folder / "test.spv"
    main = HLSL_MAIN % (keep, OWN_FUNCTIONS, general, "\n    ".join(calls))
    text = (folder / "sample.hlsl").read_text() + main
    names = ("offsets", "ids", "gaussians", "colors", "mips", "sampler")
    bindings = {f"gsimg_{name}": i for i, name in enumerate(names)} | {"points": 6, "slopes": 7, "results": 8}
    for name, number in bindings.items():
        text = re.sub(
            rf"(?m)^(\w*(?:Buffer|Texture2DArray|SamplerState)\S* {name});",
            rf"[[vk::binding({number})]] \1;",
            text,
        )
    source.write_text(text)
    command = [compiler, "-D", "-V", "-S", "comp", "-e", "main", "--target-env", "spirv1.3"]
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


def run_on_vulkan(
    device: Any, code: str | bytes, folder: Path, uv: Points, slopes: Points | None = None
) -> Colors:
    """WGSL, or SPIR-V, by wgpu, with the bindings that sample.wgsl has; points are 6, slopes 7, results 8."""
    import wgpu

    manifest = manifest_of(folder)
    size = 16 * len(uv) * len(manifest["maps"])
    usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC
    contents = {i: (folder / f"{name}.bin").read_bytes() for i, name in enumerate(BUFFERS)}
    contents |= {6: uv, 7: _or_none(uv, slopes)}
    found = {i: device.create_buffer_with_data(data=data, usage=usage) for i, data in contents.items()}
    found[8] = device.create_buffer(size=size, usage=usage)
    module = device.create_shader_module(code=code)
    entries = [
        {"binding": i, "visibility": wgpu.ShaderStage.COMPUTE, "buffer": {"type": _kind(i)}} for i in found
    ]
    texels = [{"binding": 4, "texture": {"view_dimension": "2d-array"}}, {"binding": 5, "sampler": {}}]
    entries += [{"visibility": wgpu.ShaderStage.COMPUTE, **each} for each in texels]
    whole = device.create_bind_group_layout(entries=entries)
    layout = device.create_pipeline_layout(bind_group_layouts=[whole])
    pipeline = device.create_compute_pipeline(
        layout=layout, compute={"module": module, "entry_point": "main"}
    )
    resources: list[dict[str, Any]] = [
        {"binding": i, "resource": {"buffer": buffer}} for i, buffer in found.items()
    ]
    group = device.create_bind_group(layout=whole, entries=resources + _levels(device, folder))
    encoder = device.create_command_encoder()
    compute = encoder.begin_compute_pass()
    compute.set_pipeline(pipeline)
    compute.set_bind_group(0, group)
    compute.dispatch_workgroups(len(uv) // WORKGROUP)
    compute.end()
    device.queue.submit([encoder.finish()])
    values = np.frombuffer(device.queue.read_buffer(found[8]), np.float32)
    return _by_map(values, manifest["maps"])


def _kind(binding: int) -> str:
    return "storage" if binding == 8 else "read-only-storage"


def _levels(device: Any, folder: Path) -> list[dict[str, Any]]:
    """The texture and the sampler."""
    import wgpu

    manifest = manifest_of(folder)
    levels, n_maps = manifest["mips"]["levels"], len(manifest["maps"])
    texture = device.create_texture(
        size=(levels[0]["width"], levels[0]["height"], n_maps),
        mip_level_count=len(levels),
        format="rgba8unorm",
        usage=wgpu.TextureUsage.TEXTURE_BINDING | wgpu.TextureUsage.COPY_DST,
    )
    data = (folder / "mips.bin").read_bytes()
    for i, each in enumerate(levels):
        layout = {
            "offset": each["offset"],
            "bytes_per_row": 4 * each["width"],
            "rows_per_image": each["height"],
        }
        size = each["width"], each["height"], n_maps
        device.queue.write_texture({"texture": texture, "mip_level": i}, data, layout, size)
    address = "repeat" if manifest["addressing"] == "repeat" else "clamp-to-edge"
    sampler = device.create_sampler(
        mag_filter="linear",
        min_filter="linear",
        mipmap_filter="linear",
        address_mode_u=address,
        address_mode_v=address,
    )
    view = texture.create_view(dimension="2d-array")
    return [{"binding": 4, "resource": view}, {"binding": 5, "resource": sampler}]
