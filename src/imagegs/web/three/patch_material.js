// Materials of three.js that sample Gaussians in their fragment shader, in place of textures of the maps.

/** @import { Material, Texture } from "three" */
/** @import { GsimgFile, TextureSettings } from "./gsimg_file.js" */

import { DataTexture, ShaderChunk } from "three";

import { mapsOf } from "../maps.js";
import { GaussianTextures } from "./gaussian_textures.js";
import { mapGLSL, prefix } from "./map_glsl.js";

/** Properties of materials whose textures are read once for a fragment. */
export const sampledProperties = [
    ...["map", "alphaMap", "aoMap", "emissiveMap", "lightMap", "metalnessMap", "normalMap", "roughnessMap"],
    ...["specularMap", "clearcoatMap", "clearcoatNormalMap", "clearcoatRoughnessMap", "sheenColorMap"],
    ...["sheenRoughnessMap", "specularColorMap", "specularIntensityMap", "transmissionMap", "thicknessMap"],
];
const coarseShare = 1 / 4; // of the canvas' size, of the textures for where a map is shown small
const include = /^[ \t]*#include +<([\w\d./]+)>/gm;

/**
 * Lets a material of a WebGLRenderer sample maps of a file, where it would read textures. `dispose()` of the
 * material frees what was made for it.
 *
 * @template {Material} M
 * @param {M} material with lights or without; its shaders must be those of three.js
 * @param {GsimgFile} file
 * @param {Record<string, string>} maps the names of maps, by the material's properties: {map: "Color"}
 * @param {object} [options]
 * @param {TextureSettings["wrapS"]} [options.wrapS] by default that of the file's textures
 * @param {TextureSettings["wrapT"]} [options.wrapT] likewise
 * @returns {Promise<M>} the same material. Rejects with RangeError for a map or a property that there is not,
 *     LimitError and UnsupportedError as painting does.
 */
export async function patchMaterial(material, file, maps, { wrapS, wrapT } = {}) {
    const all = mapsOf(file.picture),
        names = [...new Set(Object.values(maps))];
    const wrong = Object.keys(maps).find(
        (property) => !sampledProperties.includes(property) || !(property in material),
    );
    if (wrong !== undefined) throw new RangeError(`the material has no ${wrong} that can be sampled`);
    const chosen = names.map((name) => {
        const found = all.find((map) => map.name === name);
        if (!found) throw new RangeError(`there is no map ${name}`);
        return found;
    });
    const wrapping = { wrapS: wrapS ?? file.wrapping, wrapT: wrapT ?? file.wrapping };
    const [textures, ...coarse] = await Promise.all([
        GaussianTextures.of(file, chosen),
        ...names.map((name) => file.texture(name, wrapping, coarseShare)),
    ]);
    const uniforms = {
        ...textures.uniforms,
        ...Object.fromEntries(coarse.map((value, i) => [`${prefix}coarse${i}`, { value }])),
    };
    /** @type {Record<string, Texture | null>} */
    const properties = /** @type {any} */ (material);
    const placeholders = Object.keys(maps).filter((property) => !properties[property]);
    for (const property of placeholders) properties[property] = placeholder();
    const text = mapGLSL(file.picture.blend, chosen, [wrapping.wrapS, wrapping.wrapT]);
    material.onBeforeCompile = (shader) => {
        Object.assign(shader.uniforms, uniforms);
        shader.fragmentShader = patched(shader.fragmentShader, text, maps, names, properties);
    };
    const key = JSON.stringify([text, maps]);
    material.customProgramCacheKey = () => key + JSON.stringify(groupsOf(Object.keys(maps), properties));
    material.addEventListener("dispose", () => {
        textures.dispose();
        for (const texture of coarse) texture.dispose();
        for (const property of placeholders) properties[property]?.dispose();
    });
    material.needsUpdate = true;
    return material;
}

/** A texture that is never read: with it three.js hands on the texture coordinates. */
export function placeholder() {
    const texture = new DataTexture(new Uint8Array([255, 255, 255, 255]), 1, 1);
    texture.needsUpdate = true;
    return texture;
}

/**
 * For each property the number of its texture coordinates: 0 for all that have those of the first one.
 *
 * @param {string[]} properties
 * @param {Record<string, Texture | null>} textures
 * @returns {number[]}
 */
function groupsOf(properties, textures) {
    const places = properties.map((property) => {
        const texture = /** @type {Texture} */ (textures[property]);
        if (texture.matrixAutoUpdate) texture.updateMatrix();
        return JSON.stringify([texture.channel, texture.matrix.elements]);
    });
    const different = [...new Set(places)];
    return places.map((place) => different.indexOf(place));
}

/**
 * The fragment shader with samples of Gaussians in place of reads of textures. All maps that have the same
 * texture coordinates are painted with the same Gaussians, which are looked for once.
 *
 * @param {string} shader
 * @param {string} text from mapGLSL()
 * @param {Record<string, string>} maps
 * @param {string[]} names of the maps, in the order of their numbers
 * @param {Record<string, Texture | null>} textures by property
 */
function patched(shader, text, maps, names, textures) {
    const properties = Object.keys(maps),
        groups = groupsOf(properties, textures);
    /** @type {string[]} */
    const looks = [];
    let body = withIncludes(shader);
    properties.forEach((property, i) => {
        const read = new RegExp(`texture2D\\(\\s*${property}\\s*,\\s*(v\\w+Uv)\\s*\\)`, "g");
        const coordinates = read.exec(body)?.[1];
        if (coordinates === undefined) throw new RangeError(`this material does not read its ${property}`);
        looks[groups[i]] ??=
            `    ${prefix}Look ${prefix}found${groups[i]} = ${prefix}look(${coordinates});\n`;
        body = body.replace(
            read,
            `${prefix}map(${prefix}found${groups[i]}, ${names.indexOf(maps[property])})`,
        );
    });
    return body.replace(/void main\(\) *\{\n/, (main) => `${text}\n${main}${looks.join("")}`);
}

/** A shader of three.js with all its parts in place. @param {string} shader @returns {string} */
const withIncludes = (shader) =>
    shader.replace(include, (_, name) =>
        withIncludes(/** @type {Record<string, string>} */ (ShaderChunk)[name] ?? ""),
    );
