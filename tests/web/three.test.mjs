// What the module for three.js does without a browser: the text of a material's functions, and which files and
// textures a model asks for.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
    ClampToEdgeWrapping,
    MirroredRepeatWrapping,
    NoColorSpace,
    RepeatWrapping,
    SRGBColorSpace,
} from "three";

import { GLTFImagegsExtension } from "../../src/imagegs/web/three/gltf_extension.js";
import { mapGLSL } from "../../src/imagegs/web/three/map_glsl.js";

const map = (name, columns, more) => ({ name, columns, colorSpace: "linear", unitLength: false, ...more });

for (const blend of ["softmax", "paper"])
    test(`all global names of the functions for a material begin alike, blend ${blend}`, () => {
        const text = mapGLSL(blend, [map("A", [0, 1, 2]), map("B", [3])], [RepeatWrapping, RepeatWrapping]);
        const found = text.matchAll(/^(?:uniform|const|struct|#define|[\w]+ )(?:.*?)(\w+)(?=[ ]?[(;={]|$)/gm);
        const names = [...found].map(([, name]) => name).filter((name) => name !== "endif");
        assert.ok(names.length > 20);
        assert.deepEqual(
            names.filter((name) => !name.startsWith("gsimg_")),
            [],
        );
    });

test("a map is read as its texture would be", () => {
    const borders = [ClampToEdgeWrapping, ClampToEdgeWrapping];
    const maps = [map("A", [0, 1, 2], { colorSpace: "srgb" }), map("N", [3, 4, 5], { unitLength: true })];
    const lines = mapGLSL("softmax", maps, borders).match(/if \(number == \d\).*/g);
    assert.equal(lines.length, 4);
    assert.match(lines[0], /color = vec4\(color\.xyz, 1\.0\);/);
    assert.match(lines[1], /number == 1.*gsimg_withUnitLength/);
    assert.match(lines[2], /number == 0.*color\.xyz = gsimg_linearOf.*textureGrad\(gsimg_coarse0,/);
    assert.match(lines[3], /number == 1.*textureGrad\(gsimg_coarse1,/);
    assert.doesNotMatch(lines[3], /linearOf/);
    const text = mapGLSL("softmax", maps, [RepeatWrapping, MirroredRepeatWrapping]);
    assert.match(
        text,
        /gsimg_keep\(vec2\(fract\(p\.x\), 1\.0 - abs\(1\.0 - mod\(p\.y, 2\.0\)\)\) \* gsimg_canvas\)/,
    );
});

/** A plugin with a model's JSON, and what it asks for. */
function plugin(json) {
    const asked = { files: [], textures: [], pictures: [] };
    const parser = {
        json: { images: [{ bufferView: 0 }, { bufferView: 1 }], ...json },
        options: { manager: undefined, requestHeader: {}, path: "" },
        fileLoader: { withCredentials: false },
        associations: new Map(),
        getDependency: async (_, number) => number,
        loadTextureImage: async (...parts) => asked.pictures.push(parts) && { name: "picture" },
    };
    const made = new GLTFImagegsExtension(parser);
    made.loader.parseAsync = async (number) => {
        asked.files.push(number);
        if (number === 1) throw new Error("damaged");
        return {
            names: ["Color", "Normal"],
            texture: async (name, settings) => asked.textures.push({ name, ...settings }) && { name },
        };
    };
    return { made, asked, parser };
}

const of = (source, name, more) => ({ extensions: { EXT_texture_gsimg: { source, map: name } }, ...more });

test("a file is loaded once, and a map painted once for each sampler and use", async () => {
    const textures = [of(0, "Color"), of(0, "Color"), of(0, "Normal"), of(0, "Color", { sampler: 0 }), {}];
    const { made, asked, parser } = plugin({
        textures,
        samplers: [{ wrapS: 33071, minFilter: 9729 }],
        materials: [
            { pbrMetallicRoughness: { baseColorTexture: { index: 0 } }, normalTexture: { index: 2 } },
            { emissiveTexture: { index: 1 }, extras: { baseColorTexture: { index: 2 } } },
        ],
    });
    assert.equal(made.loadTexture(4), null);
    const [first, second, third, fourth] = await Promise.all([0, 1, 2, 3].map((i) => made.loadTexture(i)));
    assert.ok(first === second && first !== third && first !== fourth);
    assert.deepEqual(asked.files, [0]);
    assert.deepEqual(
        asked.textures.map(({ name, colorSpace }) => [name, colorSpace]),
        [
            ["Color", SRGBColorSpace],
            ["Normal", NoColorSpace],
            ["Color", NoColorSpace],
        ],
    );
    assert.equal(asked.textures[0].wrapS, RepeatWrapping);
    assert.notEqual(asked.textures[2].wrapS, RepeatWrapping);
    assert.equal(asked.textures[2].generateMipmaps, false);
    assert.deepEqual(parser.associations.get(third), { textures: 2 });
});

test("without a name a texture has the first map", async () => {
    const { made, asked } = plugin({ textures: [of(0)] });
    await made.loadTexture(0);
    assert.equal(asked.textures[0].name, "Color");
});

test("a damaged file gives the other picture, or the error", async (context) => {
    context.mock.method(console, "warn", () => {});
    const { made, asked } = plugin({
        textures: [of(1, "Color"), of(1, "Color", { source: 7 }), of(0, "No")],
    });
    await assert.rejects(made.loadTexture(0), { message: "damaged" });
    assert.equal((await made.loadTexture(1)).name, "picture");
    assert.equal(asked.pictures[0][1], 7);
    await assert.rejects(made.loadTexture(2), { name: "FormatError", message: "image 0 has no map No" });
});
