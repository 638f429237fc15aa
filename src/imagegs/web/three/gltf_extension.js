// A plugin of three.js' GLTFLoader for textures out of .gsimg files: docs/EXT_texture_gsimg.md has the rules.

/** @import { Material, Texture } from "three" */
/** @import { GLTF, GLTFParser } from "three/addons/loaders/GLTFLoader.js" */
/** @import { Json } from "./gltf_settings.js" */
/** @import { GsimgFile, TextureSettings } from "./gsimg_file.js" */

import { LoaderUtils } from "three";

import { FormatError } from "../errors.js";
import { settingsOf } from "./gltf_settings.js";
import { GsimgLoader } from "./gsimg_loader.js";
import { patchMaterial, placeholder, sampledProperties } from "./patch_material.js";

/** @typedef {{source: number, map?: string}} Extension  what a texture has */

export class GLTFImagegsExtension {
    name = "EXT_texture_gsimg";

    /**
     * @param {GLTFParser} parser
     * @param {object} [options]
     * @param {object | null} [options.renderer] that is to show the model, see GsimgLoader.setRenderer()
     * @param {number} [options.anisotropy] of all textures
     * @param {boolean} [options.sampled] whether materials sample Gaussians, see patchMaterial(), in place of
     *     textures
     */
    constructor(parser, { renderer = null, anisotropy = 1, sampled = false } = {}) {
        this.parser = parser;
        this.sampled = sampled;
        /** @type {WeakMap<object, {file: GsimgFile, map: string}>} */
        this.places = new WeakMap(); // by the source of a placeholder, which its clones share
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
            settings = { ...settingsOf(parser.json, number), anisotropy: this.anisotropy };
        const key = JSON.stringify([source, map, settings]);
        if (!this.textures.has(key)) this.textures.set(key, this.paint(source, map, settings));
        const texture = await /** @type {Promise<Texture>} */ (this.textures.get(key));
        texture.name = definition.name || texture.name;
        parser.associations.set(texture, { textures: number });
        return texture;
    }

    /**
     * A new texture, or what stands for one until the whole model is there.
     *
     * @param {number} source
     * @param {string | undefined} map
     * @param {TextureSettings} settings
     */
    async paint(source, map, settings) {
        if (!this.files.has(source)) this.files.set(source, this.file(source));
        const file = await /** @type {Promise<GsimgFile>} */ (this.files.get(source));
        const name = map ?? file.names[0];
        if (!file.names.includes(name)) throw new FormatError(`image ${source} has no map ${name}`);
        if (!this.sampled) return file.texture(name, settings);
        const texture = Object.assign(placeholder(), settings, { generateMipmaps: false, name });
        this.places.set(texture.source, { file, map: name });
        return texture;
    }

    /** Lets all materials sample Gaussians, if they are to. @param {GLTF} gltf */
    async afterRoot({ scenes }) {
        if (!this.sampled) return;
        /** @type {Set<Material>} */
        const materials = new Set();
        for (const scene of scenes)
            scene.traverse((/** @type {any} */ { material }) => material && materials.add(material));
        await Promise.all([...materials].map((material) => this.patch(material)));
    }

    /**
     * Lets a material sample the maps of the first file that it has. Maps of others, and those that it does
     * not read once for a fragment, are painted.
     *
     * @param {Material} material
     */
    async patch(material) {
        const properties = /** @type {Record<string, any>} */ (/** @type {unknown} */ (material));
        /** @type {Record<string, string>} */
        const maps = {};
        /** @type {{file: GsimgFile, texture: Texture} | null} */
        let first = null;
        for (const [property, texture] of Object.entries(properties)) {
            const place = texture?.isTexture ? this.places.get(texture.source) : undefined;
            if (!place) continue;
            first ??= { file: place.file, texture };
            if (place.file === first.file && sampledProperties.includes(property)) maps[property] = place.map;
            else properties[property] = await paintedFor(texture, place);
        }
        if (first && Object.keys(maps).length) await patchMaterial(material, first.file, maps, first.texture);
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
}

/**
 * The map that a placeholder stands for, as it would have been painted.
 *
 * @param {Texture} texture
 * @param {{file: GsimgFile, map: string}} place
 */
async function paintedFor(texture, { file, map }) {
    const { wrapS, wrapT, magFilter, minFilter, anisotropy, colorSpace, channel, offset, repeat, rotation } =
        texture;
    const settings = { wrapS, wrapT, magFilter, minFilter, anisotropy, colorSpace };
    const painted = await file.texture(map, settings);
    painted.offset.copy(offset);
    painted.repeat.copy(repeat);
    painted.matrix.copy(texture.matrix);
    return Object.assign(painted, { channel, rotation, matrixAutoUpdate: texture.matrixAutoUpdate });
}
