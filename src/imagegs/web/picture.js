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

/**
 * A file while it comes and afterwards. Once `header` has come it has the fields of a Header (see header.js);
 * `layers` grows: {n, bytes}, bytes: of the file up to the layer's end.
 */
export class Picture {
    /**
     * @param {object} [options] limits (see limits.js), partial (see Decoder), and
     * @param {(picture: Picture) => void} [options.onHeader] called once
     * @param {(picture: Picture) => void} [options.onLayer] called behind each layer
     */
    constructor({ onHeader, onLayer, ...options } = {}) {
        Object.assign(this, { onHeader, onLayer });
        this.header = null;
        this.metadata = null;
        this.layers = [];
        this.complete = false; // whether all layers have come
        this.closed = false;
        this.parts = [];
        this.requests = new Map();
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

    /** The next bytes of the file. @param {Uint8Array} bytes */
    push(bytes) {
        this.link.post({ type: "bytes", bytes });
    }

    /** No more bytes will come. Resolves when all of the file is decoded. @returns {Promise<Picture>} */
    end() {
        this.link.post({ type: "end" });
        return this.done;
    }

    /** Forgets the file; what waits for it fails with the reason. */
    close(reason = new DOMException("the picture was closed", "AbortError")) {
        if (this.closed) return;
        this.closed = true;
        this.link.close();
        this.reject(reason);
        for (const { reject } of this.requests.values()) reject(reason);
        this.requests.clear();
    }

    /** The arrays of all Gaussians so far. @returns {import("./arrays.js").Arrays} */
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
     * The lists of a grid, see listTiles(); extent: see shapeRows().
     * @returns {Promise<{tiles: Uint32Array, ids: Uint32Array, copies: Uint32Array}>}
     */
    lists(request) {
        if (this.closed) return Promise.reject(new DOMException("the picture was closed", "AbortError"));
        const number = (this.requested = (this.requested ?? 0) + 1);
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

/**
 * Loads a picture.
 *
 * @param {string | URL | Request | Blob | ArrayBuffer | Uint8Array} source
 * @param {object} [options] those of Picture, and
 * @param {AbortSignal} [options.signal]
 * @param {(picture: Picture, loaded: number, total: number) => void} [options.onProgress] bytes; total is 0
 *     if unknown
 * @returns {Promise<Picture>} with all layers. Rejects with FormatError, LimitError, UnsupportedError,
 *     TypeError where the network fails, Error for an answer like 404, or the signal's reason.
 */
export async function loadPicture(source, { signal, onProgress, ...options } = {}) {
    signal?.throwIfAborted();
    const picture = new Picture(options),
        transfer = new AbortController(),
        abort = () => picture.close(signal.reason);
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

async function pour(picture, source, signal, onProgress) {
    const response = await answerOf(source, signal),
        total = Number(response.headers.get("content-length")) || 0;
    const encoded = response.headers.has("content-encoding"); // then the length is not that of the file
    const reader = response.body.getReader();
    for (let loaded = 0; ;) {
        const { value, done } = await reader.read();
        if (done || picture.closed) return;
        picture.push(value);
        loaded += value.length;
        onProgress?.(picture, loaded, encoded ? 0 : total);
    }
}

async function answerOf(source, signal) {
    if (source instanceof Blob || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
        const blob = new Blob([source]);
        return new Response(blob, { headers: { "content-length": blob.size } });
    }
    const response = await fetch(source, { signal });
    if (!response.ok)
        throw new Error(`${response.url}: HTTP ${response.status} ${response.statusText}`.trim());
    return response;
}
