"""A floor seen at a grazing angle, in Chromium: where textures alias that nothing filters."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import imagegs
from browser import serve
from imagegs.applications.export.files import export_files
from imagegs.applications.export.levels import make_levels
from imagegs.applications.export.maps import sampled_maps
from imagegs.gaussians import Gaussians
from shader_runs import GLSL_VERTEX, LINKED, LOADERS

WIDTH, HEIGHT = 384, 192  # of the view, pixels
WAYS = ("points", "filtered", "texture")
TRUE_SAMPLES = 8  # across and down a pixel

FRAGMENT = """
uniform int way;
uniform sampler2D picture;
out vec4 result;
void main() {
    vec2 p = gl_FragCoord.xy / vec2(WIDTH.0, HEIGHT.0);
    float far = 1.0 / (0.015 + 0.9 * (1.0 - p.y));
    vec2 uv = vec2(far * (p.x - 0.5) * 1.6, far);
    vec2 dx = dFdx(uv), dy = dFdy(uv);
    vec3 color = texture(picture, uv).rgb;
    if (way == 0) color = sample_Picture(uv);
    if (way == 1) color = filter_Picture(uv, dx, dy);
    result = vec4(color, 1.0);
}"""
RUN = """async ([vertex, fragment, png, width, height]) => {
    LOADERS
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const gl = canvas.getContext("webgl2", { antialias: false, preserveDrawingBuffer: true });
    const program = linked(gl, vertex, fragment);
    bindTextures(gl, program, await loadTextures(gl, "export"));
    const image = new Image();
    image.src = png;
    await image.decode();
    gl.activeTexture(gl.TEXTURE5);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.uniform1i(gl.getUniformLocation(program, "picture"), 5);
    return [0, 1, 2].map((way) => {
        gl.uniform1i(gl.getUniformLocation(program, "way"), way);
        gl.drawArrays(gl.TRIANGLES, 0, 3);
        const pixels = new Uint8Array(4 * width * height);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
        if (gl.getError() !== gl.NO_ERROR) throw new Error("WebGL error");
        return Array.from(pixels);
    });
}"""
Views = dict[str, NDArray[np.float64]]  # by WAYS: (HEIGHT, WIDTH, 3), 0..1, the horizon first


def paving(side: int = 192) -> NDArray[np.uint8]:
    """A texture that tiles: slabs of different greys with light joints and a few dark lines."""
    y, x = np.mgrid[:side, :side]
    cell = side // 6
    row = y // cell
    column = (x + (row % 2) * (cell // 2)) // cell % 6
    shade = np.random.default_rng(0).uniform(0.15, 0.55, (6, 6, 3))[row, column]
    joint = (y % cell < 3) | ((x + (row % 2) * (cell // 2)) % cell < 3)
    line = (x + y) % (side // 2) < 2
    color = np.where(joint[:, :, None], 0.95, np.where(line[:, :, None], 0.02, shade))
    return np.round(255 * color).astype(np.uint8)


def floor_views(page: Any, gaussians: Gaussians, folder: Path) -> Views:
    """The floor with the Gaussians at points, and filtered, and with a texture that has mip levels.

    gaussians: of a picture in R, G, B on a canvas that wraps. folder: a new one, for the export.
    """
    maps = sampled_maps(gaussians.channels, ())
    export = export_files(gaussians, maps, "glsl", levels=make_levels(gaussians, maps))
    folder.mkdir()
    for name, contents in export.files.items():
        (folder / name).write_bytes(contents if isinstance(contents, bytes) else b"".join(contents))
    main = FRAGMENT.replace("WIDTH", str(WIDTH)).replace("HEIGHT", str(HEIGHT))
    fragment = "#version 300 es\n" + (folder / "sample.glsl").read_text() + main
    file = io.BytesIO()
    Image.fromarray(imagegs.render(gaussians, dtype=np.uint8)).save(file, "png")
    png = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    serve(page, folder, "export")
    script = RUN.replace("LOADERS", "\n".join([*LOADERS, LINKED]))
    found = page.evaluate(script, [GLSL_VERTEX, fragment, png, WIDTH, HEIGHT])
    views = np.array(found, np.float64).reshape(len(WAYS), HEIGHT, WIDTH, 4)[:, ::-1, :, :3] / 255
    return dict(zip(WAYS, views, strict=True))


def true_floor(gaussians: Gaussians) -> NDArray[np.float64]:
    """The mean of many points in each pixel."""
    n = TRUE_SAMPLES
    y = (np.arange(HEIGHT * n) + 0.5) / (HEIGHT * n)
    x = (np.arange(WIDTH * n) + 0.5) / (WIDTH * n)
    far = np.repeat(1 / (0.015 + 0.9 * y[:, None]), len(x), axis=1)
    uv = np.stack([far * (x - 0.5) * 1.6, far], axis=2)
    points = np.mod(uv, 1).reshape(-1, 2) * [gaussians.width, gaussians.height]
    colors = imagegs.sample(gaussians, points).clip(0, 1)
    return colors.reshape(HEIGHT, n, WIDTH, n, 3).mean(axis=(1, 3), dtype=np.float64)


def error_of(view: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """The root mean square, in levels of 8 bits."""
    return float(255 * np.sqrt(np.mean(np.square(view - true))))
