// A picture that comes, layer by layer, and is decoded in the worker.

import { joined } from "./arrays.js";
import { openInWorker } from "./thread.js";

// Pictures that nobody holds any more leave the worker's memory too.
const abandoned = new FinalizationRegistry((link) => link.close());

const receiver = (picture) => (message) => picture.receive(message);

function weakReceiver(picture) {
    const weak = new WeakRef(picture);
    return (message) => weak.deref()?.receive(message);
}

/** @typedef {import("./header.js").Header} Header */
/** @typedef {import("./arrays.js").Arrays} Arrays */

/**
 * @typedef {object} PictureCallbacks
 * @property {(picture: Picture) => void} [onHeader] called once
 * @property {(picture: Picture) => void} [onLayer]  called behind each layer
 * @property {boolean} [partial]                     the bytes may end early, behind the first layer
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
 * A file while it comes and afterwards. Once `header` has come it has the fields of a Header (see header.js);
 * `layers` grows: {n, bytes}, bytes: of the file up to the layer's end.
 */
export class Picture {
    width = 0;
    height = 0;
    nGaussians = 0;
    /** @type {Header["blend"]} */
    blend = "softmax";
    /** @type {Header["bitDepth"]} */
    bitDepth = 8;
    wrap = false;
    /** @type {string[]} */
    channels = [];

    /**
     * @param {PictureOptions} [options]
     */
    constructor({ onHeader, onLayer, ...options } = {}) {
        this.onHeader = onHeader;
        this.onLayer = onLayer;
        /** @type {Header | null} */
        this.header = null;
        /** @type {Record<string, any> | null} */
        this.metadata = null;
        /** @type {import("./grain.js").Grain | null} */
        this.grain = null;
        /** @type {import("./decoder.js").Layer[]} */
        this.layers = [];
        this.complete = false; // whether all layers have come
        this.closed = false;
        /** @type {Arrays[]} */
        this.parts = [];
        this.requested = 0; // lists so far
        this.requests = new Map(); // by number, those that wait
        this.resolve = this.reject = /** @type {(value: any) => void} */ (() => {});
        /** @type {Promise<Picture>} */
        this.done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
        this.done.catch(() => {}); // who waits for it is told
        this.link = openInWorker(options);
        this.hold();
        abandoned.register(this, this.link);
    }

    /**
     * Keeps the picture from being collected while somebody may wait for the worker's word, who may be held
     * by nothing else; and not longer.
     */
    hold() {
        this.link.listen(this.complete && !this.requests.size ? weakReceiver(this) : receiver(this));
    }

    /**
     * The next bytes of the file.
     *
     * @param {Uint8Array} bytes
     * @param {boolean} [transfer] hand their buffer over to the worker, which leaves it empty here
     */
    push(bytes, transfer = false) {
        this.link.post({ type: "bytes", bytes }, transfer ? [/** @type {ArrayBuffer} */ (bytes.buffer)] : []);
    }

    /** No more bytes will come. Resolves when all of the file is decoded. @returns {Promise<Picture>} */
    end() {
        this.link.post({ type: "end" });
        return this.done;
    }

    /** Forgets the file; what waits for it fails with the reason. @param {any} [reason] */
    close(reason = new DOMException("the picture was closed", "AbortError")) {
        if (this.closed) return;
        this.closed = true;
        this.link.close();
        this.reject(reason);
        for (const { reject } of this.requests.values()) reject(reason);
        this.requests.clear();
    }

    /** The arrays of all Gaussians so far. @returns {Arrays} */
    get arrays() {
        if (this.parts.length > 1) this.parts = [joined(this.parts)];
        return this.parts[0];
    }

    /** Numbers of Gaussians up to the end of each layer. */
    get ends() {
        let end = 0;
        return this.layers.map(({ n }) => (end += n));
    }

    /**
     * The lists of a grid, see listTiles(); extent: see sceneRows().
     * @returns {Promise<{tiles: Uint32Array, ids: Uint32Array, copies: Uint32Array}>}
     */
    lists(request) {
        if (this.closed) return Promise.reject(new DOMException("the picture was closed", "AbortError"));
        const number = ++this.requested;
        this.link.post({ ...request, type: "lists", request: number });
        const answer = new Promise((resolve, reject) => this.requests.set(number, { resolve, reject }));
        this.hold();
        return answer;
    }

    receive(message) {
        if (message.type === "header") {
            this.header = message.header;
            Object.assign(this, message.header);
            this.onHeader?.(this);
        } else if (message.type === "metadata") this.metadata = message.metadata;
        else if (message.type === "grain") this.grain = message.grain;
        else if (message.type === "layer") {
            this.parts.push(message.arrays);
            this.layers.push({ n: message.arrays.angle.length, bytes: message.bytes });
            this.onLayer?.(this);
        } else if (message.type === "done") {
            this.complete = true;
            this.hold();
            this.resolve(this);
        } else this.answer(message);
    }

    answer({ request, error, ...lists }) {
        if (request === undefined) return this.close(error);
        const { resolve, reject } = this.requests.get(request);
        this.requests.delete(request);
        this.hold();
        if (error) reject(error);
        else resolve(lists);
    }
}

/** @typedef {string | URL | Request | Blob | ArrayBuffer | Uint8Array<ArrayBuffer>} Source */

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
        await Promise.race([pour(picture, source, transfer.signal, onProgress), picture.done]);
        return await picture.end();
    } catch (error) {
        picture.close(error);
        throw error;
    } finally {
        transfer.abort();
        signal?.removeEventListener("abort", abort);
    }
}

/** @param {Picture} picture @param {Source} source @param {AbortSignal} signal */
async function pour(picture, source, signal, onProgress) {
    const response = await answerOf(source, signal),
        total = Number(response.headers.get("content-length")) || 0;
    const encoded = response.headers.has("content-encoding"); // then the length is not that of the file
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
    for (let loaded = 0; ;) {
        const { value, done } = await reader.read();
        if (done || picture.closed) return;
        loaded += value.length;
        picture.push(value, true); // nobody else has these bytes
        onProgress?.(picture, loaded, encoded ? 0 : total);
    }
}

/** @param {Source} source @param {AbortSignal} signal */
async function answerOf(source, signal) {
    if (source instanceof Blob || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
        const blob = new Blob([source]);
        return new Response(blob, { headers: { "content-length": String(blob.size) } });
    }
    const response = await fetch(source, { signal });
    if (!response.ok)
        throw new Error(`${response.url}: HTTP ${response.status} ${response.statusText}`.trim());
    return response;
}
