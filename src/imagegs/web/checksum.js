// The CRC-32 of PNG and zlib (docs/format.md, section 2).

const sliceSize = 2 ** 16; // bytes between two chances to do something else

const table = new Uint32Array(256).map((_, byte) => {
    let rest = byte;
    for (let k = 0; k < 8; ++k) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    return rest;
});

/** The CRC-32 of bytes. @param {Uint8Array} bytes @param {number} [before] that of those before them */
export function crc32(bytes, before = 0) {
    let register = ~before;
    for (let i = 0; i < bytes.length; ++i) register = table[(register ^ bytes[i]) & 255] ^ (register >>> 8);
    return ~register >>> 0;
}

/**
 * The same. Yields now and then.
 *
 * @param {Uint8Array} bytes
 * @param {number} [before]
 * @returns {Generator<undefined, number>}
 */
export function* crc32InSlices(bytes, before = 0) {
    let sum = before;
    for (let at = 0; at < bytes.length; at += sliceSize) {
        sum = crc32(bytes.subarray(at, at + sliceSize), sum);
        yield;
    }
    return sum;
}
