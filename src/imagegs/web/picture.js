// A picture whose bytes come one part after the other; the worker decodes it layer by layer.

/** @import { Arrays } from "./arrays.js" */
/** @import { Region } from "./tile_lists.js" */
/** @import { Received } from "./thread.js" */

import { joined } from "./arrays.js";
import { levelOf } from "./levels.js";
import { canvasOf } from "./regions.js";
import { WorkerFile, closedError } from "./worker_file.js";

/**
 * @typedef {object} PictureCallbacks
 * @property {(picture: Picture) => void} [onHeader] called once
 * @property {(picture: Picture) => void} [onLayer]  called after each layer
 * @property {boolean} [partial]                     the bytes may end early, after the first layer
 */
/** @typedef {Partial<import("./limits.js").Limits> & PictureCallbacks} PictureOptions */
/**
 * @typedef {object} LoadCallbacks
 * @property {AbortSignal} [signal]
 * @property {(picture: Picture, loaded: number, total: number) => void} [onProgress] bytes; total is 0 if
 *     unknown
 */
/** @typedef {PictureOptions & LoadCallbacks} LoadOptions */

/**
 * A picture, while its file comes and afterwards. The fields of a Header (see header.js) are set once
 * `header` is; `layers` grows with each layer.
 */
export class Picture extends WorkerFile {
    /**
     * @param {PictureOptions} [options]
     */
    constructor({ onHeader, onLayer, ...options } = {}) {
        super(options, false);
        this.onHeader = onHeader;
        this.onLayer = onLayer;
        /** @type {import("./decoder.js").Layer[]} */
        this.layers = [];
        this.complete = false; // whether all layers are there
        /** @type {Arrays[]} */
        this.parts = [];
        /** @type {(picture: Picture) => void} */
        this.resolve = () => {};
        /** @type {(reason: unknown) => void} */
        this.reject = () => {};
        /** @type {Promise<Picture>} */
        this.done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
        this.done.catch(() => {}); // no "unhandled rejection" where nobody waits for it
    }

    get idle() {
        return this.complete && super.idle;
    }

    /**
     * Takes the next bytes of the file.
     *
     * @param {Uint8Array} bytes
     * @param {boolean} [transfer] whether to hand their buffer over to the worker, which leaves it empty here
     */
    push(bytes, transfer = false) {
        this.link.post({ type: "bytes", bytes }, transfer ? [/** @type {ArrayBuffer} */ (bytes.buffer)] : []);
    }

    /** No more bytes will come. Resolves when all of the file is decoded. @returns {Promise<Picture>} */
    end() {
        this.link.post({ type: "end" });
        return this.done;
    }

    /** Forgets the file; promises that are not settled reject with the reason. @param {unknown} [reason] */
    close(reason = closedError()) {
        if (!this.closed) this.reject(reason);
        super.close(reason);
    }

    /** The arrays of all Gaussians so far; undefined before the first layer. @returns {Arrays} */
    get arrays() {
        if (this.parts.length > 1) this.parts = [joined(this.parts)];
        return this.parts[0];
    }

    /** How many Gaussians there are up to the end of each layer. @returns {number[]} */
    get ends() {
        let end = 0;
        return this.layers.map(({ n }) => (end += n));
    }

    /**
     * What a level of detail shows of the picture, see levelOf(). Until all layers have come it is the layers
     * so far, or below lod 1 the first layer alone.
     *
     * @param {number} lod 0..1
     * @returns {import("./levels.js").Level}
     */
    levelAt(lod) {
        const count = this.layers.length;
        return this.complete ? levelOf(lod, count) : { layers: lod < 1 ? 1 : count, fade: 0 };
    }

    /** How finely a Painting has to filter it. @returns {import("./constants.js").Filtered} */
    get filtered() {
        return true;
    }

    /** The part of the canvas that outputs usually show: all of it. @returns {Region} */
    get view() {
        return canvasOf(this);
    }

    /** The part of the canvas that lists of tiles must cover. @returns {Region} */
    get region() {
        return canvasOf(this);
    }

    /** Takes an answer of the worker. @param {Received} answer */
    receive(answer) {
        super.receive(answer);
        if (answer.type === "header") this.onHeader?.(this);
        else if (answer.type === "layer") {
            this.parts.push(answer.arrays);
            this.layers.push({ n: answer.arrays.angle.length, bytes: answer.bytes });
            this.onLayer?.(this);
        } else if (answer.type === "done") {
            this.complete = true;
            this.hold();
            this.resolve(this);
        }
    }
}

/** @typedef {string | URL | Request | Response | Blob | ArrayBuffer | Uint8Array<ArrayBuffer>} Source */

/**
 * Loads a picture.
 *
 * @param {Source} source
 * @param {LoadOptions} [options]
 * @returns {Promise<Picture>} with all layers. Rejects with FormatError, LimitError, UnsupportedError,
 *     TypeError where the network fails, Error for an answer like 404, or the signal's reason.
 */
export async function loadPicture(source, { signal, onProgress, ...options } = {}) {
    signal?.throwIfAborted();
    const picture = new Picture(options),
        transfer = new AbortController(),
        abort = () => picture.close(signal?.reason);
    signal?.addEventListener("abort", abort);
    try {
        const pushed = responseOf(source, transfer.signal).then((response) =>
            pushAll(picture, response, onProgress),
        );
        await Promise.race([pushed, picture.done]);
        return await picture.end();
    } catch (error) {
        picture.close(error);
        throw error;
    } finally {
        transfer.abort();
        signal?.removeEventListener("abort", abort);
    }
}

/**
 * Pushes all bytes of a response to a picture.
 *
 * @param {Picture} picture
 * @param {Response} response
 * @param {LoadCallbacks["onProgress"]} [onProgress]
 */
export async function pushAll(picture, response, onProgress) {
    const total = Number(response.headers.get("content-length")) || 0;
    const encoded = response.headers.has("content-encoding"); // the length is that of the encoded bytes then
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
    picture.done.catch((reason) => reader.cancel(reason).catch(() => {})); // nothing more is needed then
    for (let loaded = 0; ;) {
        const { value, done } = await reader.read();
        if (done || picture.closed) return;
        loaded += value.length;
        picture.push(value, true); // nobody else uses these bytes
        onProgress?.(picture, loaded, encoded ? 0 : total);
    }
}

/** @param {Source} source @param {AbortSignal} signal @returns {Promise<Response>} */
async function responseOf(source, signal) {
    if (source instanceof Response) return source;
    if (source instanceof Blob || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
        const blob = new Blob([source]);
        return new Response(blob, { headers: { "content-length": String(blob.size) } });
    }
    return requireOk(await fetch(source, { signal }));
}

/** The response itself, or an Error for one like 404. @param {Response} response */
export function requireOk(response) {
    if (response.ok) return response;
    throw new Error(`${response.url}: HTTP ${response.status} ${response.statusText}`.trim());
}
