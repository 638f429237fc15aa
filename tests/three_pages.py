"""Pages with three.js and the modules for it, in Chromium."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import imagegs
from requirements import missing
from web_pages import pixels_of

WEB = Path(imagegs.__file__).parent / "web"
MODULES = Path(__file__).parents[1] / "node_modules"

PAGE = """<!doctype html><script type="importmap">{ "imports": {
"three": "/node_modules/three/build/three.module.js",
"three/addons/": "/node_modules/three/examples/jsm/",
"imagegs": "/web/imagegs.js",
"imagegs/three": "/web/three/index.js"
} }</script>"""

# `THREE`, `GLTFLoader` and `gs` are modules; the functions below are for all tests.
SETUP = """async () => {
    globalThis.THREE = await import("three");
    globalThis.gs = await import("imagegs/three");
    globalThis.imagegs = await import("imagegs");
    globalThis.GLTFLoader = (await import("three/addons/loaders/GLTFLoader.js")).GLTFLoader;
    globalThis.messages = [];
    for (const kind of ["warn", "error"]) {
        const old = console[kind];
        console[kind] = (...parts) => { messages.push(parts.join(" ")); old.apply(console, parts); };
    }
    globalThis.makeThree = (width, height) => {
        const renderer = new THREE.WebGLRenderer({ antialias: false });
        renderer.outputColorSpace = THREE.LinearSRGBColorSpace; // values as a material gives them
        renderer.setSize(width, height);
        return renderer;
    };
    globalThis.base64 = (bytes) => {
        let text = "";
        for (let i = 0; i < bytes.length; i += 4096)
            text += String.fromCharCode(...bytes.subarray(i, i + 4096));
        return btoa(text);
    };
    // A scene as pixels, the top row first.
    globalThis.shot = (renderer, scene, camera, width, height) => {
        const target = new THREE.WebGLRenderTarget(width, height, { colorSpace: THREE.NoColorSpace });
        renderer.setRenderTarget(target);
        renderer.render(scene, camera);
        const bytes = new Uint8Array(4 * width * height), rows = new Uint8Array(bytes.length);
        renderer.readRenderTargetPixels(target, 0, 0, width, height, bytes);
        renderer.setRenderTarget(null);
        target.dispose();
        for (let y = 0; y < height; ++y)
            rows.set(bytes.subarray(4 * y * width, 4 * (y + 1) * width), 4 * (height - 1 - y) * width);
        return base64(rows);
    };
    // A square over the whole picture whose texture coordinates have (0, 0) at the top left.
    globalThis.square = (material) => {
        const geometry = new THREE.PlaneGeometry(2, 2), uv = geometry.attributes.uv;
        for (let i = 0; i < uv.count; ++i) uv.setY(i, 1 - uv.getY(i));
        const scene = new THREE.Scene();
        scene.add(new THREE.Mesh(geometry, material));
        return scene;
    };
    globalThis.straight = new THREE.OrthographicCamera(-1, 1, 1, -1, -1, 1);
    // What a texture holds, as stored: sRGB stays sRGB.
    globalThis.textureShot = (renderer, texture, width, height) => {
        const material = new THREE.ShaderMaterial({
            uniforms: {
                seen: { value: texture },
                encode: { value: texture.colorSpace === THREE.SRGBColorSpace },
            },
            vertexShader: `varying vec2 at;
                void main() { at = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }`,
            fragmentShader: `varying vec2 at; uniform sampler2D seen; uniform bool encode;
                void main() {
                    gl_FragColor = texture2D(seen, at);
                    if (encode) gl_FragColor = sRGBTransferOETF(gl_FragColor);
                }`,
        });
        const found = shot(renderer, square(material), straight, width, height);
        material.dispose();
        return found;
    };
}"""


class Files(SimpleHTTPRequestHandler):
    """The package, node_modules, and the files that a test has put into `extra`."""

    def __init__(self, *arguments: Any, extra: dict[str, bytes], **options: Any) -> None:
        self.extra = extra
        super().__init__(*arguments, **options)

    def translate_path(self, path: str) -> str:
        first, _, rest = path.lstrip("/").partition("/")
        folder = {"web": WEB, "node_modules": MODULES}.get(first)
        return str(folder / rest) if folder else "/nowhere"

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        found = self.extra.get(name) or (PAGE.encode() if name == "" else None)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the page may end a transfer
            if found is None:
                super().do_GET()
            else:
                self.send_bytes(found, "application/octet-stream" if name else "text/html")

    def send_bytes(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class ThreePage:
    """A page with three.js, and the server of its files."""

    def __init__(self, page: Any, extra: dict[str, bytes]) -> None:
        self.page, self.extra = page, extra

    def put(self, name: str, data: bytes) -> str:
        """Lets /name be these bytes."""
        self.extra[name] = data
        return f"/{name}"

    def run(self, function: str, *arguments: Any) -> Any:
        """Calls a function of JavaScript, given as text."""
        return self.page.evaluate(f"(a) => ({function})(...a)", list(arguments))

    def pixels(self, encoded: str, width: int, height: int) -> NDArray[np.uint8]:
        return pixels_of(encoded, width, height)


@pytest.fixture(scope="module")
def three(chromium: Any) -> Iterator[ThreePage]:
    """A page with three.js; errors that no script has caught fail the last test of the file."""
    if not (MODULES / "three").is_dir():
        missing("three (make node_modules/installed)")
    extra: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, extra=extra))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    page, errors = chromium.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.evaluate(SETUP)
    yield ThreePage(page, extra)
    page.close()
    server.shutdown()
    server.server_close()
    thread.join()
    assert not errors
