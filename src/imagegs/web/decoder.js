// The decoder: from the bytes of a .gsimg file to its Gaussians, layer by layer as the bytes come.

/** @import { Arrays } from "./arrays.js" */
/** @import { BlockIndex } from "./blocks.js" */
/** @import { Chunk } from "./container.js" */
/** @import { Grain } from "./grain.js" */
/** @import { Header } from "./header.js" */

import { joined } from "./arrays.js";
import { Container } from "./container.js";
import { FormatError, LimitError } from "./errors.js";
import { readFixedPoint } from "./fixed_point.js";
import { readGrain } from "./grain.js";
import { readHeader } from "./header.js";
import { Lattice } from "./lattice.js";
import { LayerReader } from "./layers.js";
import { levelOf } from "./levels.js";
import { limitsOf } from "./limits.js";
import { readMetadata } from "./metadata.js";

/**
 * @typedef {object} DecodingOptions
 * @property {boolean} [integers] also give the file's integers, as arrays.integers (N, columns)
 * @property {number} [layers]    decode no more than so many layers; the frames of all are checked
 * @property {boolean} [partial]  the bytes may end early, after the first layer
 */
/** @typedef {Partial<import("./limits.js").Limits> & DecodingOptions} DecoderOptions */

/** @typedef {{type: "header", header: Header}} HeaderEvent */
/** @typedef {{type: "metadata", metadata: Record<string, unknown>}} MetadataEvent */
/** @typedef {{type: "grain", grain: Grain}} GrainEvent */
/**
 * @typedef {{type: "layer", arrays: Arrays, bytes: number}} LayerEvent  bytes: of the file up to the layer's
 *     end
 */
/**
 * @typedef {{type: "index", index: BlockIndex | null, start: number}} IndexEvent  start: where the first
 *     chunk with Gaussians begins in the file; index: null of a file that is not in blocks
 */
/** @typedef {{type: "pause"}} PauseEvent  a chance to do something else */
/** @typedef {{type: "more"}} MoreEvent  push more bytes, or call end(), before the next step */
/** @typedef {HeaderEvent | MetadataEvent | GrainEvent | IndexEvent} HeadEvent  what precedes the Gaussians */
/** @typedef {HeadEvent | LayerEvent | PauseEvent | MoreEvent} DecoderEvent */

/**
 * Decodes a file whose bytes are pushed one part after the other. A file in fixed point counts as one layer
 * of all its Gaussians.
 *
 * `events()` yields one header, metadata and grain if the file has any, and each layer; pauses and wishes for
 * more bytes come in between. It throws FormatError and LimitError, and ends after the last chunk of a whole
 * file.
 */
export class Decoder {
    /**
     * @param {DecoderOptions} [options]
     */
    constructor(options = {}) {
        this.options = options;
        this.limits = limitsOf(options);
        this.container = new Container(this.limits.maxBytes);
        /** @type {Header | null} */
        this.header = null;
        /** @type {LayerReader | null} of a file with layers */
        this.layers = null;
        this.whole = true; // whether all is to be decoded: then the limits are those of the whole file
    }

    /** @param {Uint8Array} bytes the next ones of the file */
    push(bytes) {
        this.container.push(bytes);
    }

    /** No more bytes will come. */
    end() {
        this.container.ended = true;
    }

    /** @returns {Generator<DecoderEvent, void>} */
    *events() {
        const { container } = this;
        while (!container.complete) {
            const chunk = yield* this.next();
            if (!chunk && container.ended) return;
            if (!chunk) {
                yield { type: "more" };
                continue;
            }
            yield* this.read(chunk);
            yield { type: "pause" };
        }
        while (!container.ended) yield (container.checkEnd(), { type: "more" });
        container.checkEnd();
    }

    /**
     * As `events`, but ends before the first chunk with Gaussians. Its last event is the index of the blocks;
     * `layers` can decode their streams from then on.
     *
     * @returns {Generator<DecoderEvent, void>}
     */
    *headEvents() {
        const { container } = this;
        this.whole = false;
        while (!container.isAtGaussians()) {
            const chunk = yield* this.next();
            if (chunk) yield* this.read(chunk);
            yield { type: chunk ? "pause" : "more" };
        }
        const index = this.layers?.index ?? null;
        if (index) this.layers?.checkIndex(index);
        yield { type: "index", index, start: container.offset };
    }

    /** The next chunk, if all its bytes are there. @returns {Generator<PauseEvent, Chunk | null>} */
    *next() {
        try {
            return yield* withPauses(this.container.next());
        } catch (error) {
            // If only the end is missing, the layers so far are a picture.
            if (this.options.partial && this.container.ended && isTruncated(error) && this.container.layers)
                return null;
            throw error;
        }
    }

    /** @param {Chunk} chunk @returns {Generator<DecoderEvent, void>} */
    *read({ name, payload }) {
        const header = /** @type {Header} */ (this.header); // from the first chunk
        if (name === "HEAD") yield* this.readHeader(payload);
        else if (name === "mETA") yield { type: "metadata", metadata: readMetadata(payload) };
        else if (name === "gRAN") yield { type: "grain", grain: readGrain(payload, header) };
        else if (name === "GAUS") {
            const steps = readFixedPoint(payload, header, Boolean(this.options.integers));
            yield this.layer(yield* withPauses(steps));
        } else if (name === "LATT") {
            this.layers = new LayerReader(new Lattice(payload, header), header);
            this.layers.keepIntegers = Boolean(this.options.integers);
        } else if (name === "TURN") this.layers?.useColorTransform(payload);
        else if (name === "BLKS" && this.layers) yield* withPauses(this.layers.useBlocks(payload));
        else if (name === "LAYR" && this.layers) yield* this.readLayer(payload, this.layers);
        else if (name === "TAIL") this.layers?.end();
    }

