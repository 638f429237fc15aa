// Fetches the streams of blocks that views want, and has them decoded: coarse layers first, several requests
// at a time. What no view wants any more is not fetched further.

/** @import { Arrays } from "./arrays.js" */
/** @import { BlockCache } from "./block_cache.js" */
/** @import { FileLayout, Run } from "./file_layout.js" */
/** @import { DecodedStream, Stream } from "./streams.js" */

import { revived } from "./errors.js";
import { WantedBlocks } from "./wanted_blocks.js";

const mostRequests = 4; // at a time: browsers allow six to a server, of all parts of a page
const mostInBatch = 4096; // Gaussians that are decoded between two looks at what is wanted

/**
 * @typedef {object} Source  of streams
 * @property {FileLayout} layout
 * @property {(start: number, end: number, signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>} read
 *     bytes of the file
 * @property {(streams: Stream[]) => Promise<DecodedStream[]>} decode
 * @property {(blocks: number[]) => void} forget    these blocks may be decoded anew
 * @property {(error: Error) => void} onDamage      a block cannot be decoded any further
 */
/** @typedef {{blocks: Map<number, number>, layers: number}} Wanted  see WantedBlocks */
/** @typedef {{run: Run, control: AbortController}} Flight  a request that is on its way */

/** Loads layers of blocks into a cache. */
export class StreamLoader {
    /** @type {Set<WantedBlocks>} */
    #views = new Set(); // the oldest first
    /** @type {Set<Flight>} */
    #flights = new Set();
    /** @type {Set<number>} */
    #ready = new Set(); // blocks whose next layer can be decoded
    #decoding = false;
    /** @type {WantedBlocks | null} */
    #newest = null; // the view that was asked for last, whose blocks stay

    /** @param {Source} source @param {BlockCache} cache */
    constructor(source, cache) {
        this.source = source;
        this.cache = cache;
    }

    /**
     * Loads what a view needs. Damaged blocks have as many layers then as could be decoded.
     *
     * @param {Wanted} wanted
     * @param {object} options
     * @param {AbortSignal} [options.signal] the view is no longer of interest
     * @param {(layers: number) => void} options.onLayer see WantedBlocks
     * @returns {Promise<void>} Rejects with the signal's reason, or with what `read` rejects with.
     */
    async load({ blocks, layers }, { signal, onLayer }) {
        const view = new WantedBlocks(blocks, layers, this.cache, onLayer);
        this.#newest = view;
        if (view.complete) return onLayer(layers);
        const abort = () => this.#drop(view, signal?.reason);
        signal?.addEventListener("abort", abort);
        view.planRuns(this.source.layout, this.cache);
        this.#views.add(view);
        this.#proceed();
        try {
            await view.promise;
        } finally {
            signal?.removeEventListener("abort", abort);
        }
    }

    /** Whether all that a view needs is there. @param {Wanted} wanted */
    has({ blocks, layers }) {
        return new WantedBlocks(blocks, layers, this.cache, () => {}).complete;
    }

    /**
     * The streams that are there of a view: layer by layer, each block by block.
     *
     * @param {Wanted} wanted
     * @returns {Arrays[][]}
     */
    layersOf({ blocks, layers }) {
        const found = [...blocks].map(([block, own]) => this.cache.use(block).layers.slice(0, own));
        return Array.from({ length: layers }, (_, layer) =>
            found.filter((has) => layer < has.length).map((has) => has[layer]),
        );
    }

