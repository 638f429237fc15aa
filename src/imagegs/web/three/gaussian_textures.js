// The Gaussians of a file as textures of numbers, from which a shader samples maps.

/** @import { DataTexture } from "three" */
/** @import { TextureMap } from "../maps.js" */
/** @import { UploadKind, UploadNumbers } from "../renderer.js" */
/** @import { View } from "../views.js" */
/** @import { GsimgFile } from "./gsimg_file.js" */

import { Painting, colorRows } from "../painting.js";
import { samplingUniforms } from "../sampling_glsl.js";
import { largestSide, planOf } from "../views.js";
import { prefix } from "./map_glsl.js";
import { dataTexture } from "./three_renderer.js";

/** @typedef {Record<string, {value: unknown}>} Uniforms  as three.js has them */

const rowsEverywhere = 2048; // of a texture: WebGL2 has as many on every card

/** Gives textures to a `Painting`, and draws nothing. */
class Uploader {
    generation = {};

    /** @param {number} mostRows */
    constructor(mostRows) {
        this.mostRows = mostRows;
        this.mostIds = 2 ** 24;
    }

    canDraw() {
        return false;
    }

    async ready() {}

    /** @param {UploadKind} kind @param {UploadNumbers} numbers */
    upload(kind, numbers) {
        return dataTexture(kind, numbers, this.mostRows);
    }

    /** @param {DataTexture} texture */
    free(texture) {
        texture.dispose();
    }
}

export class GaussianTextures {
    /**
     * @param {GsimgFile} file
     * @param {TextureMap[]} maps whose colours stand side by side
     * @returns {Promise<GaussianTextures>}
     */
    static async of(file, maps) {
        const { picture, renderer } = file,
            uploader = new Uploader(renderer?.capabilities.maxTextureSize ?? rowsEverywhere);
        const painting = new Painting(/** @type {any} */ (uploader), picture);
        await painting.prepareLists({ width: picture.width, height: picture.height });
        return new GaussianTextures(painting, maps, uploader);
    }

    /** @param {Painting} painting @param {TextureMap[]} maps @param {Uploader} uploader */
    constructor(painting, maps, uploader) {
        const { picture, prepared } = painting,
            { width, height } = picture;
        const scene = painting.scene(prepared, false),
            { tiles, ids, shapes } = scene.uploads;
        const colors = uploader.upload(
            "RGBA32F",
            /** @type {UploadNumbers} */ (colorRows(picture, prepared, maps)),
        );
        /** @type {View} */
        const whole = { x: 0, y: 0, width, height };
        const { uniforms } = planOf(scene, whole, { width, height: 1 }, Math.max(width, largestSide), false);
        const chosen = samplingUniforms.map((name) => [name, uniforms[name]]);
        const values = { ...Object.fromEntries(chosen), tiles, ids, shapes, colors };
        /** @type {Uniforms} */
        this.uniforms = Object.fromEntries(
            Object.entries(values).map(([name, value]) => [prefix + name, { value }]),
        );
        this.painting = painting;
        this.colors = colors;
    }

    /** Frees the card's memory. */
    dispose() {
        this.painting.release();
        this.colors.dispose();
    }
}
