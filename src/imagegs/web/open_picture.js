// Opens a picture on a server for views of its parts.

/** @import { BlockPictureOptions, PartCallbacks } from "./block_picture.js" */
/** @import { PictureOptions } from "./picture.js" */
/** @import { Detail } from "./view_plan.js" */
/** @import { View } from "./views.js" */

import { BlockPicture } from "./block_picture.js";
import { openRanges } from "./byte_ranges.js";
import { Picture, pushAll } from "./picture.js";

const leastBytes = 2 ** 22; // smaller files are not worth a request for each part

/**
 * Whether the rest of a file had better be fetched in parts, as far as a response tells of it.
 *
 * @param {Response} response
 */
export function isWorthParts({ headers }) {
    const isPlain = !headers.has("content-encoding"), // else the length is that of the encoded bytes
        knowsRanges = headers.get("accept-ranges") === "bytes";
    return isPlain && knowsRanges && Number(headers.get("content-length")) > leastBytes;
}

/**
 * Opens a picture without fetching all of it: of a file in blocks only what `gaussiansFor` needs is fetched,
 * and the limits of pixels and bytes do not hold for it. Of another file, or from a server that does not know
 * ranges, all is fetched; the console tells of the latter.
 *
 * @param {string | URL} source
 * @param {BlockPictureOptions & {signal?: AbortSignal}} [options] signal: closes the picture
 * @returns {Promise<BlockPicture | WholePicture>} once the head of the file has come. Rejects with
 *     FormatError, LimitError, UnsupportedError, TypeError where the network fails, Error for an answer like
 *     404, or the signal's reason.
 */
export async function openPicture(source, { signal, ...options } = {}) {
    signal?.throwIfAborted();
    const url = new URL(source, globalThis.document?.baseURI).href,
        transfer = new AbortController();
    signal?.addEventListener("abort", () => transfer.abort(signal.reason));
    const opened = await openRanges(url, transfer.signal);
    if ("response" in opened) {
        console.warn(`${url}: the server sends no ranges of the file, so all of it is fetched`);
        return new WholePicture(options, transfer).load(null, opened.response);
    }
    const { first, ranges } = opened,
        picture = new BlockPicture(ranges, options);
    signal?.addEventListener("abort", () => picture.close(signal.reason));
    try {
        if (await picture.open(first)) return picture;
    } catch (error) {
        picture.close(error);
        throw error;
    }
    picture.close();
    const isAll = ranges.size === first.length,
        rest = isAll ? new Response("") : await ranges.ask(first.length, undefined, transfer.signal);
    return new WholePicture(options, transfer).load(first, rest);
}

/** A picture all of which is fetched, though it was opened for views of its parts. */
export class WholePicture extends Picture {
    #transfer;
    /** @type {Set<() => void>} */
    #listeners = new Set(); // called after each layer

    /** @param {PictureOptions} options @param {AbortController} transfer ends the transfer */
    constructor(options, transfer) {
        super({ ...options, onLayer: () => this.#listeners.forEach((listener) => listener()) });
        this.#transfer = transfer;
    }

    /**
     * Takes the bytes of the file.
     *
     * @param {Uint8Array<ArrayBuffer> | null} first
     * @param {Response} rest
     * @returns {Promise<WholePicture>} once the head has come
     */
    load(first, rest) {
        const header = new Promise((resolve) => (this.onHeader = resolve));
        if (first) this.push(first);
        pushAll(this, rest).then(
            () => this.end().catch(() => {}), // `done` has the error
            (error) => this.close(error),
        );
        return Promise.race([header, this.done]).then(() => this);
    }

    /**
     * The picture itself, which grows layer by layer.
     *
     * @param {View} _
     * @param {Detail & PartCallbacks} [options]
     * @returns {Promise<WholePicture>} once all layers have come
     */
    async gaussiansFor(_, { signal, onPart } = {}) {
        signal?.throwIfAborted();
        const tell = () => onPart?.(this);
        if (this.layers.length) tell();
        this.#listeners.add(tell);
        try {
            const aborted = new Promise((_, reject) =>
                signal?.addEventListener("abort", () => reject(signal.reason)),
            );
            await Promise.race([this.done, aborted]);
            return this;
        } finally {
            this.#listeners.delete(tell);
        }
    }

    /** Forgets the picture, and ends its transfer. @param {unknown} [reason] */
    close(reason) {
        super.close(reason);
        this.#transfer.abort(reason);
    }
}
