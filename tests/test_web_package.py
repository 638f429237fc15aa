"""The npm package: what is in it, what TypeScript and Vite make of it, and what a browser shows then."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imagegs
from conftest import sample_gaussians
from imagegs import decode, encode, render
from requirements import missing
from web_pages import check_close, pixels_of

ROOT = Path(__file__).parents[1]
WEB = Path(imagegs.__file__).parent / "web"
PACKAGE = json.loads((WEB / "package.json").read_text("utf-8"))
NOT_PACKED = {"start_joined_worker.js"}  # of the library in one file


def tool(name: str) -> str:
    """A command that `make` installs in node_modules."""
    path = shutil.which(name, path=str(ROOT / "node_modules" / ".bin"))
    if path is None:
        missing(f"{name} (make node_modules/installed)")
    return path


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm pack` writes."""
    tool("tsc")  # the types are made on the way
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("packed")
    if npm is None:
        missing("npm")
    packed = json.loads(run(npm, "pack", "--silent", "--json", "--pack-destination", str(folder), folder=WEB))
    facts = packed[0] if isinstance(packed, list) else packed[PACKAGE["name"]]
    return folder / str(facts["filename"])


@pytest.fixture(scope="module")
def project(tarball: Path) -> Path:
    """A folder in which the package is installed, and nothing else."""
    folder = tarball.parent / "project"
    folder.mkdir()
    (folder / "package.json").write_text('{ "private": true, "type": "module" }')
    npm = shutil.which("npm")
    assert npm is not None
    run(npm, "install", "--offline", "--ignore-scripts", "--no-package-lock", str(tarball), folder=folder)
    return folder


def test_the_version_is_that_of_the_python_package() -> None:
    assert PACKAGE["version"] == imagegs.__version__


def test_the_licence_is_that_of_the_project() -> None:
    assert (WEB / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert PACKAGE["license"] == "MIT"


def test_modules_with_side_effects_are_named() -> None:
    """A bundler may leave out all others of which nothing is used."""
    acting = {path.name for path in WEB.glob("*.js") if re.search(r"^\w+\(|^if \(", path.read_text(), re.M)}
    assert acting == {"image_gs_element.js", "decoder_worker.js"}
    assert {f"./{name}" for name in acting} | {"./element.js"} == set(PACKAGE["sideEffects"])


def test_the_library_does_not_define_the_element() -> None:
    """`import { loadPicture } from "imagegs"` leaves the page's elements alone."""
    seen, left = set(), ["imagegs"]
    while left:
        name = left.pop()
        seen.add(name)
        found = re.findall(r'from "\./(\w+)\.js"', (WEB / f"{name}.js").read_text())
        left += [each for each in found if each not in seen]
    assert "painting" in seen and "image_gs_element" not in seen


def test_the_package_holds_this_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    modules = {path.relative_to(WEB).as_posix() for path in (*WEB.glob("*.js"), *WEB.glob("three/*.js"))}
    modules -= NOT_PACKED
    types = {f"types/{name.removesuffix('.js')}.d.ts" for name in modules}
    assert names == modules | types | {"package.json", "README.md", "LICENSE", "tag_names.d.ts"}


USE = """
import "imagegs/element";
import { decode, FormatError, loadPicture, makeRenderer, mapsOf, openPicture } from "imagegs";
import { Painting, Sampler } from "imagegs";

const picture = await loadPicture("a.gsimg", { maxPixels: 1e6, onLayer: (p) => p.layers.length });
const renderer = await makeRenderer(document.createElement("canvas"), { api: "webgl2" });
const painting = new Painting(renderer, picture, { lod: 0.5 });
const opened = await openPicture("b.gsimg", { maxMemory: 1e8, onDamage: (error) => error.message });
const wanted = { pixelsAcross: 8, onPart: (p: { ends: number[] }) => p.ends };
const part = await opened.gaussiansFor({ x: 0, y: 0, width: 8, height: 8 }, wanted);
const partly = new Painting(renderer, part, { filtered: part.filtered });
const drawn: boolean = await painting.paint({ x: 0, y: 0, width: 8, height: 8 }, { width: 64, height: 64 });
const shares: number[] = painting.sample(1.5, 2.5)?.kept.map(({ share }) => share) ?? [];
const blend: "paper" | "softmax" = decode(new Uint8Array(8), { lod: 1 }).blend;
const names: string[] = mapsOf(picture).map((map) => map.name);
document.querySelector("image-gs")?.decode();
export { drawn, partly, shares, blend, names, FormatError, Sampler };
"""


def checked(project: Path, name: str, source: str, *more: str) -> subprocess.CompletedProcess[str]:
    (project / name).write_text(source)
    options = "--strict --noEmit --target es2022 --module es2022 --moduleResolution bundler --lib es2022,dom"
    command = [tool("tsc"), *options.split(), "--types", "", "--ignoreConfig", *more, name]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)


