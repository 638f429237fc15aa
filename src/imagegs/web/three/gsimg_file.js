// The maps of a .gsimg file as textures of three.js.

/** @import { Texture, WebGLRenderer } from "three" */
/** @import { Picture } from "../picture.js" */

import {
    ClampToEdgeWrapping,
    DataTexture,
    LinearFilter,
    LinearMipmapLinearFilter,
    NoColorSpace,
    RepeatWrapping,
    SRGBColorSpace,
} from "three";

import { UnsupportedError } from "../errors.js";
import { mapsOf } from "../maps.js";
import { Painting } from "../painting.js";
import { queueDrawing, sharedRenderer } from "../shared_renderer.js";
import { largestSide } from "../views.js";
import { PaintedTexture, painterFor } from "./painted_texture.js";

/**
 * @typedef {object} TextureSettings  those that differ from a texture's usual ones
 * @property {Texture["wrapS"]} [wrapS] by default RepeatWrapping where the file wraps, else
 *     ClampToEdgeWrapping
 * @property {Texture["wrapT"]} [wrapT] likewise
 * @property {Texture["magFilter"]} [magFilter] by default LinearFilter
 * @property {Texture["minFilter"]} [minFilter] by default LinearMipmapLinearFilter
 * @property {boolean} [generateMipmaps] by default true
 * @property {number} [anisotropy] by default 1
 * @property {string} [colorSpace] by default SRGBColorSpace or NoColorSpace, as the file says of the map
 */

/** A file that has come, and the textures that were painted from it. */
export class GsimgFile {
    /**
     * @param {Picture} picture with all its layers
     * @param {WebGLRenderer | null} [renderer] which is to show the textures
     */
    constructor(picture, renderer = null) {
        this.picture = picture;
        this.renderer = renderer;
        /** @type {Record<string, Texture>} */
        this.maps = {}; // by name
    }

    get width() {
        return this.picture.width;
    }

    get height() {
        return this.picture.height;
    }

    /** Whether opposite borders fit together. */
    get wrap() {
        return this.picture.wrap;
    }

    /** What textures have beyond the borders, unless a setting says otherwise. */
    get wrapping() {
        return this.wrap ? RepeatWrapping : ClampToEdgeWrapping;
    }

    /** The names of all maps; that of a picture is "Picture". */
    get names() {
        return mapsOf(this.picture).map(({ name }) => name);
    }

    /**
     * A new texture of a map, of the size of the canvas, at most of the card's limit. Row 0 is the top of the
     * map, as glTF has it. `dispose()` of the texture frees its memory.
     *
     * @param {string} name
     * @param {TextureSettings} [settings]
     * @param {number} [share] of the canvas' size
     * @returns {Promise<Texture>} Rejects with RangeError where there is no such map, UnsupportedError where
     *     the card lacks something, LimitError for too much work.
     */
    async texture(name, settings = {}, share = 1) {
        const number = this.names.indexOf(name);
        if (number < 0) throw new RangeError(`there is no map ${name}`);
        const { wrapping } = this,
            { colorSpace } = mapsOf(this.picture)[number];
        const chosen = {
            name,
            wrapS: wrapping,
            wrapT: wrapping,
            magFilter: LinearFilter,
            minFilter: LinearMipmapLinearFilter,
            generateMipmaps: true,
            colorSpace: colorSpace === "srgb" ? SRGBColorSpace : NoColorSpace,
            ...settings,
        };
        const most = Math.ceil(share * Math.max(this.width, this.height));
        return this.renderer
            ? this.onCard(number, chosen, this.renderer, most)
            : this.inPage(number, chosen, most);
    }

    /**
     * @param {number} map
     * @param {TextureSettings} settings
     * @param {WebGLRenderer} renderer
     * @param {number} most of the longer side
     * @returns {Promise<Texture>}
     */
    async onCard(map, settings, renderer, most) {
        const painter = painterFor(renderer),
            size = this.sizeWithin(Math.min(painter.mostSide, most));
        const painting = new Painting(/** @type {any} */ (painter), this.picture, { map });
        await painting.prepare(size);
        const texture = Object.assign(new PaintedTexture(size.width, size.height, painting), settings);
        texture.needsUpdate = true;
        renderer.initTexture(texture);
        texture.paint();
        return texture;
    }

    /**
     * @param {number} map
     * @param {TextureSettings} settings
     * @param {number} most of the longer side
     * @returns {Promise<Texture>}
     */
    async inPage(map, settings, most) {
        const renderer = await sharedRenderer(),
            size = this.sizeWithin(Math.min(renderer.mostSide, largestSide, most)),
            { width, height } = this;
        const painting = new Painting(renderer, this.picture, { map });
        const view = { x: 0, y: 0, width, height };
        /** @type {Uint8ClampedArray | null} */
        let pixels = null;
        await queueDrawing(async () => {
            pixels = await painting.readPixels(view, size).finally(() => painting.release());
        });
        if (!pixels) throw new UnsupportedError("the graphics card has lost its memory");
        const data = new Uint8Array(/** @type {Uint8ClampedArray<ArrayBuffer>} */ (pixels).buffer);
        const texture = Object.assign(new DataTexture(data, size.width, size.height), settings);
        texture.needsUpdate = true;
        return texture;
    }

    /** The size of the canvas, brought below a longest side. @param {number} most */
    sizeWithin(most) {
        const scale = Math.min(1, most / Math.max(this.width, this.height));
        /** @param {number} side */
        const scaled = (side) => Math.max(1, Math.round(side * scale));
        return { width: scaled(this.width), height: scaled(this.height) };
    }

    /** Frees the memory of `maps`, and the file. */
    dispose() {
        for (const texture of Object.values(this.maps)) texture.dispose();
        this.picture.close();
    }
}
