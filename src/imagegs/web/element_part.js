// The part that an <image-gs> shows of a picture in blocks: all of the canvas, in the layers that it needs.

/** @import { BlockPicture } from "./block_picture.js" */
/** @import { WholePicture } from "./open_picture.js" */
/** @import { Picture } from "./picture.js" */
/** @import { PicturePart } from "./picture_part.js" */
/** @import { Size } from "./views.js" */

import { canvasOf } from "./regions.js";

/** The newest part of a picture, while it is loaded and afterwards. */
export class ElementPart {
    /** @type {PicturePart | Picture | null} */
    current = null;
    #control = new AbortController(); // ends the last request
    #wanted = ""; // what the last request was for
    /** @type {Promise<void>} */
    #loading = Promise.resolve();

    /** @param {BlockPicture | WholePicture} picture @param {() => void} onPart called for each newer part */
    constructor(picture, onPart) {
        this.picture = picture;
        this.onPart = onPart;
    }

    /**
     * Loads what a size and a level of detail need, unless that was the last request.
     *
     * @param {Size} size of the element, pixels of the screen
     * @param {number} lod
     * @returns {Promise<void>} once all is there that was asked for last. Rejects as gaussiansFor() does.
     */
    load({ width }, lod) {
        const wanted = `${width} ${lod}`;
        if (wanted === this.#wanted) return this.#loading;
        this.#wanted = wanted;
        const old = this.#control,
            { signal } = (this.#control = new AbortController());
        const take = (/** @type {PicturePart | Picture} */ part) => {
            this.current = part;
            this.onPart();
        };
        const detail = { pixelsAcross: width, lod };
        const loaded = this.picture
            .gaussiansFor(canvasOf(this.picture), { ...detail, signal, onPart: take })
            .then(take);
        old.abort(); // only now, so that what both requests want stays on its way
        this.#loading = loaded.catch((error) => {
            if (!signal.aborted) throw error;
            return this.#loading; // that of the request which took its place
        });
        return this.#loading;
    }
}