def test_typescript_knows_its_types(project: Path) -> None:
    done = checked(project, "use.ts", USE)
    assert done.returncode == 0, done.stdout


USE_THREE = """
import { Mesh, MeshStandardMaterial, SRGBColorSpace, WebGLRenderer } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { GLTFImagegsExtension, GsimgLoader, patchMaterial } from "imagegs/three";

const renderer = new WebGLRenderer();
const loader = new GsimgLoader().setRenderer(renderer).setPath("textures/").setMaps(["Color"]);
const file = await loader.loadAsync("tiles.gsimg", (event) => event.loaded);
const color = await file.texture("Color", { anisotropy: 4, colorSpace: SRGBColorSpace });
const material: MeshStandardMaterial = await patchMaterial(new MeshStandardMaterial({ map: color }), file, {
    normalMap: "Normal",
});
new GLTFLoader().register((parser) => new GLTFImagegsExtension(parser, { renderer }));
export { file, material, Mesh };
"""


def test_typescript_knows_the_part_for_three(project: Path) -> None:
    tool("tsc")
    for name in ("three", "@types"):
        if not (project / "node_modules" / name).exists():
            (project / "node_modules" / name).symlink_to(ROOT / "node_modules" / name)
    done = checked(project, "three.ts", USE_THREE, "--skipLibCheck")
    assert done.returncode == 0, done.stdout
    wrong = USE_THREE.replace('setMaps(["Color"])', "setMaps(3)")
    done = checked(project, "three.ts", wrong, "--skipLibCheck")
    assert done.returncode != 0 and "'number'" in done.stdout, done.stdout
    (project / "three.ts").unlink()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ('loadPicture("a.gsimg", { maxPixel: 1 })', "maxPixel"),
        ('makeRenderer(document.createElement("canvas"), { api: "webgl" })', '"webgl"'),
        ("decode(3)", "number"),
        ('openPicture("a.gsimg", { memory: 1 })', "memory"),
        ('import("imagegs/painting.js")', "imagegs/painting.js"),
    ],
)
def test_typescript_tells_what_is_wrong(project: Path, wrong: str, problem: str) -> None:
    source = f'import {{ decode, loadPicture, makeRenderer, openPicture }} from "imagegs";\nvoid {wrong};\n'
    done = checked(
        project, "wrong.ts", source + "export { decode, loadPicture, makeRenderer, openPicture };\n"
    )
    assert done.returncode != 0 and problem in done.stdout, done.stdout


PAGE = '<script type="module" src="{src}"></script><image-gs src="photo.gsimg"></image-gs>'
MAP = """<script type="importmap">{ "imports": {
"imagegs": "LIBRARY/imagegs.js", "imagegs/element": "LIBRARY/element.js"
} }</script>"""
MAIN = """
import "imagegs/element";
import { loadPicture, makeRenderer, Painting } from "imagegs";

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** The pixels that the library reads back, and those that the element shows. */
globalThis.shown = async () => {
    const picture = await loadPicture("photo.gsimg"), { width, height } = picture, size = { width, height };
    const renderer = await makeRenderer(document.createElement("canvas"), { api: "webgl2" });
    const read = await new Painting(renderer, picture).readPixels({ x: 0, y: 0, ...size }, size);
    const element = document.querySelector("image-gs");
    await element.decode();
    const context = element.shadowRoot.querySelector("canvas").getContext("2d");
    return [read, context.getImageData(0, 0, width, height).data].map(base64);
};
"""


