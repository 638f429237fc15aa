// What a glTF model says of a texture besides its picture: filters, borders, and whether it holds colours.

/** @import { TextureSettings } from "./gsimg_file.js" */

import {
    ClampToEdgeWrapping,
    LinearFilter,
    LinearMipmapLinearFilter,
    LinearMipmapNearestFilter,
    MirroredRepeatWrapping,
    NearestFilter,
    NearestMipmapLinearFilter,
    NearestMipmapNearestFilter,
    NoColorSpace,
    RepeatWrapping,
    SRGBColorSpace,
} from "three";

/** @typedef {Record<string, any>} Json */

/** @type {Record<number, any>} */
const filters = {
    9728: NearestFilter,
    9729: LinearFilter,
    9984: NearestMipmapNearestFilter,
    9985: LinearMipmapNearestFilter,
    9986: NearestMipmapLinearFilter,
    9987: LinearMipmapLinearFilter,
};
/** @type {Record<number, any>} */
const wrappings = { 33071: ClampToEdgeWrapping, 33648: MirroredRepeatWrapping, 10497: RepeatWrapping };
/** What textures of colours in sRGB are called in materials and their extensions. */
const colors = new Set(
    [
        ...["baseColor", "emissive", "sheenColor", "specularColor", "diffuseTransmissionColor"],
        ...["multiscatterColor", "diffuse", "specularGlossiness"],
    ].map((name) => `${name}Texture`),
);

/**
 * The settings of a texture of three.js.
 *
 * @param {Json} json of the model
 * @param {number} number of the texture
 * @returns {TextureSettings}
 */
export function settingsOf(json, number) {
    const sampler = json.samplers?.[json.textures[number].sampler] ?? {},
        minFilter = filters[sampler.minFilter] ?? LinearMipmapLinearFilter;
    return {
        magFilter: filters[sampler.magFilter] ?? LinearFilter,
        minFilter,
        wrapS: wrappings[sampler.wrapS] ?? RepeatWrapping,
        wrapT: wrappings[sampler.wrapT] ?? RepeatWrapping,
        generateMipmaps: ![NearestFilter, LinearFilter].includes(minFilter),
        colorSpace: isColor(json.materials ?? [], number) ? SRGBColorSpace : NoColorSpace,
    };
}

/**
 * Whether materials use a texture for colours. glTF says so by the places, and not by the pictures.
 *
 * @param {Json} node materials, or a part of one
 * @param {number} number of the texture
 * @returns {boolean}
 */
function isColor(node, number) {
    return Object.entries(node).some(
        ([key, value]) =>
            value !== null &&
            typeof value === "object" &&
            key !== "extras" &&
            ((colors.has(key) && value.index === number) || isColor(value, number)),
    );
}
