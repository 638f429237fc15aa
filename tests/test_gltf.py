"""Models of glTF: their files, moved textures and restored ones, and how damaged ones are refused."""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import sample_gaussians
from gltf_models import ROOT, Json, glb, image_data, in_files, map_pixels, model, opened, png, problems
from imagegs import FormatError, LimitError, decompress, encode, render
from imagegs.applications.gltf.model import Model
from imagegs.applications.gltf.moving import LEAST_BYTES, move_textures
from imagegs.applications.gltf.packing import pack
from imagegs.applications.gltf.reading import read_model
from imagegs.applications.gltf.rebuilding import EXTENSION, MIME, NewImage, exchanged
from imagegs.applications.gltf.restoring import restore_textures
from imagegs.applications.gltf.stacks import plan_stacks
from imagegs.applications.gltf.writing import glb_bytes
from imagegs.limits import DEFAULT_LIMITS, Limits
from requirements import need_packages

FAST: dict[str, Any] = {"steps": 3, "threads": 1}
TREE, DATA = model()
PLACE = f"textures/0/extensions/{EXTENSION}"


def read(tree: Json = TREE, data: bytes | None = DATA, folder: Path | None = None) -> Model:
    return read_model(glb(tree, data), folder)


def changed(**parts: Any) -> Json:
    return {**deepcopy(TREE), **parts}


