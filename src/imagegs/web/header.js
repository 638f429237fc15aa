// Chunk HEAD (docs/format.md, section 3).

import { FormatError, require } from "./errors.js";

export const blends = /** @type {const} */ (["paper", "softmax"]);

/**
 * @typedef {object} Header
 * @property {number} width        of the canvas, pixels, 1..65535
 * @property {number} height
 * @property {number} nGaussians   of the whole file
 * @property {"paper" | "softmax"} blend
 * @property {8 | 16} bitDepth     of the picture that was fitted
 * @property {boolean} wrap        whether the canvas is periodic
 * @property {string[]} channels   names
 */

/** @typedef {(condition: unknown, message: string) => void} HeaderCheck  throws FormatError */

/** Throws FormatError. @param {Uint8Array} payload @returns {Header} */
export function readHeader(payload) {
    /** @type {HeaderCheck} */
    const check = (condition, message) => require(condition, () => `chunk HEAD: ${message}`);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    check(payload.length >= 12, `${payload.length} bytes, at least 12 are needed`);
    const width = view.getUint16(0, true),
        height = view.getUint16(2, true),
        nGaussians = view.getUint32(4, true);
    const [blend, bitDepth, flags, n] = payload.subarray(8);
    check(width && height, `the canvas of ${width} x ${height} pixels is empty`);
    check(nGaussians, "zero Gaussians");
    check(blend < blends.length, `unknown blend ${blend}`);
    check(bitDepth === 8 || bitDepth === 16, `bit depth ${bitDepth}, only 8 and 16 are possible`);
    check(flags <= 1, `unknown flags ${flags}`);
    check(!flags || blends[blend] === "softmax", "only the softmax blend wraps, not the paper blend");
    check(n >= 1 && n <= 32, `${n} channels, only 1 to 32 are possible`);
    const channels = readNames(payload, n, check);
    return {
        width,
        height,
        nGaussians,
        blend: blends[blend],
        bitDepth: /** @type {8 | 16} */ (bitDepth),
        wrap: flags === 1,
        channels,
    };
}

/** @param {Uint8Array} payload @param {number} n @param {HeaderCheck} check @returns {string[]} */
function readNames(payload, n, check) {
    /** @type {string[]} */
    const names = [];
    let offset = 12;
    for (let number = 1; number <= n; ++number) {
        const end = offset + 1 + payload[offset];
        check(end <= payload.length, `ends within the name of channel ${number}`);
        names.push(readName(payload.subarray(offset + 1, end), number, check));
        offset = end;
    }
    check(offset === payload.length, `${payload.length - offset} bytes after the last channel name`);
    check(new Set(names).size === n, "two channels have the same name");
    return names;
}

/** @param {Uint8Array} bytes @param {number} number from 1 @param {HeaderCheck} check @returns {string} */
function readName(bytes, number, check) {
    const name = utf8(bytes);
    if (name === null) throw new FormatError(`chunk HEAD: the name of channel ${number} is not UTF-8`);
    check(name, `the name of channel ${number} is empty`);
    check(!/[\u0000-\u001f\u007f-\u009f]/.test(name), `the name of channel ${number} has control characters`);
    return name;
}

/**
 * The text of the bytes, or null where they are not valid UTF-8. A byte order mark is a character like
 * others.
 *
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function utf8(bytes) {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return null;
    }
}
