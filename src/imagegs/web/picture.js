// A picture whose bytes come one part after the other; the worker decodes it layer by layer.

/** @import { Arrays } from "./arrays.js" */
/** @import { Grain } from "./grain.js" */
/** @import { Header } from "./header.js" */
/** @import { Link, Listener, Received } from "./thread.js" */
/** @import { Lists, ListsWanted } from "./worker.js" */

import { joined } from "./arrays.js";
import { openInWorker } from "./thread.js";

/** Closes the files of pictures that the page has dropped: the worker's memory for them is free then. */
const abandoned = new FinalizationRegistry((/** @type {Link} */ link) => link.close());

/** A listener that keeps the picture from being collected. @param {Picture} picture @returns {Listener} */
const receiver = (picture) => (answer) => picture.receive(answer);

/** A listener that does not. @param {Picture} picture @returns {Listener} */
function weakReceiver(picture) {
    const weak = new WeakRef(picture);
    return (answer) => weak.deref()?.receive(answer);
}

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

/** @typedef {{resolve: (lists: Lists) => void, reject: (reason: unknown) => void}} Waiting  for lists */

/**
 * A picture, while its file comes and afterwards. The fields of a Header (see header.js) are set once
 * `header` is; `layers` grows with each layer.
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
        /** @type {Grain | null} */
        this.grain = null;
        /** @type {import("./decoder.js").Layer[]} */
        this.layers = [];
        this.complete = false; // whether all layers are there
        this.closed = false;
        /** @type {Arrays[]} */
        this.parts = [];
        this.requested = 0; // how many lists were asked for so far
        /** @type {Map<number, Waiting>} */
        this.requests = new Map(); // those without an answer yet, by number
        /** @type {(picture: Picture) => void} */
        this.resolve = () => {};
        /** @type {(reason: unknown) => void} */
        this.reject = () => {};
        /** @type {Promise<Picture>} */
        this.done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
        this.done.catch(() => {}); // no "unhandled rejection" where nobody waits for it
        this.link = openInWorker(options);
        this.hold();
        abandoned.register(this, this.link);
    }

    /**
     * Keeps the picture from being collected as long as answers of the worker are due, because somebody may
     * wait for them who holds nothing but a promise.
     */
    hold() {
        this.link.listen(this.complete && !this.requests.size ? weakReceiver(this) : receiver(this));
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
    close(reason = new DOMException("the picture was closed", "AbortError")) {
        if (this.closed) return;
        this.closed = true;
        this.link.close();
        this.reject(reason);
        for (const { reject } of this.requests.values()) reject(reason);
        this.requests.clear();
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

    /** Asks the worker for the lists of a grid. @param {ListsWanted} wanted @returns {Promise<Lists>} */
    lists(wanted) {
        if (this.closed) return Promise.reject(new DOMException("the picture was closed", "AbortError"));
        const number = ++this.requested;
        this.link.post({ ...wanted, type: "lists", request: number });
        const answer = new Promise((resolve, reject) => this.requests.set(number, { resolve, reject }));
        this.hold();
        return answer;
    }

    /** Takes an answer of the worker. @param {Received} answer */
    receive(answer) {
        if (answer.type === "header") {
            this.header = answer.header;
            Object.assign(this, answer.header);
            this.onHeader?.(this);
        } else if (answer.type === "metadata") this.metadata = answer.metadata;
        else if (answer.type === "grain") this.grain = answer.grain;
        else if (answer.type === "layer") {
            this.parts.push(answer.arrays);
            this.layers.push({ n: answer.arrays.angle.length, bytes: answer.bytes });
            this.onLayer?.(this);
        } else if (answer.type === "done") {
            this.complete = true;
            this.hold();
            this.resolve(this);
        } else if (answer.type === "lists") {
            const { request, tiles, ids, copies } = answer;
            this.settled(request).resolve({ tiles, ids, copies });
        } else if (answer.request === undefined) this.close(answer.error);
        else this.settled(answer.request).reject(answer.error);
    }

    /** Who waits for the answer to a request, which is over with that. @param {number} request */
    settled(request) {
        const waiting = /** @type {Waiting} */ (this.requests.get(request));
        this.requests.delete(request);
        this.hold();
        return waiting;
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
        await Promise.race([pushAll(picture, source, transfer.signal, onProgress), picture.done]);
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
 * Pushes all bytes of a source to a picture.
 *
 * @param {Picture} picture
 * @param {Source} source
 * @param {AbortSignal} signal
 * @param {LoadCallbacks["onProgress"]} onProgress
 */
async function pushAll(picture, source, signal, onProgress) {
    const response = await responseOf(source, signal),
        total = Number(response.headers.get("content-length")) || 0;
    const encoded = response.headers.has("content-encoding"); // the length is that of the encoded bytes then
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
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
    if (source instanceof Blob || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
        const blob = new Blob([source]);
        return new Response(blob, { headers: { "content-length": String(blob.size) } });
    }
    const response = await fetch(source, { signal });
    if (!response.ok)
        throw new Error(`${response.url}: HTTP ${response.status} ${response.statusText}`.trim());
    return response;
}
