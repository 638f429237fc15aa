// Where the streams of a file in blocks lie, and which of them are fetched together.

/** @import { BlockIndex } from "./blocks.js" */

import { FormatError, require } from "./errors.js";

const frameBytes = 12; // of a chunk: type, length and CRC-32
const headBytes = 8; // type and length
const countBytes = 4; // before the streams of a layer
const mostChunks = 1024;
const mostGap = 2 ** 12; // bytes between two streams that are fetched with them
const mostRun = 2 ** 18; // bytes of a request, unless a single stream is longer

/** @typedef {(start: number, end: number) => Promise<Uint8Array>} Read  bytes of the file */
/**
 * @typedef {object} Run  streams of a layer that are fetched by one request
 * @property {number} layer
 * @property {number[]} blocks  ascending, each with a stream
 * @property {number} start     bytes of the file
 * @property {number} end
 */

/** The places of all streams. Layers and blocks count from 0. */
export class FileLayout {
    /** @param {BlockIndex} index @param {number[]} starts where each layer's chunk begins */
    constructor(index, starts) {
        const { size } = index.grid;
        this.index = index;
        this.starts = starts;
        /** Where the stream of each block begins, from the layer's first one; (layers, blocks + 1). */
        this.offsets = new Float64Array(index.layers * (size + 1));
        for (let layer = 0; layer < index.layers; ++layer)
            for (let block = 0, at = layer * (size + 1); block < size; ++block, ++at)
                this.offsets[at + 1] = this.offsets[at] + index.stream(layer, block).bytes;
    }

    /** Where a stream begins in the file. @param {number} layer @param {number} block */
    place(layer, block) {
        const offset = this.offsets[layer * (this.index.grid.size + 1) + block];
        return this.starts[layer] + headBytes + countBytes + offset;
    }

    /** The bytes of the file up to the end of a layer. @param {number} layer */
    bytesUpTo(layer) {
        return this.place(layer, this.index.grid.size) + frameBytes - headBytes;
    }

    /**
     * The ranges that hold the streams of some blocks. Short gaps are fetched, too, because a request
     * costs more.
     *
     * @param {number} layer
     * @param {number[]} blocks ascending
     * @returns {Run[]}
     */
    runs(layer, blocks) {
        /** @type {Run[]} */
        const runs = [];
        for (const block of blocks) {
            const { bytes } = this.index.stream(layer, block),
                start = this.place(layer, block),
                end = start + bytes,
                last = runs.at(-1);
            if (!bytes) continue;
            if (last && start - last.end <= mostGap && end - last.start <= mostRun) {
                last.blocks.push(block);
                last.end = end;
            } else runs.push({ layer, blocks: [block], start, end });
        }
        return runs;
    }
}

/**
 * Finds the layers' chunks. Each follows the one before, unless there are chunks that no decoder needs: where
 * the length of the file tells of more, or is not known, the heads of the chunks are read.
 *
 * @param {BlockIndex} index
 * @param {number} first where the first layer's chunk begins
 * @param {number} size bytes of the file; 0 if unknown
 * @param {Read} read
 * @returns {Promise<number[]>} Rejects with FormatError, or with what `read` rejects with.
 */
export async function layerStarts(index, first, size, read) {
    /** @type {number[]} */
    const starts = [];
    let at = first;
    for (let layer = 0; layer < index.layers; ++layer) {
        starts.push(at);
        at += frameBytes + countBytes + bytesOf(index, layer);
    }
    return at + frameBytes === size ? starts : findStarts(index, first, read);
}

/** @param {BlockIndex} index @param {number} first @param {Read} read @returns {Promise<number[]>} */
async function findStarts(index, first, read) {
    /** @type {number[]} */
    const starts = [];
    for (let at = first, chunk = 0; starts.length < index.layers; ++chunk) {
        require(chunk < mostChunks, `more than ${mostChunks} chunks`);
        const head = await read(at, at + headBytes),
            name = String.fromCharCode(...head.subarray(0, 4)),
            layer = starts.length;
        require(head.length === headBytes, `the file ends before layer ${layer + 1}`);
        const length = new DataView(head.buffer, head.byteOffset).getUint32(4, true);
        if (name === "LAYR") {
            const bytes = bytesOf(index, layer),
                place = `layer ${layer + 1}: its blocks have`;
            require(bytes + countBytes === length, `${place} ${bytes} of ${length - countBytes} bytes`);
            starts.push(at);
        } else if (!/^[a-z][A-Za-z]{3}$/.test(name))
            throw new FormatError(`${layer} layers, chunk BLKS tells of ${index.layers}`);
        at += frameBytes + length;
    }
    return starts;
}

/** The bytes of a layer's streams. @param {BlockIndex} index @param {number} layer */
function bytesOf(index, layer) {
    let bytes = 0;
    for (let block = 0; block < index.grid.size; ++block) bytes += index.stream(layer, block).bytes;
    return bytes;
}
