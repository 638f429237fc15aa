// From the bytes of a .gsimg file to its Gaussians, layer by layer as they come.

import { joined } from "./arrays.js";
import { Container } from "./container.js";
import { FormatError, LimitError, require } from "./errors.js";
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
 * @property {boolean} [integers] give the files' integers too, as arrays.integers (N, columns)
 * @property {number} [layers]    decode no more than so many, though all are checked
 * @property {boolean} [partial]  the bytes may end early, behind the first layer
 */
/** @typedef {Partial<import("./limits.js").Limits> & DecodingOptions} DecoderOptions */

/**
 * Decodes a file of which ever more bytes are pushed. Files without layers have one, of all Gaussians.
 *
 * `events()` is a generator that yields {type} in this order: "header" {header}, "metadata" {metadata} where
 * there is any, "grain" {grain} likewise, "layer" {arrays, bytes} for each layer, bytes: of the file up to
 * its end; in between "pause", a chance to do something else, and "more", when more bytes must be pushed (or
 * `end()` called) before it goes on. Throws FormatError and LimitError. It ends behind the last chunk of a
 * whole file.
 */
export class Decoder {
    /**
     * @param {DecoderOptions} [options]
     */
    constructor(options = {}) {
        this.options = options;
        this.limits = limitsOf(options);
        this.container = new Container(this.limits.maxBytes);
        /** @type {import("./header.js").Header | null} */
        this.header = null;
        /** @type {LayerReader | null} of a file with layers */
        this.layers = null;
    }

    /** @param {Uint8Array} bytes the next ones of the file */
    push(bytes) {
        this.container.push(bytes);
    }

    end() {
        this.container.ended = true;
    }

    *events() {
        const { container } = this;
        for (let chunk; !container.complete;) {
            while (!(chunk = yield* this.next())) {
                if (container.ended) return;
                yield { type: "more" };
            }
            yield* this.read(chunk);
            yield { type: "pause" };
        }
        while (!container.ended) yield (container.checkEnd(), { type: "more" });
        container.checkEnd();
    }

    *next() {
        try {
            return yield* withPauses(this.container.next());
        } catch (error) {
            // What came before is a picture, if only the end is missing.
            if (this.options.partial && this.container.ended && isTruncated(error) && this.container.layers)
                return null;
            throw error;
        }
    }

    *read({ name, payload }) {
        const header = /** @type {import("./header.js").Header} */ (this.header); // the first chunk's
        if (name === "HEAD") yield* this.readHeader(payload);
        else if (name === "mETA") yield { type: "metadata", metadata: readMetadata(payload) };
        else if (name === "gRAN")
            yield /** @type {any} */ ({ type: "grain", grain: readGrain(payload, header) });
        else if (name === "GAUS") {
            const steps = readFixedPoint(payload, header, this.options.integers);
            yield this.layer(yield* withPauses(steps));
        } else if (name === "LATT") {
            this.layers = new LayerReader(new Lattice(payload, header), header);
            this.layers.keepIntegers = Boolean(this.options.integers);
        } else if (name === "TURN") this.layers?.useTurn(payload);
        else if (name === "LAYR" && this.layers) yield* this.readLayer(payload, this.layers);
        else if (name === "TAIL" && this.layers) {
            const { n, total } = this.layers;
            require(n === total, `the layers have ${n} of ${total} Gaussians`);
        }
    }

    *readHeader(payload) {
        const header = (this.header = readHeader(payload)),
            limits = this.limits;
        const { width, height, nGaussians: n, channels } = header;
        const refuse = (what, limit) => {
            throw new LimitError(`${what} over the limit of ${limit}`);
        };
        if (width * height > limits.maxPixels)
            refuse(`the canvas of ${width} x ${height} pixels is`, `${limits.maxPixels} pixels`);
        if (n > limits.maxGaussians) refuse(`${n} Gaussians are`, limits.maxGaussians);
        if (n * channels.length > limits.maxValues)
            refuse(`${n * channels.length} colour values are`, limits.maxValues);
        yield { type: "header", header };
    }

    *readLayer(payload, layers) {
        if (layers.number >= (this.options.layers ?? Infinity)) return layers.skip(payload);
        yield this.layer(yield* withPauses(layers.read(payload)));
    }

    layer(arrays) {
        return { type: "layer", arrays, bytes: this.container.offset };
    }
}

const isTruncated = (error) => error instanceof FormatError && error.truncated;

/** Goes through the steps with a pause event at each, and returns what they return. */
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
 * @property {Record<string, any> | null} metadata
 * @property {import("./grain.js").Grain | null} grain  see GrainSampler
 * @property {number} fade  added to the log-weights of the last layer, see levels.js
 */
/**
 * @typedef {import("./arrays.js").Arrays & import("./header.js").Header & DecodedFacts} Decoded  nGaussians:
 *     those that were decoded
 */

/**
 * The Gaussians in the bytes of a .gsimg file, all of it at once. A large file takes long: pages call
 * `loadPicture`.
 *
 * @param {Uint8Array | ArrayBuffer} bytes
 * @param {DecoderOptions & {lod?: number}} [options] lod: the level of detail, 0..1; what lies beyond is
 *     checked and not decoded
 * @returns {Decoded}
 */
export function decode(bytes, options = {}) {
    const data = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes),
        { lod = 1 } = options;
    const level = levelOf(lod, lod < 1 ? countLayers(data, options) : 1);
    const decoder = new Decoder({ ...options, ...(lod < 1 && { layers: level.layers }) });
    decoder.push(data);
    decoder.end();
    const result = /** @type {Decoded} */ (
            /** @type {any} */ ({ metadata: null, grain: null, layers: [], fade: level.fade })
        ),
        parts = [];
    for (const event of decoder.events()) {
        if (event.type === "header") Object.assign(result, event.header);
        else if (event.type === "metadata") result.metadata = event.metadata;
        else if (event.type === "grain") result.grain = event.grain;
        else if (event.type === "layer") {
            parts.push(event.arrays);
            result.layers.push({ n: event.arrays.angle.length, bytes: event.bytes });
        }
    }
    Object.assign(result, joined(parts));
    result.nGaussians = result.angle.length;
    return result;
}

/** What steps return that nobody waits for. */
function finished(steps) {
    for (;;) {
        const { value, done } = steps.next();
        if (done) return value;
    }
}

/** How many layers there are, 1 in files without; checks the frame alone. */
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