    /** @param {Uint8Array} payload @returns {Generator<HeaderEvent, void>} */
    *readHeader(payload) {
        const header = (this.header = readHeader(payload));
        if (this.whole) this.checkLimits(header);
        yield { type: "header", header };
    }

    /** Throws LimitError for a file that is too much to be decoded. @param {Header} header */
    checkLimits({ width, height, nGaussians: n, channels }) {
        const { limits } = this;
        /** @type {(what: string, limit: number | string) => never} */
        const refuse = (what, limit) => {
            throw new LimitError(`${what} over the limit of ${limit}`);
        };
        if (width * height > limits.maxPixels)
            refuse(`the canvas of ${width} x ${height} pixels is`, `${limits.maxPixels} pixels`);
        if (n > limits.maxGaussians) refuse(`${n} Gaussians are`, limits.maxGaussians);
        if (n * channels.length > limits.maxValues)
            refuse(`${n * channels.length} colour values are`, limits.maxValues);
    }

    /** @param {Uint8Array} payload @param {LayerReader} layers @returns {Generator<DecoderEvent, void>} */
    *readLayer(payload, layers) {
        if (layers.number >= (this.options.layers ?? Infinity)) layers.skip(payload);
        else yield this.layer(yield* withPauses(layers.read(payload)));
    }

    /** @param {Arrays} arrays @returns {LayerEvent} */
    layer(arrays) {
        return { type: "layer", arrays, bytes: this.container.offset };
    }
}

/** @param {unknown} error */
const isTruncated = (error) => error instanceof FormatError && error.truncated;

/**
 * Takes all steps, with a pause at each.
 *
 * @template Result
 * @param {Generator<undefined, Result>} steps
 * @returns {Generator<PauseEvent, Result>} what the steps return
 */
function* withPauses(steps) {
    for (;;) {
        const { value, done } = steps.next();
        if (done) return value;
        yield { type: "pause" };
    }
}

/**
 * @typedef {object} Layer
 * @property {number} n      Gaussians of the layer
 * @property {number} bytes  of the file, up to the layer's end
 */
/**
 * @typedef {object} DecodedFacts
 * @property {Layer[]} layers
 * @property {Record<string, any> | null} metadata  any JSON, see docs/format.md
 * @property {Grain | null} grain            see GrainSampler
 * @property {number} fade  added to the log-weights of the last layer, see levels.js
 */
/**
 * @typedef {import("./arrays.js").Arrays & import("./header.js").Header & DecodedFacts} Decoded  nGaussians:
 *     those that were decoded
 */

/**
 * The Gaussians in the bytes of a .gsimg file, decoded at once. That takes long for a large file: pages
 * should call `loadPicture`. Throws FormatError, LimitError and, for a wrong option, RangeError.
 *
 * @param {Uint8Array | ArrayBuffer} bytes
 * @param {DecoderOptions & {lod?: number}} [options] lod: the level of detail, 0..1; later layers are checked
 *     but not decoded
 * @returns {Decoded}
 */
export function decode(bytes, options = {}) {
    const data = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes),
        { lod = 1 } = options;
    const level = levelOf(lod, lod < 1 ? countLayers(data, options) : 1);
    const decoder = new Decoder({ ...options, ...(lod < 1 && { layers: level.layers }) });
    decoder.push(data);
    decoder.end();
    /** @type {DecodedFacts} */
    const facts = { metadata: null, grain: null, layers: [], fade: level.fade };
    /** @type {Header | null} */
    let header = null;
    /** @type {Arrays[]} */
    const parts = [];
    for (const event of decoder.events()) {
        if (event.type === "header") header = event.header;
        else if (event.type === "metadata") facts.metadata = event.metadata;
        else if (event.type === "grain") facts.grain = event.grain;
        else if (event.type === "layer") {
            parts.push(event.arrays);
            facts.layers.push({ n: event.arrays.angle.length, bytes: event.bytes });
        }
    }
    const arrays = joined(parts);
    const all = { ...facts, .../** @type {Header} */ (/** @type {unknown} */ (header)), ...arrays };
    return { ...all, nGaussians: arrays.angle.length };
}

/**
 * Takes all steps at once.
 *
 * @template Result
 * @param {Generator<undefined, Result>} steps
 * @returns {Result}
 */
function finished(steps) {
    for (;;) {
        const { value, done } = steps.next();
        if (done) return value;
    }
}

/**
 * The number of layers of a file, 1 in fixed point. Only the frame is checked.
 *
 * @param {Uint8Array} data
 * @param {DecoderOptions} options
 * @returns {number}
 */
function countLayers(data, options) {
    const container = new Container(limitsOf(options).maxBytes);
    container.push(data);
    container.ended = true;
    try {
        while (finished(container.next()));
    } catch (error) {
        if (!(options.partial && isTruncated(error))) throw error;
    }
    return Math.max(1, container.layers);
}
