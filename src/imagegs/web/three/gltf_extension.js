// A plugin of three.js' GLTFLoader for textures out of .gsimg files: docs/EXT_texture_gsimg.md has the rules.

/** @import { Texture } from "three" */
/** @import { GLTFParser } from "three/addons/loaders/GLTFLoader.js" */
/** @import { GsimgFile, TextureSettings } from "./gsimg_file.js" */

import {
    ClampToEdgeWrapping,
    LinearFilter,
    LinearMipmapLinearFilter,
    LinearMipmapNearestFilter,
    LoaderUtils,
    MirroredRepeatWrapping,
    NearestFilter,
    NearestMipmapLinearFilter,
    NearestMipmapNearestFilter,
    NoColorSpace,
    RepeatWrapping,
    SRGBColorSpace,
} from "three";

import { FormatError } from "../errors.js";
import { GsimgLoader } from "./gsimg_loader.js";

/** @typedef {{source: number, map?: string}} Extension  what a texture has */
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

export class GLTFImagegsExtension {
    name = "EXT_texture_gsimg";

    /**
     * @param {GLTFParser} parser
     * @param {object} [options]
     * @param {object | null} [options.renderer] that is to show the model, see GsimgLoader.setRenderer()
     * @param {number} [options.anisotropy] of all textures
     */
    constructor(parser, { renderer = null, anisotropy = 1 } = {}) {
        this.parser = parser;
        this.anisotropy = anisotropy;
        this.loader = new GsimgLoader(parser.options.manager).setRenderer(renderer).setMaps([]);
        this.loader.setRequestHeader(parser.options.requestHeader);
        this.loader.setWithCredentials(parser.fileLoader.withCredentials);
        /** @type {Map<number, Promise<GsimgFile>>} */
        this.files = new Map(); // by the number of the image
        /** @type {Map<string, Promise<Texture>>} */
        this.textures = new Map();
    }

    /**
     * The texture of this number; null where it has not the extension.
     *
     * @param {number} number
     * @returns {Promise<Texture> | null} Rejects as GsimgLoader does, unless the texture has another picture.
     */
    loadTexture(number) {
        const { parser, name } = this,
            texture = parser.json.textures[number],
            extension = texture.extensions?.[name];
        if (!extension) return null;
        const painted = this.painted(number, texture, extension);
        if (texture.source === undefined) return painted;
        return painted.catch((error) => {
            console.warn(`texture ${number} has its other picture:`, error);
            return /** @type {Promise<Texture>} */ (
                parser.loadTextureImage(number, texture.source, parser.textureLoader)
            );
        });
    }

    /**
     * The texture, painted once for all that have the same map, sampler and colour space.
     *
     * @param {number} number
     * @param {Json} definition
     * @param {Extension} extension
     */
    async painted(number, definition, { source, map }) {
        const { parser } = this,
            settings = this.settingsOf(number, definition);
        const key = JSON.stringify([source, map, settings]);
        if (!this.textures.has(key)) this.textures.set(key, this.paint(source, map, settings));
        const texture = await /** @type {Promise<Texture>} */ (this.textures.get(key));
        texture.name = definition.name || texture.name;
        parser.associations.set(texture, { textures: number });
        return texture;
    }

    /** @param {number} source @param {string | undefined} map @param {TextureSettings} settings */
    async paint(source, map, settings) {
        if (!this.files.has(source)) this.files.set(source, this.file(source));
        const file = await /** @type {Promise<GsimgFile>} */ (this.files.get(source));
        const name = map ?? file.names[0];
        if (!file.names.includes(name)) throw new FormatError(`image ${source} has no map ${name}`);
        return file.texture(name, settings);
    }

    /** The file that an image is. @param {number} source @returns {Promise<GsimgFile>} */
    async file(source) {
        const { parser, loader } = this,
            image = parser.json.images?.[source];
        if (image?.bufferView !== undefined)
            return loader.parseAsync(await parser.getDependency("bufferView", image.bufferView));
        if (image?.uri === undefined) throw new FormatError(`there is no image ${source}`);
        return loader.loadAsync(LoaderUtils.resolveURL(image.uri, parser.options.path));
    }

    /** @param {number} number of the texture @param {Json} definition @returns {TextureSettings} */
    settingsOf(number, definition) {
        const { json } = this.parser,
            sampler = json.samplers?.[definition.sampler] ?? {};
        const minFilter = filters[sampler.minFilter] ?? LinearMipmapLinearFilter;
        return {
            magFilter: filters[sampler.magFilter] ?? LinearFilter,
            minFilter,
            wrapS: wrappings[sampler.wrapS] ?? RepeatWrapping,
            wrapT: wrappings[sampler.wrapT] ?? RepeatWrapping,
            generateMipmaps: ![NearestFilter, LinearFilter].includes(minFilter),
            anisotropy: this.anisotropy,
            colorSpace: isColor(json.materials ?? [], number) ? SRGBColorSpace : NoColorSpace,
        };
    }
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