    /** Ends all that is on its way. @param {unknown} reason */
    close(reason) {
        for (const view of this.#views) this.#drop(view, reason);
    }

    /** Gives up a view, and what only that view wanted. @param {WantedBlocks} view @param {unknown} reason */
    #drop(view, reason) {
        this.#views.delete(view);
        view.reject(reason);
        for (const { run, control } of this.#flights)
            if (!run.blocks.some((block) => this.#isWanted(block, run.layer))) control.abort(reason);
        for (const block of view.blocks.keys())
            if (!this.#isWanted(block, 0)) {
                this.cache.blocks.get(block)?.pending.clear();
                this.#ready.delete(block);
            }
    }

    /** @param {number} block @param {number} layer */
    #isWanted(block, layer) {
        return [...this.#views].some((view) => view.wants(block, layer));
    }

    /** Begins what can be begun. */
    #proceed() {
        while (this.#flights.size < mostRequests) {
            const run = this.#nextRun();
            if (!run) break;
            this.#fetch(run);
        }
        if (!this.#decoding) this.#decode();
    }

    /** The run to fetch next: the newest view comes first. @returns {Run | null} */
    #nextRun() {
        for (const { runs } of [...this.#views].reverse())
            for (let run; (run = runs.shift());) {
                const { layer } = run;
                const lacking = run.blocks.filter((block) => this.cache.use(block).lacks(layer));
                runs.unshift(...this.source.layout.runs(layer, lacking)); // another view may have got some
                if (lacking.length) return /** @type {Run} */ (runs.shift());
            }
        return null;
    }

    /** @param {Run} run */
    async #fetch(run) {
        const control = new AbortController(),
            flight = { run, control },
            owners = run.blocks.map((block) => this.cache.use(block));
        this.#flights.add(flight);
        for (const owner of owners) owner.loading.add(run.layer);
        try {
            const bytes = await this.source.read(run.start, run.end, control.signal);
            if (!control.signal.aborted) this.#take(run, bytes);
        } catch (error) {
            if (!control.signal.aborted) this.#fail(run, error);
        } finally {
            for (const owner of owners) owner.loading.delete(run.layer);
            this.#flights.delete(flight);
            this.#proceed();
        }
    }

    /** Cuts the bytes of a run into streams. @param {Run} run @param {Uint8Array<ArrayBuffer>} bytes */
    #take({ layer, blocks, start }, bytes) {
        const { layout } = this.source;
        for (const block of blocks) {
            if (!this.#isWanted(block, layer)) continue;
            const at = layout.place(layer, block) - start,
                found = this.cache.use(block);
            found.pending.set(layer, bytes.slice(at, at + layout.index.stream(layer, block).bytes));
            if (found.layers.length === layer) this.#ready.add(block);
        }
    }

    /** Ends the views that wait for a run. @param {Run} run @param {unknown} error */
    #fail({ layer, blocks }, error) {
        for (const view of this.#views)
            if (blocks.some((block) => view.wants(block, layer))) this.#drop(view, error);
    }

    /** Decodes what is ready, until nothing is. */
    async #decode() {
        this.#decoding = true;
        for (let batch; (batch = this.#nextBatch()).length;) {
            /** @type {DecodedStream[]} */
            let decoded;
            try {
                decoded = await this.source.decode(batch);
            } catch (error) {
                for (const view of this.#views) this.#drop(view, error); // the worker has failed
                break;
            }
            for (const stream of decoded) this.#store(stream);
            this.#tell();
        }
        this.#decoding = false;
        const isNeeded = (/** @type {number} */ block) =>
            this.#isWanted(block, 0) || Boolean(this.#newest?.blocks.has(block));
        const gone = this.cache.shrink(isNeeded);
        if (gone.length) this.source.forget(gone);
    }

    /** The streams to decode next: those of coarse layers come first. @returns {Stream[]} */
    #nextBatch() {
        /** @param {number} block */
        const layerOf = (block) => this.cache.use(block).layers.length;
        const ready = [...this.#ready].sort((a, b) => layerOf(a) - layerOf(b));
        /** @type {Stream[]} */
        const batch = [];
        for (let i = 0, n = 0; i < ready.length && n < mostInBatch; ++i) {
            const block = ready[i],
                layer = layerOf(block),
                { pending } = this.cache.use(block),
                bytes = /** @type {Uint8Array<ArrayBuffer>} */ (pending.get(layer));
            batch.push({ layer, block, bytes });
            n += this.source.layout.index.stream(layer, block).n;
            pending.delete(layer);
            this.#ready.delete(block);
        }
        return batch;
    }

    /** Puts a decoded stream into the cache. @param {DecodedStream} stream */
    #store({ layer, block, arrays, error }) {
        const found = this.cache.use(block);
        if (arrays) this.cache.add(block, arrays);
        else {
            found.damaged = true;
            found.pending.clear();
            if (error) this.source.onDamage(revived(error));
        }
        const end = found.damaged ? Infinity : found.layers.length;
        for (const view of this.#views) view.note(block, layer, end);
        if (found.pending.has(found.layers.length)) this.#ready.add(block);
    }

    /** Tells the views of progress. */
    #tell() {
        for (const view of this.#views) if (view.proceed()) this.#views.delete(view);
    }
}
