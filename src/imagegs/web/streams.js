// Streams of single blocks, which the worker decodes for a picture that is read in parts.

/** @import { Arrays } from "./arrays.js" */
/** @import { Decoder } from "./decoder.js" */
/** @import { PlainError } from "./errors.js" */
/** @import { LayerReader } from "./layers.js" */

import { plainError } from "./errors.js";

/** @typedef {{layer: number, block: number, bytes: Uint8Array}} Stream  layer and block from 0 */
/**
 * @typedef {object} DecodedStream
 * @property {number} layer
 * @property {number} block
 * @property {Arrays | null} arrays     of its Gaussians; null where it is damaged
 * @property {PlainError | null} error  what is wrong with it
 */

/**
 * Decodes streams, each of which follows those of all earlier layers of its block. A damaged one keeps no
 * other block from being decoded. Yields now and then.
 *
 * @param {Decoder} decoder that has read the head of the file
 * @param {Stream[]} streams
 * @returns {Generator<undefined, DecodedStream[]>}
 */
export function* decodeStreams(decoder, streams) {
    const reader = /** @type {LayerReader} */ (decoder.layers);
    /** @type {DecodedStream[]} */
    const decoded = [];
    for (const { layer, block, bytes } of streams) {
        /** @type {DecodedStream} */
        const result = { layer, block, arrays: null, error: null };
        try {
            result.arrays = yield* reader.readAlone(layer, block, bytes);
        } catch (error) {
            result.error = plainError(error);
        }
        decoded.push(result);
    }
    return decoded;
}
