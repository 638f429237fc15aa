// Chunk BLKS: the blocks of a large canvas, each with streams of its own (docs/format.md, section 6,
// "Blocks").

/** @import { Check } from "./errors.js" */
/** @import { Header } from "./header.js" */
/** @import { Region } from "./tile_lists.js" */

import { require } from "./errors.js";
import { mostLayers } from "./levels.js";

const mostSide = 15; // log2 of pixels
const mostBlocks = 2 ** 14;
const wholeCanvas = 16; // 2^16 pixels are more than a canvas has
const headSize = 2; // bytes
const reachUnit = 16, // pixels
    unknownReach = 2 ** 16 - 1;
const fields = 3; // of a stream, 32 bits each: number of Gaussians, bytes, CRC-32
const streamSize = 4 * fields + 2; // bytes: the fields, then the reach

/**
 * @typedef {object} Rectangle  canvas pixels
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 */

/** Square blocks of 2^side canvas pixels on a side, row by row; by default one that is the whole canvas. */
export class BlockGrid {
    /** @param {Header} header @param {number} [side] */
    constructor({ width, height }, side = wholeCanvas) {
        this.width = width; // of the canvas, pixels
        this.height = height;
        this.side = side;
        this.columns = ((width - 1) >> side) + 1;
        this.rows = ((height - 1) >> side) + 1;
        this.size = this.columns * this.rows; // how many blocks there are
    }

    /** The part of the canvas that a block covers. @param {number} block @returns {Rectangle} */
    rectangle(block) {
        const most = 2 ** this.side,
            left = (block % this.columns) * most,
            top = Math.floor(block / this.columns) * most;
        return {
            left,
            top,
            width: Math.min(most, this.width - left),
            height: Math.min(most, this.height - top),
        };
    }
}

/** The streams of each layer, of each block, as chunk BLKS tells of them. Layers and blocks count from 0. */
export class BlockIndex {
    /**
     * @param {BlockGrid} grid
     * @param {number} layers
     * @param {Uint32Array} table the fields of all streams
     * @param {Uint16Array} reach of each layer, of each block, in 16 pixels
     */
    constructor(grid, layers, table, reach) {
        this.grid = grid;
        this.layers = layers;
        this.table = table;
        this.reach = reach;
    }

    /**
     * The blocks that can matter in a part of the canvas, in their order, and how many layers of each: up to
     * the last one that reaches the part. Blocks that the part overlaps have all layers.
     *
     * @param {Region} region
     * @param {boolean} wrap whether the canvas does
     * @returns {Map<number, number>} layers by block
     */
    near({ x, y, width, height }, wrap) {
        const { grid } = this,
            found = new Map();
        for (let block = 0; block < grid.size; ++block) {
            const own = grid.rectangle(block);
            const across = distance(x, x + width, own.left, own.left + own.width, wrap ? grid.width : 0);
            const down = distance(y, y + height, own.top, own.top + own.height, wrap ? grid.height : 0);
            const layers = this.layersAt(block, Math.max(across, down));
            if (layers) found.set(block, layers);
        }
        return found;
    }

    /**
     * The number of layers of a block up to the last one that reaches so far.
     *
     * @param {number} block
     * @param {number} distance canvas pixels from the block
     */
    layersAt(block, distance) {
        for (let layer = this.layers - 1; layer >= 0; --layer) {
            const reach = this.reach[layer * this.grid.size + block];
            if (distance <= reachUnit * reach || reach === unknownReach) return layer + 1;
        }
        return 0;
    }

    /**
     * The fields of a stream.
     *
     * @param {number} layer
     * @param {number} block
     * @returns {{n: number, bytes: number, crc: number}}
     */
    stream(layer, block) {
        const at = fields * (layer * this.grid.size + block);
        return { n: this.table[at], bytes: this.table[at + 1], crc: this.table[at + 2] };
    }

