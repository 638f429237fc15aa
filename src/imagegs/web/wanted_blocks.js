// The blocks that one view waits for, with some of their layers.

/** @import { BlockCache } from "./block_cache.js" */
/** @import { FileLayout, Run } from "./file_layout.js" */

/** Layers and blocks count from 0. */
export class WantedBlocks {
    /**
     * @param {Map<number, number>} blocks ascending, and how many layers of each
     * @param {number} layers the most of these
     * @param {BlockCache} cache
     * @param {(layers: number) => void} onLayer called whenever all blocks have more layers than before
     */
    constructor(blocks, layers, cache, onLayer) {
        this.blocks = blocks;
        this.layers = layers;
        this.onLayer = onLayer;
        this.missing = new Uint32Array(layers); // by layer: blocks that want it and have not got it
        this.done = 0; // layers that all blocks have, as far as they want them and can be decoded
        for (const [block, own] of blocks) {
            const { layers: has, damaged } = cache.use(block);
            for (let layer = damaged ? own : has.length; layer < own; ++layer) this.missing[layer] += 1;
        }
        /** @type {Run[]} */
        this.runs = []; // to be fetched, coarse layers first
        /** @type {() => void} */
        this.resolve = () => {};
        /** @type {(reason: unknown) => void} */
        this.reject = () => {};
        /** @type {Promise<void>} */
        this.promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
        this.skipDone();
    }

    /** Plans what to fetch. @param {FileLayout} layout @param {BlockCache} cache */
    planRuns(layout, cache) {
        for (let layer = this.done; layer < this.layers; ++layer) {
            const lacking = [...this.blocks.keys()].filter(
                (block) => this.wants(block, layer) && cache.use(block).lacks(layer),
            );
            this.runs.push(...layout.runs(layer, lacking));
        }
    }

    /** Whether all layers of all blocks are there. */
    get complete() {
        return this.done === this.layers;
    }

    /** @param {number} block @param {number} layer */
    wants(block, layer) {
        return layer < (this.blocks.get(block) ?? 0);
    }

    /**
     * Notes that layers of a block are there, or will never be.
     *
     * @param {number} block
     * @param {number} from
     * @param {number} to the first one that is not
     */
    note(block, from, to) {
        const end = Math.min(to, this.blocks.get(block) ?? 0);
        for (let layer = from; layer < end; ++layer) this.missing[layer] -= 1;
    }

    /** Passes the layers that all blocks have. @returns {boolean} whether there were any */
    skipDone() {
        const before = this.done;
        while (!this.complete && !this.missing[this.done]) this.done += 1;
        return this.done > before;
    }

    /** Tells of progress. @returns {boolean} whether all is there */
    proceed() {
        if (!this.skipDone()) return false;
        this.onLayer(this.done);
        if (this.complete) this.resolve();
        return this.complete;
    }
}
