// A picture in blocks on a server, of which only the parts that are looked at are fetched.

/** @import { BlockIndex as Index } from "./blocks.js" */
/** @import { ByteRanges } from "./byte_ranges.js" */
/** @import { Limits } from "./limits.js" */
/** @import { DecodedStream, Stream } from "./streams.js" */
/** @import { Picture } from "./picture.js" */
/** @import { Received } from "./thread.js" */
/** @import { Detail } from "./view_plan.js" */
/** @import { View } from "./views.js" */

import { BlockCache } from "./block_cache.js";
import { BlockGrid, BlockIndex } from "./blocks.js";
import { ChangedError } from "./errors.js";
import { FileLayout, layerStarts } from "./file_layout.js";
import { limitsOf } from "./limits.js";
import { PicturePart } from "./picture_part.js";
import { StreamLoader } from "./stream_loader.js";
import { planView } from "./view_plan.js";
import { WorkerFile, closedError } from "./worker_file.js";

const usualMemory = 2 ** 28; // bytes of decoded blocks
const leastRead = 2 ** 16; // bytes that are read at a time while the head is read

/**
 * @typedef {object} BlockOptions
 * @property {number} [maxMemory]  bytes of decoded blocks that are kept, 2^28 by default; what is shown is
 *     kept in any case
 * @property {(error: Error) => void} [onDamage]  called for each block that is damaged: it is shown as far as
 *     it could be decoded. By default the first one is reported on the console.
 */
/** @typedef {Partial<Limits> & BlockOptions} BlockPictureOptions */
/**
 * @typedef {object} PartCallbacks
 * @property {AbortSignal} [signal]  the view is no longer of interest
 * @property {(part: PicturePart | Picture) => void} [onPart]  called with what is there at once, if anything
 *     is, then after each layer, the last one too
 */
/** @typedef {{index: Index | null, start: number}} HeadEnd  see IndexEvent */

/** A file whose head is read first; the streams of blocks follow when they are wanted. */
export class BlockPicture extends WorkerFile {
    /** @type {StreamLoader | null} */
    #loader = null; // once the head is read
    /** @type {FileLayout | null} */
    #layout = null;
    /** @type {Uint8Array<ArrayBuffer>[]} */
    #start = []; // the first bytes of the file, which the head is among
    #control = new AbortController(); // ends transfers for the head
    /** @type {(end: HeadEnd) => void} */
    #resolve = () => {};
    /** @type {(reason: unknown) => void} */
    #reject = () => {};
    #onDamage;

    /** @param {ByteRanges} ranges @param {BlockPictureOptions} options */
    constructor(ranges, { maxMemory = usualMemory, onDamage = warnOnce(ranges.url), ...options }) {
        super(options, true);
        this.ranges = ranges;
        this.limits = limitsOf(options);
        this.maxMemory = maxMemory;
        this.#onDamage = onDamage;
    }

