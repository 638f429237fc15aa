// Chunks LAYR: Gaussians on a lattice, entropy-coded layer by layer (docs/format.md, section 6).

import { require } from "./errors.js";
import { GaussianReader } from "./gaussian_reader.js";
import { colorTransform, floorDivide } from "./lattice.js";
import { CellReader } from "./positions.js";
import { RangeDecoder } from "./range_decoder.js";

const mostLayers = 64;
const sliceSize = 64; // Gaussians between two chances to do something else

/** @import { Arrays } from "./arrays.js" */
/** @import { Check } from "./errors.js" */

/** Reads the layers of a file one after the other. */
export class LayerReader {
    /** @param {import("./lattice.js").Lattice} lattice @param {import("./header.js").Header} header */
    constructor(lattice, header) {
        const { width, height, nGaussians } = header;
        this.lattice = lattice;
        this.total = nGaussians;
        this.channels = header.channels.length;
        this.columns = (width >> lattice.cell) + 1;
        this.rows = (height >> lattice.cell) + 1;
        this.reader = new GaussianReader(lattice, header);
        this.n = 0; // Gaussians that were decoded or skipped
        this.number = 0; // of the current layer, from 1
        this.keepIntegers = false;
    }

    /** Takes the colour transform from chunk TURN. @param {Uint8Array} payload */
    useColorTransform(payload) {
        this.reader.transformColors = colorTransform(payload, this.channels);
    }

    /** Throws FormatError, with the layer's number, unless the condition holds. @type {Check} */
    check(condition, rule) {
        require(condition, () => `layer ${this.number}: ${typeof rule === "function" ? rule() : rule}`);
    }

    /** Checks the number of Gaussians in the next layer, and returns it. @param {Uint8Array} payload */
    begin(payload) {
        this.number += 1;
        require(this.number <= mostLayers, `${this.number} layers, at most ${mostLayers} are possible`);
        this.check(payload.length >= 4, `${payload.length} bytes, at least 4 are needed`);
        const n = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true),
            left = this.total - this.n;
        this.check(n, "it has no Gaussians");
        this.check(n <= left, `${n} Gaussians, ${left} are left`);
        this.check(n <= payload.length - 4, `${n} Gaussians in ${payload.length - 4} bytes`);
        return n;
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
            { reader } = this,
            stream = new RangeDecoder(payload.subarray(4));
        /** @type {Check} */
        const check = (condition, rule) => this.check(condition, rule);
        reader.begin(n, stream, this.keepIntegers, check);
        yield;
        const cells = yield* new CellReader(
            reader.model,
            this.columns,
            this.rows,
            this.earlierCells(),
            check,
        ).read(n);
        for (let i = 0; i < n; ++i) {
            reader.read(i, cells[2 * i], cells[2 * i + 1]);
            if (i % sliceSize === 0) yield;
        }
        this.n += n;
        this.check(!(yield* stream.hasMore()), "bytes are left over");
        return reader.arrays;
    }

    /** The cells (x, y) of the Gaussians of earlier layers, one after the other. */
    earlierCells() {
        const cells = new Int32Array(2 * this.n),
            side = 2 ** (this.lattice.cell + 2),
            { x, y } = this.reader.history;
        for (let i = 0; i < this.n; ++i) {
            cells[2 * i] = Math.min(floorDivide(x[i], side), this.columns - 1);
            cells[2 * i + 1] = Math.min(floorDivide(y[i], side), this.rows - 1);
        }
        return cells;
    }
}
