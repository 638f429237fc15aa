// The blocks of a picture that have been decoded, as far as that went.

/** @import { Arrays } from "./arrays.js" */
/** @import { BlockIndex } from "./blocks.js" */

import { makeArrays } from "./arrays.js";

const bytesPerBlock = 2 ** 15; // what the worker's model of a block takes, about
const numbersPerGaussian = 16, // of 4 bytes: those of the page, and the worker's history
    numbersPerValue = 2; // a colour value's

/** A block: layers are decoded in their order, each after the bytes of its stream have come. */
export class CachedBlock {
    /** @type {Arrays[]} */
    layers = []; // decoded
    /** @type {Map<number, Uint8Array<ArrayBuffer>>} */
    pending = new Map(); // streams that are not decoded yet, by layer
    /** @type {Set<number>} */
    loading = new Set(); // layers whose streams are being fetched
    damaged = false; // no further layer can be decoded
    used = 0; // when it was last wanted

    /** Whether the stream of a layer must be fetched. @param {number} layer */
    lacks(layer) {
        const has = this.damaged || layer < this.layers.length;
        return !has && !this.pending.has(layer) && !this.loading.has(layer);
    }
}

/** Keeps blocks until they take too much memory; those that were not wanted for the longest time go first. */
export class BlockCache {
    /** @param {BlockIndex} index @param {number} channels @param {number} maxMemory bytes */
    constructor(index, channels, maxMemory) {
        this.index = index;
        this.channels = channels;
        this.maxMemory = maxMemory;
        /** @type {Map<number, CachedBlock>} */
        this.blocks = new Map(); // by number
        this.memory = 0; // bytes, about
        this.time = 0;
    }

    /** A block that is wanted now. @param {number} block @returns {CachedBlock} */
    use(block) {
        let found = this.blocks.get(block);
        if (!found) {
            this.blocks.set(block, (found = new CachedBlock()));
            this.memory += bytesPerBlock;
            this.passEmptyLayers(block, found);
        }
        found.used = ++this.time;
        return found;
    }

    /** Adds the next layer of a block. @param {number} block @param {Arrays} arrays */
    add(block, arrays) {
        const found = /** @type {CachedBlock} */ (this.blocks.get(block));
        found.layers.push(arrays);
        this.memory += this.bytesOf(arrays);
        this.passEmptyLayers(block, found);
    }

    /** Layers without Gaussians have no stream. @param {number} block @param {CachedBlock} found */
    passEmptyLayers(block, found) {
        const { index, channels } = this;
        while (found.layers.length < index.layers && !index.stream(found.layers.length, block).n)
            found.layers.push(makeArrays(0, channels));
    }

    /** @param {Arrays} arrays */
    bytesOf({ angle }) {
        return 4 * (numbersPerGaussian + numbersPerValue * this.channels) * angle.length;
    }

    /**
     * Forgets blocks while they take too much memory.
     *
     * @param {(block: number) => boolean} isNeeded
     * @returns {number[]} the blocks that are gone
     */
    shrink(isNeeded) {
        if (this.memory <= this.maxMemory) return [];
        const gone = [];
        const oldest = [...this.blocks].sort(([, a], [, b]) => a.used - b.used);
        for (const [block, { layers, damaged }] of oldest) {
            if (this.memory <= this.maxMemory) break;
            if (isNeeded(block) || damaged) continue; // a damaged one is not to be fetched again
            this.blocks.delete(block);
            this.memory -= layers.reduce((sum, arrays) => sum + this.bytesOf(arrays), bytesPerBlock);
            gone.push(block);
        }
        return gone;
    }
}