    get idle() {
        return Boolean(this.#loader) && super.idle;
    }

    /** Where the streams lie. */
    get layout() {
        return /** @type {FileLayout} */ (this.#layout);
    }

    /** The layers of the whole file, as those of a Picture. @returns {import("./decoder.js").Layer[]} */
    get layers() {
        const { index } = this.layout;
        return Array.from({ length: index.layers }, (_, layer) => ({
            n: index.total(layer),
            bytes: this.layout.bytesUpTo(layer),
        }));
    }

    /** The number of Gaussians up to the end of each layer. @returns {number[]} */
    get ends() {
        let end = 0;
        return this.layers.map(({ n }) => (end += n));
    }

    /** Bytes of the file that have come so far. */
    get fetchedBytes() {
        return this.ranges.fetched;
    }

    /**
     * Tells what a view needs, see planView(), which throws the errors.
     *
     * @param {View} view
     * @param {Detail} detail
     */
    planFor(view, detail) {
        return planView(this.layout.index, this, view, detail, this.limits);
    }

    /**
     * Reads the head of the file, whose first bytes have come.
     *
     * @param {Uint8Array<ArrayBuffer>} first
     * @returns {Promise<boolean>} whether the file is in blocks. Rejects with FormatError, LimitError, or
     *     with what ByteRanges.read() rejects with.
     */
    async open(first) {
        /** @type {Promise<HeadEnd>} */
        const head = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        this.#push(first);
        const { index, start } = await head;
        if (!index) return false;
        const grid = new BlockGrid(this, index.grid.side),
            own = new BlockIndex(grid, index.layers, index.table, index.reach);
        const known = this.#start.reduce(behind);
        this.#start = [];
        /** Bytes that have come already are not fetched again. @type {typeof this.ranges.read} */
        const read = async (from, to, signal) => {
            const start = known.slice(from, to);
            if (to <= known.length) return start;
            return behind(start, await this.#read(Math.max(from, known.length), to, signal));
        };
        const starts = await layerStarts(own, start, this.ranges.size, (from, to) =>
            read(from, to, this.#control.signal),
        );
        this.#layout = new FileLayout(own, starts);
        this.#loader = new StreamLoader(
            {
                layout: this.#layout,
                read,
                decode: (streams) => this.#decode(streams),
                forget: (blocks) => this.link.post({ type: "forget", blocks }),
                onDamage: this.#onDamage,
            },
            new BlockCache(own, this.channels.length, this.maxMemory),
        );
        this.hold();
        return true;
    }

    /**
     * The Gaussians that a view is painted with. They are fetched and decoded, coarse layers first, unless
     * they are there already.
     *
     * @param {View} view a part of the canvas, canvas pixels
     * @param {Detail & PartCallbacks} [options]
     * @returns {Promise<PicturePart>} Rejects with LimitError where there are too many Gaussians, RangeError
     *     for a wrong level, the signal's reason, or what ByteRanges.read() rejects with.
     */
    async gaussiansFor(view, { signal, onPart, ...detail } = {}) {
        signal?.throwIfAborted();
        if (this.closed) throw this.reason;
        const loader = /** @type {StreamLoader} */ (this.#loader),
            plan = this.planFor(view, detail);
        /** @param {boolean} complete */
        const make = (complete) => new PicturePart(this, view, plan, loader.layersOf(plan), complete);
        let part = make(false);
        if (part.nGaussians && !loader.has(plan)) onPart?.(part);
        await loader.load(plan, {
            signal,
            onLayer: (layers) => onPart?.((part = make(layers === plan.layers))),
        });
        return part;
    }

    /** Forgets the picture. What is waited for rejects with the reason. @param {unknown} [reason] */
    close(reason = closedError()) {
        this.#control.abort(reason);
        this.#reject(reason);
        this.#loader?.close(reason);
        super.close(reason);
    }

    /** Takes an answer of the worker. @param {Received} answer */
    receive(answer) {
        super.receive(answer);
        if (answer.type === "index") this.#resolve(answer);
        else if (answer.type === "more") this.#readHead(answer.size, answer.lacking);
    }

    /**
     * Reads more of the head, unless more is on its way to the worker already.
     *
     * @param {number} size bytes that the worker has
     * @param {number} lacking bytes, at least
     */
    async #readHead(size, lacking) {
        const start = this.#start.reduce((sum, bytes) => sum + bytes.length, 0);
        if (size < start) return;
        const end = start + Math.max(lacking, leastRead);
        try {
            // At the end of the file the worker tells what is missing.
            if (start === this.ranges.size) return this.link.post({ type: "end" });
            this.#push(await this.#read(start, end, this.#control.signal));
        } catch (error) {
            this.close(error);
        }
    }

    /** @param {Uint8Array<ArrayBuffer>} bytes the next ones of the head */
    #push(bytes) {
        this.#start.push(bytes);
        this.link.post({ type: "bytes", bytes });
    }

    /**
     * Reads bytes of the file. Where it has changed, nothing that is known of it is right any more: the
     * picture is closed.
     *
     * @param {number} start
     * @param {number} end
     * @param {AbortSignal} signal
     */
    async #read(start, end, signal) {
        try {
            return await this.ranges.read(start, end, signal);
        } catch (error) {
            if (error instanceof ChangedError) this.close(error);
            throw error;
        }
    }

    /** @param {Stream[]} streams @returns {Promise<DecodedStream[]>} */
    async #decode(streams) {
        const buffers = streams.map(({ bytes }) => /** @type {ArrayBuffer} */ (bytes.buffer));
        return (await this.ask({ type: "streams", streams }, buffers)).decoded;
    }
}

/**
 * Bytes behind others.
 *
 * @param {Uint8Array<ArrayBuffer>} first
 * @param {Uint8Array<ArrayBuffer>} second
 */
function behind(first, second) {
    const both = new Uint8Array(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    return both;
}

/** A function that reports the first error on the console. @param {string} url */
function warnOnce(url) {
    let warned = false;
    return (/** @type {Error} */ error) => {
        if (!warned) console.warn(`${url}: ${error.message}`);
        warned = true;
    };
}
