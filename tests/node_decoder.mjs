// The JavaScript decoder as a process: reads files from standard input and writes what is in them.
//
//     node node_decoder.mjs imagegs.mjs
//
// A request is the bytes of a file behind their number (u32, little endian) and a flag (u8): whether the file may end
// early. The answer is a line of JSON and behind it, where that has `lengths`, the arrays of those many bytes.

import { readSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { decode, FormatError, GrainSampler, mapsOf } = await import(pathToFileURL(process.argv[2]));
const limits = { maxPixels: 2 ** 32, maxGaussians: 2 ** 32, maxValues: 2 ** 37, integers: true };
const names = ["integers", "xy", "scale", "angle", "logWeight", "color"];

function read(size) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
        const n = readSync(0, bytes, at, size - at);
        if (!n) process.exit(0);
        at += n;
    }
    return bytes;
}

function write(bytes) {
    for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
}

/** What went wrong, or null. */
function problemOf(action) {
    try {
        action();
        return null;
    } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        return error.message;
    }
}

/** Of the cells of its grain, row by row. */
function deviationsOf(found) {
    const { deviations } = new GrainSampler(found),
        { columns, rows } = found.grain;
    return Array.from({ length: rows }, (_, j) => [...deviations.subarray(j * columns, (j + 1) * columns)]);
}

for (;;) {
    const head = read(5),
        bytes = read(new DataView(head.buffer).getUint32(0, true));
    const start = performance.now();
    let found;
    const problem = problemOf(() => (found = decode(bytes, { ...limits, partial: head[4] === 1 })));
    const milliseconds = performance.now() - start;
    const arrays = found ? names.map((name) => found[name]) : [];
    const { width, height, nGaussians, blend, bitDepth, wrap, channels, layers } = found ?? {};
    const facts = { width, height, nGaussians, blend, bitDepth, wrap, channels, layers };
    const grain = found?.grain ? deviationsOf(found) : null;
    const maps = found ? problemOf(() => mapsOf(found)) : null;
    const lengths = arrays.map((array) => array.byteLength);
    write(Buffer.from(JSON.stringify({ problem, milliseconds, maps, lengths, grain, ...facts }) + "\n"));
    for (const array of arrays) write(Buffer.from(array.buffer, array.byteOffset, array.byteLength));
}
