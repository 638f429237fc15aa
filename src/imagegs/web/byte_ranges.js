// Parts of a file on a server, by HTTP range requests (RFC 9110, section 14).

import { ChangedError } from "./errors.js";
import { requireOk } from "./picture.js";

const firstBytes = 2 ** 16; // of the first request

/**
 * Asks for the first bytes of a file.
 *
 * @param {string} url
 * @param {AbortSignal} signal ends the transfer
 * @returns {Promise<{ranges: ByteRanges, first: Uint8Array<ArrayBuffer>} | {response: Response}>} response:
 *     with all of the file, where the server sends no ranges
 */
export async function openRanges(url, signal) {
    /** @returns {null} where a network failed, or an answer is compressed though it must not be */
    const nothing = () => (signal.throwIfAborted(), null);
    const response = await fetchRange(url, 0, firstBytes, signal).catch(nothing);
    if (!response || (response.status === 206 && isEncoded(response)))
        return { response: requireOk(await fetch(url, { signal })) };
    if (requireOk(response).status !== 206) return { response };
    const first = new Uint8Array(await response.arrayBuffer());
    return { first, ranges: new ByteRanges(url, response, first.length) };
}

/** A file whose parts can be read. */
export class ByteRanges {
    /**
     * @param {string} url
     * @param {Response} response to the first request
     * @param {number} fetched bytes that came with it
     */
    constructor(url, response, fetched) {
        this.url = url;
        this.size = totalOf(response); // bytes of the file; 0 if unknown
        this.version = versionOf(response);
        this.fetched = fetched; // bytes that have come, those of read() too
    }

    /**
     * Reads bytes from `start` up to `end`; fewer where the file ends before.
     *
     * @param {number} start
     * @param {number} end
     * @param {AbortSignal} signal
     * @returns {Promise<Uint8Array<ArrayBuffer>>} Rejects with a ChangedError where the file is not the one
     *     whose first bytes were read, TypeError where the network fails, Error for an answer like 404.
     */
    async read(start, end, signal) {
        const response = await this.ask(start, end, signal),
            bytes = new Uint8Array(await response.arrayBuffer());
        this.fetched += bytes.length;
        if (bytes.length > end - start)
            throw new Error(`${this.url}: the server sent other bytes than wanted`);
        return bytes;
    }

    /**
     * The response with bytes from `start` on; without `end` up to the end of the file.
     *
     * @param {number} start
     * @param {number | undefined} end
     * @param {AbortSignal} signal
     */
    async ask(start, end, signal) {
        const response = await fetchRange(this.url, start, end, signal);
        if (response.status === 416) throw this.changed(); // it is shorter now
        const same = versionOf(requireOk(response)) === this.version;
        if (!same || response.status !== 206 || isEncoded(response)) throw this.changed();
        return response;
    }

    changed() {
        return new ChangedError(`${this.url}: the file has changed on the server`);
    }
}

/**
 * Asks for a range. The browser's cache is passed by, because Chromium lets one request for a file wait for
 * the other there.
 *
 * @param {string} url
 * @param {number} start
 * @param {number | undefined} end the first byte that is not wanted; undefined for all
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
function fetchRange(url, start, end, signal) {
    const range = `bytes=${start}-${end === undefined ? "" : end - 1}`;
    return fetch(url, { headers: { range }, cache: "no-store", signal });
}

/** Ranges of a compressed transfer are none of the file. @param {Response} response */
const isEncoded = ({ headers }) => (headers.get("content-encoding") ?? "identity") !== "identity";

/** @param {Response} response of a range */
const totalOf = ({ headers }) => Number(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? 0);

/**
 * The headers that differ where the file does. Servers of other origins may hide them.
 * @param {Response} response
 */
const versionOf = (response) =>
    `${totalOf(response)} ${response.headers.get("etag")} ${response.headers.get("last-modified")}`;