def pixels_in(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_the_maps_of_a_material_are_one_file(tmp_path: Path) -> None:
    moved, stacks = move_textures(read(), **FAST)
    (stack,) = stacks
    assert list(stack.plan.maps) == ["BaseColor", "OcclusionRoughnessMetallic", "Normal", "Emissive"]
    (tmp_path / "m.glb").write_bytes(glb_bytes(moved))
    tree, data = opened(tmp_path / "m.glb")
    assert [texture["extensions"][EXTENSION]["map"] for texture in tree["textures"]] == [
        "BaseColor", "Normal", "OcclusionRoughnessMetallic", "Emissive",
    ]  # fmt: skip
    assert all(texture["sampler"] == 0 and "source" not in texture for texture in tree["textures"])
    assert [image["mimeType"] for image in tree["images"]] == ["image/x-gsimg"]
    painted = decompress(image_data(tree, data, 0))
    assert isinstance(painted, dict) and {name: each.shape[2] for name, each in painted.items()} == {
        "BaseColor": 4, "OcclusionRoughnessMetallic": 3, "Normal": 3, "Emissive": 3,
    }  # fmt: skip
    assert tree["extensionsUsed"] == tree["extensionsRequired"] == [EXTENSION]
    assert tree["nodes"] == TREE["nodes"] and tree["materials"] == TREE["materials"]
    assert problems(tmp_path / "m.glb") == []


def test_the_extension_fits_its_schema() -> None:
    need_packages("jsonschema")
    from jsonschema import Draft202012Validator

    schema = json.loads((ROOT / "docs/EXT_texture_gsimg.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    moved, _ = move_textures(read(), **FAST)
    for texture in moved.json["textures"]:
        validator.validate(texture["extensions"][EXTENSION])
    for wrong in (
        {"map": "A"},
        {"source": -1},
        {"source": 0.5},
        {"source": 0, "map": ""},
        {"source": 0, "map": 1},
    ):
        assert not validator.is_valid(wrong)


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.glb").write_bytes(glb(TREE, DATA))
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/gltf.md").read_text("utf-8"), re.DOTALL)
    exec(compile(block, "docs/gltf.md", "exec"), {})
    assert problems(tmp_path / "small.glb") == []


def test_geometry_stays_and_pictures_go() -> None:
    moved, stacks = move_textures(read(), **FAST)
    old, new = read(), moved
    assert len(new.json["bufferViews"]) == 5
    for before, after in zip(TREE["accessors"], new.json["accessors"], strict=True):
        assert new.view_bytes(after["bufferView"]) == old.view_bytes(before["bufferView"])
        assert {**before, "bufferView": 0} == {**after, "bufferView": 0}
    assert new.buffers[0] is not None
    n_pictures = sum(image.n_bytes for image in stacks[0].plan.maps.values())
    assert len(new.buffers[0]) <= len(DATA) - n_pictures + len(stacks[0].file.data) + 64


def test_there_and_back(tmp_path: Path) -> None:
    moved, _ = move_textures(read(), n_gaussians=120, effort=1, threads=1)
    restored, pictures = restore_textures(moved, threads=1)
    (tmp_path / "m.glb").write_bytes(glb_bytes(restored))
    tree, data = opened(tmp_path / "m.glb")
    assert [each["source"] for each in tree["textures"]] == [0, 1, 2, 3] and "extensionsUsed" not in tree
    assert [each.name for each in pictures] == [each["name"] for each in tree["images"]]
    assert not any("extensions" in each for each in tree["textures"]) and len(tree["images"]) == 4
    for number, name in enumerate(("color", "normal", "orm", "emissive")):
        found, expected = pixels_in(image_data(tree, data, number)), map_pixels(name)
        assert found.shape == expected.shape
        assert np.abs(found.astype(float) - expected).mean() < 12, name
    assert problems(tmp_path / "m.glb") == []


def test_a_model_can_keep_its_pictures() -> None:
    moved, _ = move_textures(read(), keep_pictures=True, **FAST)
    assert [each["source"] for each in moved.json["textures"]] == [0, 1, 2, 3]
    assert {each["extensions"][EXTENSION]["source"] for each in moved.json["textures"]} == {4}
    assert moved.json["extensionsUsed"] == [EXTENSION] and "extensionsRequired" not in moved.json
    restored, pictures = restore_textures(moved)
    assert pictures == [] and len(restored.json["images"]) == 4
    assert restored.image_bytes(2) == read().image_bytes(2)


@pytest.mark.parametrize("embedded", [True, False], ids=["data URIs", "files"])
def test_pictures_outside_of_the_buffer(tmp_path: Path, embedded: bool) -> None:
    tree = in_files(TREE, DATA, tmp_path, embedded=embedded)
    found = read_model(json.dumps(tree).encode(), tmp_path)
    assert len(found.files) == (0 if embedded else 5)
    assert [found.image_bytes(i) for i in range(4)] == [read().image_bytes(i) for i in range(4)]
    moved, _ = move_textures(found, **FAST)
    assert read_model(glb_bytes(moved), None).json == moved.json  # nothing is outside any more


def test_pictures_that_no_material_uses_stay(tmp_path: Path) -> None:
    tree = in_files(TREE, DATA, tmp_path, embedded=True)
    tree["materials"][0].pop("emissiveTexture")
    moved, _ = move_textures(read_model(json.dumps(tree).encode(), None), **FAST)
    assert [each["name"] for each in moved.json["images"]] == ["the emissive", "Bottle"]
    assert moved.json["textures"][3] == {"source": 0, "sampler": 0}
    assert pixels_in(moved.image_bytes(0)).shape == (32, 32, 3)


def with_picture(name: str, pixels: np.ndarray, **parts: Any) -> tuple[Json, bytes]:
    """The model with another picture for one of its images."""
    tree, number = changed(**parts), ("color", "normal", "orm", "emissive").index(name)
    view = tree["bufferViews"][tree["images"][number]["bufferView"]]
    contents = png(pixels)
    view |= {"byteOffset": len(DATA), "byteLength": len(contents)}
    tree["buffers"] = [{"byteLength": len(DATA) + len(contents)}]
    return tree, DATA + contents


def test_maps_of_other_sizes_are_files_of_their_own() -> None:
    plans = plan_stacks(read(*with_picture("emissive", map_pixels("emissive", (16, 8)))), DEFAULT_LIMITS)
    assert [(plan.name, plan.size, list(plan.maps)) for plan in plans] == [
        ("Bottle", (32, 32), ["BaseColor", "OcclusionRoughnessMetallic", "Normal"]),
        ("Bottle_2", (16, 8), ["Emissive"]),
    ]


def test_an_image_of_two_materials_is_stored_once() -> None:
    tree = changed()
    second = deepcopy(tree["materials"][0])
    second["normalTexture"] = {"index": 3}
    tree["materials"] += [second, {"name": "bare"}]
    plans = plan_stacks(read(tree), DEFAULT_LIMITS)
    assert [len(plan.maps) for plan in plans] == [4]


def test_alpha_that_nobody_sees_is_left_out() -> None:
    tree = changed()
    del tree["materials"][0]["alphaMode"]
    shapes = {}
    for given in (TREE, tree):
        (plan,) = plan_stacks(read(given), DEFAULT_LIMITS)
        shapes[given is TREE] = plan.maps["BaseColor"].pixels.shape[2]
    assert shapes == {True: 4, False: 3}


def test_gray_is_one_channel_and_packed_ones_stay_packed() -> None:
    gray = map_pixels("gray").repeat(3, axis=2)
    (plan,) = plan_stacks(read(*with_picture("emissive", gray)), DEFAULT_LIMITS)
    channels = {name: image.pixels.shape[2] for name, image in plan.maps.items()}
    assert channels == {"BaseColor": 4, "OcclusionRoughnessMetallic": 3, "Normal": 3, "Emissive": 1}


@pytest.mark.parametrize(
    ("wrap", "mode", "wraps"), [(True, 10497, True), (True, 33071, False), (False, 10497, False)]
)
def test_only_samplers_that_repeat_let_a_file_wrap(wrap: bool, mode: int, wraps: bool) -> None:
    tree = changed(samplers=[{"wrapS": 10497, "wrapT": mode}])
    _, (stack,) = move_textures(read(tree), wrap=wrap, **FAST)
    assert stack.wraps == stack.file.decoded.wrap == wraps


def test_bits_a_channel() -> None:
    tree, data = model((64, 64))
    _, (stack,) = move_textures(read(tree, data), bppc=0.5, **FAST)
    assert 0.4 * 13 * 4096 / 8 < len(stack.file.data) <= 0.5 * 13 * 4096 / 8


def test_small_pictures_have_room_for_the_head() -> None:
    tree, data = model((3, 2))
    _, (stack,) = move_textures(read(tree, data), bpp=0.1, **FAST)
    assert 300 < len(stack.file.data) <= LEAST_BYTES


def test_textures_of_extensions_move_too() -> None:
    tree = changed()
    material = tree["materials"][0]
    material["extensions"] = {"KHR_materials_clearcoat": {"clearcoatNormalTexture": {"index": 1}}}
    del material["normalTexture"]
    (plan,) = plan_stacks(read(tree), DEFAULT_LIMITS)
    assert "ClearcoatNormal" in plan.maps


def test_a_texture_in_webp_moves() -> None:
    buffer = io.BytesIO()
    Image.fromarray(map_pixels("emissive")).save(buffer, "WEBP", lossless=True)
    tree = changed(extensionsUsed=["EXT_texture_webp"], extensionsRequired=["EXT_texture_webp"])
    contents = buffer.getvalue()
    tree["bufferViews"].append({"buffer": 0, "byteOffset": len(DATA), "byteLength": len(contents)})
    tree["images"].append({"bufferView": 8, "mimeType": "image/webp"})
    tree["textures"][3] = {"extensions": {"EXT_texture_webp": {"source": 4}}}
    tree["buffers"] = [{"byteLength": len(DATA) + len(contents)}]
    moved, _ = move_textures(read(tree, DATA + contents), **FAST)
    # The PNG picture that no texture had stays.
    assert moved.json["extensionsUsed"] == [EXTENSION] and len(moved.json["images"]) == 2
    assert list(moved.json["textures"][3]["extensions"]) == [EXTENSION]


def test_compressed_geometry_keeps_its_places() -> None:
    """EXT_meshopt_compression names bytes in an extension, and a buffer without data."""
    tree = changed(
        buffers=[{"byteLength": len(DATA)}, {"byteLength": 64, "extensions": {"X": {"fallback": True}}}]
    )
    packed = {"buffer": 0, "byteOffset": len(DATA) - 8, "byteLength": 8}
    tree["bufferViews"].append(
        {"buffer": 1, "byteLength": 64, "extensions": {"EXT_meshopt_compression": packed}}
    )
    moved, _ = move_textures(read(tree), **FAST)
    view = next(view for view in moved.json["bufferViews"] if "extensions" in view)
    assert view["buffer"] == 1 and moved.json["buffers"][1] == tree["buffers"][1]
    part = view["extensions"]["EXT_meshopt_compression"]
    assert moved.buffers[0] is not None and moved.buffers[1] is None
    assert moved.buffers[0][part["byteOffset"] :][:8] == DATA[-8:]


@pytest.mark.parametrize("seed", range(6))
def test_cutting_keeps_what_is_still_named(seed: int) -> None:
    """Ranges at random, which overlap; each keeps its bytes and its place modulo 8."""
    rng = np.random.default_rng(seed)
    data = [bytes(rng.integers(0, 256, 400, np.uint8)) for _ in range(2)]
    views = [
        {"buffer": int(buffer), "byteOffset": int(start), "byteLength": int(length)}
        for buffer, start, length in rng.integers((0, 0, 1), (2, 300, 100), (12, 3))
    ]
    dropped = {int(i) for i in rng.choice(12, 6, replace=False)}
    kept = [i for i in range(12) if i not in dropped]
    tree: Json = {"buffers": [{"byteLength": 400}] * 2, "bufferViews": deepcopy(views)}
    tree["accessors"] = [{"bufferView": i} for i in kept]
    merged, *rest = pack(tree, data, dropped, [b"added"])
    assert merged is not None and not rest and len(merged) < 808
    assert [each["bufferView"] for each in tree["accessors"]] == list(range(6))
    for old, new in zip((views[i] for i in kept), tree["bufferViews"], strict=False):
        start, length = old["byteOffset"], old["byteLength"]
        assert merged[new["byteOffset"] :][:length] == data[old["buffer"]][start : start + length]
        assert (new["byteOffset"] - start) % 8 == 0
    assert merged[tree["bufferViews"][-1]["byteOffset"] :][:5] == b"added"


def break_glb(position: int, value: int) -> bytes:
    data = bytearray(glb(TREE, DATA))
    struct.pack_into("<I", data, position, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "neither a .glb file nor"),
        (b"\x89PNG\r\n\x1a\n", "neither a .glb file nor"),
        (b"glTF\2\0", "ends within its head"),
        (break_glb(4, 1), "version 1 of GLB"),
        (break_glb(8, 99), "is to have 99 bytes"),
        (glb(TREE, DATA)[:-4], "is to have"),
        (break_glb(12, 2**31), "beyond the end of the file"),
        (break_glb(16, 0), "the first chunk is not JSON"),
        (b"[" * 5000, "neither a .glb file nor"),
        (b"[]", "the JSON is no object"),
        (b'{"asset": NaN}', "NaN is no finite number"),
        (b'{"asset": {"version": "2.0"}, "x": 1e999}', "1e999 is no finite number"),
        (b'{"asset": {"version": "2.0"}, "x": ' + b"[" * 100 + b"]" * 100 + b"}", "more than 100 deep"),
        (b"{}", "version None of glTF"),
        (b'{"asset": {"version": "1.0"}}', "version '1.0' of glTF"),
    ],
)
def test_damaged_files(data: bytes, problem: str) -> None:
    with pytest.raises(FormatError, match=problem.replace("(", r"\(")):
        read_model(data, None)


def spoil(path: str, value: object) -> Callable[[Json], None]:
    """Sets what a path of keys and numbers leads to."""

    def change(tree: Json) -> None:
        *keys, last = (int(key) if key.isdigit() else key for key in path.split("/"))
        node: Any = tree
        for key in keys:
            node = node[key]
        node[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (spoil("buffers/0/byteLength", 10**6), r"buffers\[0\] is to have 1000000 bytes and has"),
        (spoil("buffers/0/byteLength", 64), r"buffers\[0\] has 64 bytes, and the binary chunk"),
        (spoil("buffers/0/byteLength", "9"), "byteLength is no whole number"),
        (spoil("bufferViews/2/byteLength", 10**6), r"bufferViews\[2\] goes up to byte"),
        (spoil("bufferViews/2/byteOffset", -1), "byteOffset is no whole number of 0"),
        (spoil("bufferViews/2/buffer", 1), "names none of the 1 buffers"),
        (spoil("bufferViews", {}), "bufferViews is no list"),
        (spoil("images/0/bufferView", 99), "names none of the 8 bufferViews"),
        (spoil("images/0/bufferView", True), "names none of the 8 bufferViews"),
        (spoil("textures/1/source", 4), r"textures\[1\].source names none of the 4 images"),
        (spoil("textures/1/sampler", 1), "names none of the 1 samplers"),
        (spoil("materials/0/normalTexture/index", 9), "names none of the 4 textures"),
        (spoil("accessors/0/bufferView", 77), r"there is no bufferViews\[77\]"),
        (spoil("accessors/0/bufferView", []), r"there is no bufferViews\[\[\]\]"),
        (spoil("textures/1/extensions", {"MSFT_texture_dds": {"source": []}}), "name its image by number"),
        (spoil("samplers", []), "names none of the 0 samplers"),
        (spoil("images/1/uri", 3), "uri is no text"),
        (spoil("images/1/uri", "data:image/png;base64"), "uri has no data"),
        (spoil("images/1/uri", "data:image/png;base64,????"), "no valid base64"),
        (spoil("images/1/uri", "data:image/png;base64,AAAA"), r"images\[1\]: the contents are damaged"),
        (spoil("images/1/uri", "a.png"), "a model without a place has no files"),
        (spoil("extensionsUsed", ["VRMC_vrm"]), "VRMC_vrm refers to data in ways of its own"),
        (spoil("extensionsUsed", 3), "extensionsUsed is no list"),
        (spoil("materials", []), "use no pictures that could be moved"),
    ],
)
def test_damaged_models(change: Callable[[Json], None], problem: str) -> None:
    tree = changed()
    change(tree)
    with pytest.raises(FormatError, match=problem):
        move_textures(read(tree), **FAST)