    /** The Gaussians of all blocks in a layer. @param {number} layer @returns {number} */
    total(layer) {
        let n = 0;
        for (let block = 0; block < this.grid.size; ++block) n += this.stream(layer, block).n;
        return n;
    }

    /**
     * Checks that the blocks of a layer make up the whole of it.
     *
     * @param {number} layer
     * @param {number} n      Gaussians of the layer
     * @param {number} bytes  of its streams
     * @param {Check} check
     */
    checkLayer(layer, n, bytes, check) {
        let ofBlocks = 0,
            bytesOfBlocks = 0;
        for (let block = 0; block < this.grid.size; ++block) {
            const stream = this.stream(layer, block);
            ((ofBlocks += stream.n), (bytesOfBlocks += stream.bytes));
        }
        check(ofBlocks === n, `its blocks have ${ofBlocks} of ${n} Gaussians`);
        check(bytesOfBlocks === bytes, `its blocks have ${bytesOfBlocks} of ${bytes} bytes`);
    }
}

/**
 * The distance of an interval a..b from an interval c..d; below 0 where they overlap. On a canvas that wraps
 * it is the least distance modulo the period.
 *
 * @param {number} a
 * @param {number} b
 * @param {number} c
 * @param {number} d
 * @param {number} period 0 where the canvas does not wrap
 */
function distance(a, b, c, d, period) {
    const apart = Math.max(c - b, a - d);
    if (!period || apart <= 0) return apart;
    return Math.min(
        apart,
        Math.max(c + period - b, a - d - period),
        Math.max(c - period - b, a - d + period),
    );
}

/**
 * Reads the chunk. Yields now and then. Throws FormatError.
 *
 * @param {Uint8Array} payload
 * @param {Header} header
 * @param {number} cell log2 of the side of a cell
 * @returns {Generator<undefined, BlockIndex>}
 */
export function* readBlocks(payload, header, cell) {
    check(payload.length >= headSize, `${payload.length} bytes, at least ${headSize} are needed`);
    const [side, layers] = payload;
    check(
        cell <= side && side <= mostSide,
        `blocks of 2^${side} pixels, only 2^${cell} to 2^${mostSide} are possible`,
    );
    check(layers >= 1 && layers <= mostLayers, `${layers} layers, only 1 to ${mostLayers} are possible`);
    const grid = new BlockGrid(header, side),
        blocks = grid.size;
    check(blocks <= mostBlocks, `${blocks} blocks, at most ${mostBlocks} are possible`);
    const size = headSize + streamSize * layers * blocks;
    check(payload.length === size, `${payload.length} bytes, ${size} are needed`);
    const table = new Uint32Array(fields * layers * blocks),
        reach = new Uint16Array(layers * blocks),
        index = new BlockIndex(grid, layers, table, reach),
        view = new DataView(payload.buffer, payload.byteOffset + headSize, size - headSize);
    for (let layer = 0; layer < layers; ++layer) {
        for (let stream = blocks * layer; stream < blocks * (layer + 1); ++stream) {
            const at = streamSize * stream;
            for (let k = 0; k < fields; ++k) table[fields * stream + k] = view.getUint32(at + 4 * k, true);
            reach[stream] = view.getUint16(at + 4 * fields, true);
        }
        checkStreams(index, layer);
        yield;
    }
    return index;
}

/** Checks the streams of a layer, each by itself. @param {BlockIndex} index @param {number} layer */
function checkStreams(index, layer) {
    for (let block = 0; block < index.grid.size; ++block) {
        const { n, bytes } = index.stream(layer, block);
        if (n ? n <= bytes : !bytes) continue;
        const fault = n ? `${n} Gaussians in ${bytes} bytes` : `${bytes} bytes without Gaussians`;
        check(false, `layer ${layer + 1}, block ${block + 1}: ${fault}`);
    }
}

/** Throws FormatError unless the condition holds. @type {Check} */
function check(condition, rule) {
    require(condition, () => `chunk BLKS: ${typeof rule === "function" ? rule() : rule}`);
}
