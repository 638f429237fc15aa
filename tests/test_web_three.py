"""Textures of three.js out of .gsimg files: painted when they are loaded, and sampled in a material."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oracle
from export_samples import STACK
from gltf_models import glb, map_pixels, model, png
from imagegs import Bits, Gaussians, decode, encode, render
from imagegs.applications.gltf.moving import move_textures
from imagegs.applications.gltf.reading import read_model
from imagegs.applications.gltf.writing import glb_bytes
from imagegs.textures.map_list import to_metadata
from imagegs.textures.painting import paint_map
from three_pages import ThreePage
from web_pages import check_close

WIDTH, HEIGHT = 96, 64


def scene(channels: tuple[str, ...], blend: str = "softmax", n: int = 300, **changes: Any) -> Gaussians:
    rng = np.random.default_rng(len(channels))
    g = oracle.random_gaussians(rng, n, HEIGHT, WIDTH, len(channels), blend, scales=(0.7, 9))
    return decode(encode(g.replace(channels=channels, **changes), Bits()))


def stack_file() -> tuple[Gaussians, bytes]:
    g = scene(tuple(name for each in STACK for name in each.stack_channels))
    return g, encode(g, Bits(), metadata=to_metadata(STACK))


def rgba(pixels: np.ndarray) -> np.ndarray:
    color = pixels[..., :1].repeat(3, axis=2) if pixels.shape[2] < 3 else pixels[..., :3]
    opaque = np.full_like(color[..., :1], 255)
    return np.concatenate([color, pixels[..., -1:] if pixels.shape[2] % 2 == 0 else opaque], axis=2)


LOADED = """async (url, own, flags) => {
    const renderer = makeThree(96, 64), loader = new gs.GsimgLoader();
    if (own) loader.setRenderer(renderer);
    const file = await loader.loadAsync(url), shots = {};
    for (const [name, texture] of Object.entries(file.maps)) {
        const { colorSpace, wrapS, flipY } = texture;
        shots[name] = [textureShot(renderer, texture, 96, 64), colorSpace, wrapS, flipY];
    }
    file.dispose();
    const { textures } = renderer.info.memory;
    renderer.dispose();
    return { shots, textures, repeat: THREE.RepeatWrapping };
}"""


@pytest.mark.parametrize("own", [True, False], ids=["on the card", "by way of the page"])
def test_textures_are_the_maps(three: ThreePage, own: bool) -> None:
    g, data = stack_file()
    found = three.run(LOADED, three.put("stack.gsimg", data), own)
    assert list(found["shots"]) == [each.name for each in STACK] and found["textures"] == 0
    for each in STACK:
        encoded, color_space, wrap, flip = found["shots"][each.name]
        assert color_space == ("srgb" if each.color_space == "srgb" else "")
        assert wrap != found["repeat"] and flip is False
        expected = rgba((paint_map(g, each) // (1 if each.bit_depth == 8 else 257)).astype(np.uint8))
        check_close(three.pixels(encoded, WIDTH, HEIGHT), expected)


def painted(g: Gaussians, name: str = "Color") -> np.ndarray:
    return rgba(paint_map(g, next(each for each in STACK if each.name == name)).astype(np.uint8))


SETTINGS = """async (url, change) => {
    const renderer = makeThree(96, 64);
    const file = await new gs.GsimgLoader().setRenderer(renderer).setMaps(["Color"]).loadAsync(url);
    const { memory } = renderer.info, texture = file.maps.Color, names = Object.keys(file.maps);
    const shown = (each) => textureShot(renderer, each, 96, 64);
    const turn = () => new Promise((resolve) => setTimeout(resolve));
    const counts = [memory.textures], shots = [shown(texture)];
    if (change === "clone") {
        const clone = texture.clone();
        clone.offset.x = 0.5;
        clone.needsUpdate = true;
        shots.push(shown(clone));
        texture.dispose();
        shots.push(shown(clone));
        clone.dispose();
    } else if (change === "setting") {
        texture.wrapS = THREE.MirroredRepeatWrapping;
        texture.needsUpdate = true;
        shown(texture);
        await turn();
        shots.push(shown(texture));
        texture.dispose();
    } else {
        const lose = renderer.getContext().getExtension("WEBGL_lose_context");
        const event = (name) => new Promise((resolve) =>
            renderer.domElement.addEventListener(name, resolve, { once: true }));
        const lost = event("webglcontextlost"), restored = event("webglcontextrestored");
        lose.loseContext();
        await lost;
        await turn();
        lose.restoreContext();
        await restored;
        shown(texture);
        await turn();
        shots.push(shown(texture));
        texture.dispose();
    }
    counts.push(memory.textures);
    renderer.dispose();
    return { shots, counts, names };
}"""


@pytest.mark.parametrize("change", ["clone", "setting", "loss"])
def test_a_texture_keeps_its_map_as_any_other(three: ThreePage, change: str) -> None:
    """Clones, settings that want new memory, a context that was lost; and dispose() frees the memory."""
    g, data = stack_file()
    found = three.run(SETTINGS, three.put("stack.gsimg", data), change)
    assert found["names"] == ["Color"]
    for encoded in found["shots"]:
        check_close(three.pixels(encoded, WIDTH, HEIGHT), painted(g))
    assert change == "loss" or found["counts"] == [1, 0]


def test_mips_and_the_wrap_of_a_file_that_tiles(three: ThreePage) -> None:
    g = scene(("R", "G", "B"), wrap=True)
    url = three.put("tile.gsimg", encode(g, Bits()))
    found = three.run(
        """async (url) => {
            const renderer = makeThree(96, 64);
            const loader = new gs.GsimgLoader().setRenderer(renderer);
            loader.setTextureSettings({ magFilter: THREE.NearestFilter });
            const { maps, wrap } = await loader.loadAsync(url), texture = maps.Picture;
            const facts = [texture.wrapS === THREE.RepeatWrapping, texture.wrapT === THREE.RepeatWrapping,
                texture.minFilter === THREE.LinearMipmapLinearFilter,
                texture.magFilter === THREE.NearestFilter, wrap];
            return { facts, small: textureShot(renderer, texture, 12, 8) };
        }""",
        url,
    )
    assert found["facts"] == [True] * 5
    linear = srgb_to_linear(render(g, dtype="uint8").reshape(8, 8, 12, 8, 3) / 255).mean(axis=(1, 3))
    expected = np.round(255 * linear_to_srgb(linear))
    small = three.pixels(found["small"], 12, 8)[..., :3]
    assert np.abs(small - expected).max() <= 3 and np.ptp(small) > 60


def srgb_to_linear(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)


LOADING = """async (url) => {
    const manager = new THREE.LoadingManager(), events = [];
    for (const name of ["onStart", "onProgress", "onLoad", "onError"])
        manager[name] = () => events.push(name);
    const loader = new gs.GsimgLoader(manager).setPath("/").setMaps([]);
    let loaded = 0, message = "";
    try {
        const file = await loader.loadAsync(url, (event) => (loaded = event.loaded));
        message = file.names.join();
    } catch (error) {
        message = `${error.name}: ${error.message}`;
    }
    await new Promise((resolve) => setTimeout(resolve));
    return { events, loaded, message };
}"""


def test_the_manager_is_told(three: ThreePage) -> None:
    _, data = stack_file()
    three.put("a.gsimg", data)
    found = three.run(LOADING, "a.gsimg")
    assert found["loaded"] == len(data) and found["message"] == "AO,Color,rock height,Normal"
    assert (
        found["events"][0] == "onStart" and "onLoad" in found["events"] and "onError" not in found["events"]
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("cut.gsimg", stack_file()[1][:500], "FormatError: chunk mETA: 507 bytes declared, 380 left"),
        ("other.gsimg", b"no such file", "FormatError: "),
        ("none.gsimg", None, "Error: "),
    ],
)
def test_errors_reach_the_manager_and_the_promise(
    three: ThreePage, name: str, data: bytes | None, message: str
) -> None:
    if data is not None:
        three.put(name, data)
    found = three.run(LOADING, name)
    assert "onError" in found["events"] and found["message"].startswith(message), found
    assert data is not None or "404" in found["message"]


def test_a_loader_can_be_stopped(three: ThreePage) -> None:
    url = three.put("a.gsimg", stack_file()[1])
    name = three.run(
        """async (url) => {
            const loader = new gs.GsimgLoader(), loading = loader.loadAsync(url);
            loader.abort();
            const ended = await loading.catch((error) => error.name);
            return [ended, (await loader.setMaps([]).loadAsync(url)).width];
        }""",
        url,
    )
    assert name == ["AbortError", WIDTH]


@pytest.fixture(scope="module")
def bottle() -> dict[str, bytes]:
    """A model, the same with its textures moved, and one that keeps its pictures besides."""
    tree, data = model((64, 64))
    tree["samplers"] = [{"wrapS": 33071, "wrapT": 10497, "minFilter": 9987}]
    plain = read_model(glb(tree, data), None)
    options: dict[str, Any] = {"n_gaussians": 400, "effort": 2, "threads": 1}
    moved = [move_textures(plain, keep_pictures=keep, **options)[0] for keep in (False, True)]
    return {"plain": glb(tree, data), "moved": glb_bytes(moved[0]), "both": glb_bytes(moved[1])}


MODEL = """async (url, own, sampled) => {
    const renderer = makeThree(64, 64);
    const loader = new GLTFLoader().register((parser) =>
        new gs.GLTFImagegsExtension(parser, { renderer: own ? renderer : null, sampled }));
    let gltf;
    try {
        gltf = await loader.loadAsync(url);
    } catch (error) {
        return `${error.name}: ${error.message}`;
    }
    const mesh = gltf.scene.children[0], { material } = mesh;
    const facts = {};
    for (const name of ["map", "normalMap", "roughnessMap", "metalnessMap", "aoMap", "emissiveMap"]) {
        const { colorSpace, wrapS, wrapT, flipY } = material[name];
        const wrappings = [wrapS === THREE.ClampToEdgeWrapping, wrapT === THREE.RepeatWrapping];
        facts[name] = [colorSpace, ...wrappings, flipY];
    }
    const scene = new THREE.Scene();
    material.emissiveIntensity = 0.2;
    material.transparent = false;
    scene.add(gltf.scene, new THREE.AmbientLight(0xffffff, 0.8));
    const light = new THREE.DirectionalLight(0xffffff, 2);
    light.position.set(1, 1, 2);
    scene.add(light);
    const shown = shot(renderer, scene, straight, 64, 64);
    const same = material.roughnessMap === material.metalnessMap && material.aoMap === material.roughnessMap;
    const side = material.map.image.width, { image, offset, repeat } = material.emissiveMap;
    const emissive = [image.width, offset.x, repeat.x];
    return { shown, facts, same, side, emissive, textures: renderer.info.memory.textures };
}"""


@pytest.mark.parametrize(
    ("own", "sampled"),
    [(True, False), (False, False), (True, True)],
    ids=["painted on the card", "by way of the page", "sampled"],
)
def test_a_model_looks_as_with_its_pictures(
    three: ThreePage, bottle: dict[str, bytes], own: bool, sampled: bool
) -> None:
    shots, textures = {}, set()
    for kind in ("plain", "moved"):
        found = three.run(MODEL, three.put(f"{kind}.glb", bottle[kind]), own, sampled)
        shots[kind] = three.pixels(found["shown"], 64, 64).astype(float)
        colors = {name: facts[0] for name, facts in found["facts"].items()}
        assert colors == {**dict.fromkeys(colors, ""), "map": "srgb", "emissiveMap": "srgb"}
        assert all(facts[1:] == [True, True, False] for facts in found["facts"].values())
        assert found["same"]
        assert found["side"] == (1 if sampled and kind == "moved" else 64)
        textures.add(found["textures"] - (4 if sampled and kind == "moved" else 0))
    # Nothing is left of what they were painted from. Four maps are four textures, and so are the Gaussians;
    # sampled maps have a coarse texture each besides.
    assert len(textures) == 1
    assert np.abs(shots["plain"] - shots["moved"]).mean() < 4 and np.ptp(shots["plain"]) > 100


@pytest.mark.parametrize("sampled", [False, True], ids=["painted", "sampled"])
def test_transforms_and_a_second_file(three: ThreePage, sampled: bool) -> None:
    """A material samples one file, and has textures of the other one."""
    tree, data = model((64, 64))
    small = png(map_pixels("emissive", (32, 32)))
    tree["bufferViews"].append({"buffer": 0, "byteOffset": len(data), "byteLength": len(small)})
    tree["images"][3]["bufferView"] = len(tree["bufferViews"]) - 1
    tree["buffers"] = [{"byteLength": len(data) + len(small)}]
    material = tree["materials"][0]
    for info, offset in ((material["emissiveTexture"], [0.5, 0]), (material["normalTexture"], [0, 0.25])):
        info["extensions"] = {"KHR_texture_transform": {"offset": offset, "scale": [0.5, 1]}}
    tree["extensionsUsed"] = ["KHR_texture_transform"]
    plain = glb(tree, data + small)
    moved, stacks = move_textures(read_model(plain, None), n_gaussians=400, effort=2, threads=1)
    assert len(stacks) == 2
    shots = []
    for name, file in (("plain", plain), ("two", glb_bytes(moved))):
        found = three.run(MODEL, three.put(f"{name}.glb", file), True, sampled)
        shots.append(three.pixels(found["shown"], 64, 64).astype(float))
        assert found["side"] == (1 if sampled and name == "two" else 64)
        assert found["emissive"] == [32, 0.5, 0.5]
    assert np.abs(shots[0] - shots[1]).mean() < 4


def test_a_broken_file_has_the_other_picture_or_fails(three: ThreePage, bottle: dict[str, bytes]) -> None:
    for kind in ("moved", "both"):
        at = bottle[kind].index(b"\x89GSI")
        broken = bottle[kind][: at + 200] + b"\xff" + bottle[kind][at + 201 :]
        found = three.run(MODEL, three.put("broken.glb", broken), True)
        if kind == "moved":
            assert found == "FormatError: chunk HEAD: checksum mismatch"
        else:
            plain = three.run(MODEL, three.put("plain.glb", bottle["plain"]), True)
            assert found["shown"] == plain["shown"]


def test_a_map_that_there_is_not(three: ThreePage, bottle: dict[str, bytes]) -> None:
    wrong = bottle["moved"].replace(b'"map":"Emissive"', b'"map":"emissive"')
    found = three.run(MODEL, three.put("wrong.glb", wrong), True)
    assert found == "FormatError: image 0 has no map emissive"


PATCHED = """async (url, own, kind, maps, options) => {
    const renderer = makeThree(96, 64);
    const file = await new gs.GsimgLoader().setRenderer(renderer).loadAsync(url);
    const material = new THREE[kind]({ transparent: false });
    if (kind === "MeshStandardMaterial") material.normalScale.set(0.6, 0.6);
    try {
        if (own) await gs.patchMaterial(material, file, maps, options);
        else for (const [property, name] of Object.entries(maps)) material[property] = file.maps[name];
    } catch (error) {
        return `${error.name}: ${error.message}`;
    }
    const scene = square(material);
    scene.add(new THREE.AmbientLight(0xffffff, 1));
    const light = new THREE.DirectionalLight(0xffffff, 2);
    light.position.set(1, 1, 2);
    scene.add(light);
    const uv = scene.children[0].geometry.attributes.uv.array;
    if (options.shift) uv.forEach((v, i) => (uv[i] = v + 0.25));
    const shown = shot(renderer, scene, straight, 96, 64);
    const before = renderer.info.memory.textures;
    material.dispose();
    return { shown, before, after: renderer.info.memory.textures, messages };
}"""
LIT = {"map": "Color", "normalMap": "Normal", "roughnessMap": "AO", "aoMap": "rock height"}


@pytest.mark.parametrize(
    ("kind", "maps"),
    [
        ("MeshBasicMaterial", {"map": "Color"}),
        ("MeshStandardMaterial", LIT),
        ("MeshPhysicalMaterial", {**LIT, "clearcoatNormalMap": "Normal", "metalnessMap": "AO"}),
        ("MeshPhongMaterial", {"map": "Color", "normalMap": "Normal"}),
    ],
)
def test_a_material_samples_gaussians(three: ThreePage, kind: str, maps: dict[str, str]) -> None:
    """At pixel centers it is what textures of the same size give."""
    url = three.put("stack.gsimg", stack_file()[1])
    sampled, textured = (three.run(PATCHED, url, own, kind, maps, {}) for own in (True, False))
    found, expected = (three.pixels(each["shown"], WIDTH, HEIGHT).astype(int) for each in (sampled, textured))
    assert np.ptp(found[..., :3]) > 80
    off = np.abs(found - expected)
    assert (off > 4).mean() < 2e-3 and (off > 1).mean() < 0.05, (off.max(), (off > 1).mean())
    n_maps = len(set(maps.values()))
    assert sampled["before"] - sampled["after"] == 4 + n_maps  # tiles, ids, shapes, colors; coarse ones
    assert not [each for each in sampled["messages"] if "Shader" in each or "WebGL" in each]


SMALL = """async (url, own, width, height, flip) => {
    const renderer = makeThree(width, height);
    const file = await new gs.GsimgLoader().setRenderer(renderer).loadAsync(url);
    const material = new THREE.MeshBasicMaterial({ transparent: false });
    if (own) await gs.patchMaterial(material, file, { map: "Picture" });
    else material.map = file.maps.Picture;
    const scene = square(material);
    return shot(renderer, scene, straight, width, height);
}"""


@pytest.mark.parametrize("size", [(48, 32), (40, 27), (24, 16), (12, 8)])
def test_a_material_filters_what_is_shown_small(three: ThreePage, size: tuple[int, int]) -> None:
    """As a texture with mip levels does, and as means of the picture; points alone would alias."""
    g = scene(("R", "G", "B"))
    url = three.put("a.gsimg", encode(g, Bits()))
    found, textured = (
        three.pixels(three.run(SMALL, url, own, *size), *size)[..., :3] for own in (True, False)
    )
    true, points = (
        srgb_to_linear(render(g, height=size[1], filtered=filtered).clip(0, 1)) for filtered in (True, False)
    )
    true, points = (each[:, : size[0]] * 255.0 for each in (true, points))

    def error(pixels: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.square(pixels - true))))

    assert error(found) < 1.1 * error(textured) + 1
    assert error(found) < (0.7 if size[0] < 40 else 1) * error(points)


def test_a_material_repeats_a_file_that_wraps(three: ThreePage) -> None:
    g = scene(("R", "G", "B"), wrap=True)
    url = three.put("tile.gsimg", encode(g, Bits()))
    found, expected = (
        three.pixels(
            three.run(PATCHED, url, own, "MeshBasicMaterial", {"map": "Picture"}, {"shift": True})["shown"],
            96,
            64,
        )
        for own in (True, False)
    )
    off = np.abs(found.astype(int) - expected) > 2
    assert off.mean() < 2e-3 and np.ptp(found[..., :3]) > 80


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({"map": "Colour"}, "RangeError: there is no map Colour"),
        ({"bumpMap": "AO"}, "RangeError: the material has no bumpMap that can be sampled"),
        ({"roughnessMap": "AO"}, "RangeError: the material has no roughnessMap that can be sampled"),
    ],
)
def test_what_a_material_cannot_sample(three: ThreePage, maps: dict[str, str], message: str) -> None:
    url = three.put("stack.gsimg", stack_file()[1])
    assert three.run(PATCHED, url, True, "MeshBasicMaterial", maps, {}) == message