@pytest.mark.parametrize(
    "uri",
    [
        *("../a.png", "..%2Fa.png", "/etc/hostname", "file:///etc/hostname", "http://a.example/a.png"),
        *("a\\b.png", "", "link.png"),
    ],
)
def test_no_file_is_read_outside_of_the_folder(tmp_path: Path, uri: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "a.png").write_bytes(png(map_pixels("normal")))
    (inside / "link.png").symlink_to(tmp_path / "a.png")
    tree = changed()
    tree["images"][1] = {"uri": uri}
    with pytest.raises(FormatError, match="no path within the model's folder"):
        read(tree, folder=inside)
    tree["images"][1] = {"uri": "sub/%2e%2e/a.png"}
    (inside / "sub").mkdir()
    (inside / "a.png").write_bytes(b"here")
    assert read(tree, folder=inside).images[1] == b"here"


def test_limits(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=r"images\[0\]: "):
        move_textures(read(), limits=Limits.of(1000), **FAST)
    (tmp_path / "a.png").write_bytes(bytes(2000))
    tree = changed()
    tree["images"][1] = {"uri": "a.png"}
    with pytest.raises(LimitError, match=r"images\[1\]: 'a.png': the file is over the limit of 1000 bytes"):
        read_model(glb(tree, DATA), tmp_path, Limits(max_bytes=1000))