@contextlib.contextmanager
def serving(folder: Path, *, to_all: bool) -> Iterator[str]:
    """The address of a server for a folder; to_all: pages of other origins may load the files."""

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            if to_all:
                self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def served(project: Path) -> Iterator[str]:
    """The address of the project's folder."""
    with serving(project, to_all=False) as address:
        yield address


@pytest.fixture(scope="module")
def cdn(project: Path) -> Iterator[str]:
    """The same folder at another origin, for pages of all origins."""
    with serving(project, to_all=True) as address:
        yield address


@pytest.mark.parametrize("built", [True, False], ids=["built by Vite", "as it is"])
def test_a_page_shows_a_picture(chromium: Any, project: Path, served: str, built: bool) -> None:
    write_page(project, "./node_modules/imagegs")
    if built:
        run(tool("vite"), "build", "--base", "./", "--logLevel", "warn", folder=project)
        assert not (project / "dist" / "node_modules").exists()
    check_page(chromium, f"{served}/dist/index.html" if built else f"{served}/plain.html")


@pytest.mark.parametrize("built", [True, False], ids=["built by Vite", "as it is"])
def test_the_library_may_come_from_another_origin(
    chromium: Any, project: Path, served: str, cdn: str, built: bool
) -> None:
    """Browsers refuse a worker of another origin than the page's. The policy is that of docs/web.md."""
    policy = (
        f"default-src 'none'; script-src 'self' 'unsafe-inline' {cdn}; connect-src 'self'; "
        f"worker-src blob: {cdn}; require-trusted-types-for 'script'; trusted-types imagegs"
    )
    write_page(project, f"{cdn}/node_modules/imagegs", policy)
    if built:
        run(tool("vite"), "build", "--base", f"{cdn}/dist/", "--logLevel", "warn", folder=project)
    address = f"{served}/dist/index.html" if built else f"{served}/plain.html"
    asked = check_page(chromium, address)
    workers = [url for url in asked if "decoder_worker" in url]
    assert workers and all(url.startswith(cdn) for url in workers)


def write_page(project: Path, library: str, policy: str = "") -> None:
    """A page with a picture: plain.html, with the library at an address, and index.html, for Vite."""
    head = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{policy}">'
    data = encode(sample_gaussians())
    (project / "public").mkdir(exist_ok=True)
    for folder in (project, project / "public"):
        (folder / "photo.gsimg").write_bytes(data)
    (project / "main.js").write_text(MAIN)
    (project / "plain.html").write_text(head + MAP.replace("LIBRARY", library) + PAGE.format(src="main.js"))
    (project / "index.html").write_text(head + PAGE.format(src="/main.js"))


def check_page(chromium: Any, address: str) -> list[str]:
    """Looks at the picture of the page; returns the addresses that were asked for."""
    page, errors, asked = chromium.new_page(), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_function("globalThis.shown", timeout=30_000)
    expected = np.round(np.clip(render(decode(encode(sample_gaussians()))), 0, 1) * 255).astype(int)
    for encoded in page.evaluate("shown()"):
        pixels = pixels_of(encoded, 48, 32)
        assert (pixels[:, :, 3] == 255).all()
        check_close(pixels[:, :, :3], expected)
    page.close()
    assert not errors
    return asked


@pytest.mark.parametrize("foreign", [False, True], ids=["page's origin", "another origin"])
def test_a_worker_that_is_missing_is_told(
    chromium: Any, project: Path, served: str, cdn: str, foreign: bool
) -> None:
    left = project / "left"
    shutil.copytree(project / "node_modules" / "imagegs", left, dirs_exist_ok=True)
    (left / "decoder_worker.js").unlink()
    page = chromium.new_page()
    page.goto(f"{served}/package.json")
    script = """async (address) => {
        const { Worker } = globalThis, { loadPicture } = await import(address);
        const reason = await loadPicture(new Uint8Array(9)).catch(({ name, message }) => [name, message]);
        return [...reason, globalThis.Worker === Worker];
    }"""
    name, message, same = page.evaluate(script, f"{cdn if foreign else served}/left/imagegs.js")
    assert name == "UnsupportedError"
    assert message.startswith("the decoder's worker failed: decoder_worker.js may be missing")
    assert same, "the page's Worker is another class now"
    page.close()
