// Chunks LAYR: Gaussians on a lattice, entropy-coded layer by layer (docs/format.md, section 6).

/** @import { Arrays } from "./arrays.js" */
/** @import { BlockIndex } from "./blocks.js" */
/** @import { Check } from "./errors.js" */
/** @import { Header } from "./header.js" */
/** @import { Lattice } from "./lattice.js" */

import { BlockMemory } from "./block_memory.js";
import { BlockGrid, readBlocks } from "./blocks.js";
import { crc32InSlices } from "./checksum.js";
import { require } from "./errors.js";
import { GaussianReader } from "./gaussian_reader.js";
import { colorTransform } from "./lattice.js";
import { mostLayers } from "./levels.js";
import { CellReader } from "./positions.js";
import { RangeDecoder } from "./range_decoder.js";

const sliceSize = 64; // Gaussians between two chances to do something else
const countSize = 4; // bytes before the streams

/** Reads the layers of a file one after the other. */
export class LayerReader {
    /** @param {Lattice} lattice @param {Header} header */
    constructor(lattice, header) {
        this.lattice = lattice;
        this.header = header;
        this.channels = header.channels.length;
        this.grid = new BlockGrid(header);
        /** @type {BlockIndex | null} of a file in blocks */
        this.index = null;
        /** @type {BlockMemory[]} by block; made when the first Gaussians come */
        this.memories = [];
        this.reader = new GaussianReader(lattice, header, this.memory(0));
        this.n = 0; // Gaussians that were decoded or skipped
        this.number = 0; // of the current layer, from 1
        this.place = ""; // of faults: the current layer, perhaps a block of it
        this.keepIntegers = false;
    }

    /** The memory of a block from earlier layers. @param {number} block @returns {BlockMemory} */
    memory(block) {
        return (this.memories[block] ??= new BlockMemory(
            this.grid.rectangle(block),
            this.lattice.cell,
            this.channels,
        ));
    }

    /** Takes the colour transform from chunk TURN. @param {Uint8Array} payload */
    useColorTransform(payload) {
        this.reader.transformColors = colorTransform(payload, this.channels);
    }

    /** Takes the blocks from chunk BLKS. Yields now and then. @param {Uint8Array} payload */
    *useBlocks(payload) {
        this.index = yield* readBlocks(payload, this.header, this.lattice.cell);
        this.grid = this.index.grid;
        this.memories = [];
    }

    /** Throws FormatError, with the layer's number, unless the condition holds. @type {Check} */
    check(condition, rule) {
        require(condition, () => `${this.place}: ${typeof rule === "function" ? rule() : rule}`);
    }

    /** Checks the head of a layer, and returns its number of Gaussians. @param {Uint8Array} payload */
    begin(payload) {
        const { index } = this;
        this.number += 1;
        this.place = `layer ${this.number}`;
        require(this.number <= mostLayers, `${this.number} layers, at most ${mostLayers} are possible`);
        this.check(payload.length >= countSize, `${payload.length} bytes, at least ${countSize} are needed`);
        const n = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true),
            left = this.header.nGaussians - this.n,
            bytes = payload.length - countSize;
        this.check(n, "it has no Gaussians");
        this.check(n <= left, `${n} Gaussians, ${left} are left`);
        this.check(n <= bytes, `${n} Gaussians in ${bytes} bytes`);
        if (index) {
            this.checkLayers(this.number <= index.layers);
            index.checkLayer(this.number - 1, n, bytes, (...rule) => this.check(...rule));
        }
        return n;
    }

    /** Throws FormatError, with the numbers of layers, unless it holds. @param {boolean} condition */
    checkLayers(condition) {
        require(condition, () => `${this.number} layers, chunk BLKS tells of ${this.index?.layers}`);
    }

    /** Checks that all layers have as many Gaussians as the file promised. @param {number} n */
    checkTotal(n) {
        const { nGaussians } = this.header;
        require(n === nGaussians, `the layers have ${n} of ${nGaussians} Gaussians`);
    }

    /** The same of the layers that the index tells of. @param {BlockIndex} index */
    checkIndex(index) {
        let n = 0;
        for (let layer = 0; layer < index.layers; ++layer) n += index.total(layer);
        this.checkTotal(n);
    }

    /** Checks that the layers so far are all that the file promised. */
    end() {
        this.checkTotal(this.n);
        if (this.index) this.checkLayers(this.number === this.index.layers);
    }

    /**
     * Counts a layer without decoding it; later layers cannot be decoded then.
     *
     * @param {Uint8Array} payload
     */
    skip(payload) {
        this.n += this.begin(payload);
    }

    /**
     * Decodes a layer. Yields now and then.
     *
     * @param {Uint8Array} payload
     * @returns {Generator<undefined, Arrays>}
     */
    *read(payload) {
        const n = this.begin(payload),
            streams = payload.subarray(countSize);
        this.reader.beginLayer(n, this.keepIntegers);
        if (this.index) yield* this.readBlocks(streams, this.index);
        else yield* this.readStream(this.memory(0), n, streams, 0);
        this.n += n;
        return this.reader.arrays;
    }

    /** @param {Uint8Array} streams of all blocks @param {BlockIndex} index */
    *readBlocks(streams, index) {
        for (let block = 0, first = 0, start = 0; block < index.grid.size; ++block) {
            const { n, bytes } = index.stream(this.number - 1, block);
            if (!n) continue;
            const stream = streams.subarray(start, start + bytes);
            yield* this.readBlock(this.number - 1, block, stream, first);
            ((first += n), (start += bytes));
        }
    }

    /**
     * @param {number} layer from 0
     * @param {number} block
     * @param {Uint8Array} stream
     * @param {number} first its first Gaussian's number in the arrays
     */
    *readBlock(layer, block, stream, first) {
        const { n, crc } = /** @type {BlockIndex} */ (this.index).stream(layer, block);
        this.place = `layer ${layer + 1}, block ${block + 1}`;
        this.check((yield* crc32InSlices(stream)) === crc, "checksum mismatch");
        yield* this.readStream(this.memory(block), n, stream, first);
    }

    /**
     * Decodes a single block's stream, after those of all earlier layers of that block. Yields now and then.
     * Throws FormatError; then no later stream of the block can be decoded.
     *
     * @param {number} layer from 0
     * @param {number} block
     * @param {Uint8Array} stream
     * @returns {Generator<undefined, Arrays>}
     */
    *readAlone(layer, block, stream) {
        this.reader.beginLayer(/** @type {BlockIndex} */ (this.index).stream(layer, block).n, false);
        yield* this.readBlock(layer, block, stream, 0);
        return this.reader.arrays;
    }

    /** Forgets a block: its first layer can be decoded again. @param {number} block */
    forget(block) {
        delete this.memories[block];
    }

    /**
     * @param {BlockMemory} memory of the block
     * @param {number} n Gaussians in the stream
     * @param {Uint8Array} bytes
     * @param {number} first its first Gaussian's number in the layer
     */
    *readStream(memory, n, bytes, first) {
        const { reader } = this,
            stream = new RangeDecoder(bytes);
        /** @type {Check} */
        const check = (condition, rule) => this.check(condition, rule);
        const earlier = memory.cells();
        reader.begin(memory, n, stream, check);
        yield;
        const cellReader = new CellReader(reader.model, memory.columns, memory.rows, earlier, check);
        const cells = yield* cellReader.read(n);
        for (let i = 0; i < n; ++i) {
            reader.read(first + i, cells[2 * i], cells[2 * i + 1]);
            if (i % sliceSize === 0) yield;
        }
        this.check(!(yield* stream.hasMore()), "bytes are left over");
    }
}