@pytest.mark.parametrize(
    ("channels", "name", "shape"),
    [
        (("R", "G", "B"), None, (32, 48, 3)),
        (("R", "G", "B"), "Picture", (32, 48, 3)),
        (("Y",), "Picture", (32, 48)),
        (("heat", "depth"), "depth", (32, 48)),
    ],
)
def test_files_without_a_list_of_maps(
    channels: tuple[str, ...], name: str | None, shape: tuple[int, ...]
) -> None:
    """A picture is one map; channels of other names are maps of their own."""
    g = sample_gaussians(channels)
    moved, _ = move_textures(read(), **FAST)
    tree = exchanged(moved, set(), [NewImage("g", MIME, encode(g))])
    tree.json["textures"][0]["extensions"][EXTENSION] = {"source": 1, **({"map": name} if name else {})}
    restored, _ = restore_textures(tree)
    found = pixels_in(restored.image_bytes(restored.json["textures"][0]["source"]))
    expected = render(g, dtype="uint8")[..., 1 if name == "depth" else slice(None)].squeeze()
    assert found.shape == shape and np.abs(found.astype(int) - expected).max() <= 8  # fixed point


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (spoil(f"{PLACE}/map", "Nothing"), r"images\[0\]: the file has no map 'Nothing'"),
        (spoil(f"{PLACE}/map", 3), r"textures\[0\]: the map's name is no text"),
        (spoil(f"{PLACE}/source", 1), "names none of the 1 images"),
        (spoil(PLACE, 1), "is no object"),
        (spoil("images/0/bufferView", 0), r"images\[0\]: "),
        (spoil("textures", []), "no texture of the model has the extension"),
    ],
)  # fmt: skip
def test_damage_on_the_way_back(change: Callable[[Json], None], problem: str) -> None:
    moved, _ = move_textures(read(), **FAST)
    change(moved.json)
    with pytest.raises(FormatError, match=problem):
        restore_textures(moved)


def test_limits_on_the_way_back() -> None:
    moved, _ = move_textures(read(), **FAST)
    with pytest.raises(LimitError, match=r"images\[0\]: the canvas of 32 x 32 pixels is over the limit"):
        restore_textures(moved, size_limit=1000)
