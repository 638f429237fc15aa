// The numbers of coded Gaussians (docs/format.md, section 6, "Numbers of a Gaussian").

/** @import { Arrays } from "./arrays.js" */
/** @import { BlockMemory } from "./block_memory.js" */
/** @import { Check } from "./errors.js" */
/** @import { Header } from "./header.js" */
/** @import { Lattice } from "./lattice.js" */
/** @import { RangeDecoder } from "./range_decoder.js" */

import { AdaptiveModel, family } from "./adaptive_model.js";
import { exp2, makeArrays } from "./arrays.js";
import { bitLength, clip, colorTransform, floorDivide, power, roundDivide } from "./lattice.js";
import { Bins } from "./neighbors.js";

const firstColor = 8; // column of the table of integers

/** @typedef {Int32Array | Int16Array | Uint8Array | Float64Array} Numbers */
/**
 * @typedef {object} Coded  the numbers of one Gaussian, as the file has them
 * @property {number} column     of its cell, among those of the canvas
 * @property {number} row
 * @property {number} shorter    see History
 * @property {number} ratio
 * @property {number} weight     log-weight, in steps
 * @property {number} angle      0..directions - 1
 * @property {number} directions how many angles there are
 * @property {number} x          place in the cell
 * @property {number} y
 * @property {[number, number]} digits  binary digits of x and of y
 * @property {number} step       log2 of the step of the colours, sixteenths
 * @property {number} l0         log2 of the larger scale, sixteenths
 * @property {number} l1         log2 of the smaller scale, sixteenths
 */

/** Reads Gaussians, and remembers the numbers from which later ones of their block are predicted. */
export class GaussianReader {
    /** @param {Lattice} lattice @param {Header} header @param {BlockMemory} memory of the first block */
    constructor(lattice, { width, height, channels }, memory) {
        this.lattice = lattice;
        this.width = width; // of the canvas
        this.height = height;
        this.channels = channels.length;
        this.model = new AdaptiveModel(this.channels); // of the current block
        this.memory = memory; // of the current block
        this.transformColors = colorTransform(null, this.channels);
        this.bins = new Bins(0, 0, 0);
        this.found = 0; // how many neighbours this.bins.found has
        this.arrays = makeArrays(0, this.channels);
        /** @type {Check} */
        this.check = () => {};
        this.stored = new Float64Array(this.channels);
    }

    /** Begins a layer. @param {number} n its Gaussians @param {boolean} keepIntegers */
    beginLayer(n, keepIntegers) {
        this.arrays = makeArrays(n, this.channels);
        if (keepIntegers) this.arrays.integers = new Int32Array(n * (firstColor + this.channels));
    }

    /**
     * Begins the stream of a block in a layer.
     *
     * @param {BlockMemory} memory of the block
     * @param {number} n Gaussians in the stream
     * @param {RangeDecoder} stream
     * @param {Check} check
     */
    begin(memory, n, stream, check) {
        if (memory !== this.memory) {
            this.memory.learned = this.model.learned();
            this.model.recall(memory.learned);
            memory.learned = null;
            this.memory = memory;
        }
        this.check = check;
        this.model.stream = stream;
        memory.grow(memory.n + n);
        this.bins = new Bins(memory.width, memory.height, memory.n + n);
        const { x, y } = memory.history;
        for (let i = 0; i < memory.n; ++i) this.bins.add(i, x[i], y[i]);
    }

    /**
     * Reads one Gaussian, in the order of the specification.
     *
     * @param {number} i its number in the layer
     * @param {number} column of its cell, from the block's first one on
     * @param {number} row
     */
    read(i, column, row) {
        const { lattice, memory } = this,
            { history: h, n: id } = memory,
            half = 2 ** (lattice.cell + 1);
        this.found = this.bins.nearest((2 * column + 1) * half, (2 * row + 1) * half, h.x, h.y);
        const { shorter, ratio } = this.readScales(id);
        const l0 = lattice.log2(shorter + ratio),
            l1 = lattice.log2(shorter);
        const weight = this.readWeight(id, l0, l1),
            nats = h.nats[id];
        const directions = lattice.directions(l0, l1, lattice.elongation(ratio), nats);
        const angle = this.readAngle(id, directions, ratio);
        const digits = lattice.placeDigits(l0, l1, nats, angle, directions);
        const x = this.readPlace(h.x, id, column, digits[0]),
            y = this.readPlace(h.y, id, row, digits[1]);
        const step = lattice.colorStep(l0, l1, nats);
        this.readColors(id, step);
        this.bins.add(id, h.x[id], h.y[id]);
        memory.n += 1;
        this.dequantise(i, {
            column: memory.firstColumn + column,
            row: memory.firstRow + row,
            shorter,
            ratio,
            weight,
            angle,
            directions,
            x,
            y,
            digits,
            step,
            l0,
            l1,
        });
    }

    /** The mean over the neighbours; 0 without any. @param {Numbers} values of all Gaussians so far */
    mean(values) {
        let sum = 0;
        for (let k = 0; k < this.found; ++k) sum += values[this.bins.found[k]];
        return this.found ? roundDivide(sum, this.found) : 0;
    }

    /** @param {number} id @returns {{shorter: number, ratio: number}} */
    readScales(id) {
        const {
            model,
            memory: { history: h },
            found,
            lattice: { q },
        } = this;
        let f = 0,
            s = 0,
            expected = 10 * q;
        if (found) {
            let least = Infinity,
                greatest = -Infinity;
            for (let k = 0; k < found; ++k) {
                const steps = h.shorter[this.bins.found[k]];
                ((least = Math.min(least, steps)), (greatest = Math.max(greatest, steps)));
            }
            f = 1 + clip(Math.trunc((2 * (greatest - least)) / q), 0, 14);
            s = Math.min(15, bitLength(this.bins.distances[0]));
            expected = this.mean(h.shorter);
        }
        model.enter(family.shorter, f, s);
        const shorter = expected + model.integer();
        f = clip(Math.trunc((2 * shorter) / q) - 16, 0, 15);
        model.enter(family.ratio, f, clip(Math.trunc((4 * this.mean(h.ratio)) / q), 0, 15));
        const ratio = model.natural();
        this.check(shorter >= 0 && shorter + ratio <= 30 * q, "a number is out of its range");
        h.shorter[id] = shorter;
        h.ratio[id] = ratio;
        return { shorter, ratio };
    }

    /** @param {number} id @param {number} l0 @param {number} l1 @returns {number} */
    readWeight(id, l0, l1) {
        if (!this.lattice.hasWeights) return 0;
        const { model } = this,
            h = this.memory.history;
        const f = clip(Math.trunc((l0 + l1) / 16) + 4, 0, 15),
            s = clip((this.mean(h.nats) >> 4) + 5, 0, 15);
        model.enter(family.weight, f, s);
        const weight = model.integer();
        const nats = floorDivide(weight * power(this.lattice.weightStep(l0, l1)), 4096);
        this.check(Math.abs(nats) <= 2048, "a number is out of its range");
        h.nats[id] = nats;
        return weight;
    }

    /**
     * @param {number} id
     * @param {number} n how many angles there are
     * @param {number} ratio
     * @returns {number}
     */
    readAngle(id, n, ratio) {
        const { model } = this,
            h = this.memory.history;
        if (n < 8) {
            const angle = model.stream.uniform(n);
            h.sector[id] = Math.floor((8 * angle) / n);
            return angle;
        }
        const f = this.found ? 1 + h.sector[this.bins.found[0]] : 0;
        model.enter(family.sector, f, clip(Math.trunc((4 * ratio) / this.lattice.q), 0, 15));
        const sector = model.symbol(8);
        h.sector[id] = sector;
        const a = Math.ceil((sector * n) / 8),
            b = Math.ceil(((sector + 1) * n) / 8);
        return a + model.stream.uniform(b - a);
    }

    /**
     * Reads one coordinate of the place in the cell, and writes where on the canvas that is.
     *
     * @param {Int32Array} places x or y of the history
     * @param {number} id
     * @param {number} cell column or row of the cell
     * @param {number} digits
     * @returns {number}
     */
    readPlace(places, id, cell, digits) {
        const offset = this.model.stream.uniform(2 ** digits);
        const steps = cell * 2 ** (digits + 1) + 2 * offset + 1;
        places[id] = floorDivide(steps * 2 ** (this.lattice.cell + 2), 2 ** (digits + 1));
        return offset;
    }

    /** @param {number} id @param {number} step */
    readColors(id, step) {
        const { model, bins, found, channels } = this,
            { history: h, guesses } = this.memory;
        const unit = Math.max(1, floorDivide(power(step), 16));
        h.unit[id] = unit;
        /** @type {number[]} */
        const shares = []; // of the neighbours: the nearer, the larger
        for (let k = 0; k < found; ++k) {
            const dx = h.x[bins.found[k]] - h.x[id],
                dy = h.y[bins.found[k]] - h.y[id];
            shares.push(Math.max(1, floorDivide(2 ** 20, 16 + dx * dx + dy * dy)));
        }
        const all = shares.reduce((a, b) => a + b, 0),
            s = clip((step >> 4) + 12, 0, 15);
        for (let channel = 0, off = 0; channel < channels; ++channel) {
            let sum = 0,
                least = Infinity,
                greatest = -Infinity;
            for (let k = 0; k < found; ++k) {
                const value = h.color[bins.found[k] * channels + channel] * h.unit[bins.found[k]];
                sum += shares[k] * value;
                ((least = Math.min(least, value)), (greatest = Math.max(greatest, value)));
            }
            const spread = found ? Math.min(6, bitLength(floorDivide(greatest - least, unit))) : 7;
            const around = found ? floorDivide(sum, all) : guesses.usual[channel];
            const expected = roundDivide(guesses.best(channel, around), unit);
            const f = channel ? 4 * Math.min(3, bitLength(Math.abs(off))) + Math.min(3, spread >> 1) : spread;
            model.enter(family.color + channel, f, s);
            off = model.integer();
            const color = expected + off,
                value = color * unit;
            this.check(
                Math.abs(color) < 2 ** 24 && Math.abs(value) < 2 ** 32,
                "a number is out of its range",
            );
            h.color[id * channels + channel] = color;
            guesses.learn(channel, value, unit);
        }
    }

    /** Writes Gaussian i of the layer to the arrays. @param {number} i @param {Coded} g */
    dequantise(i, g) {
        const { arrays, lattice, channels, stored } = this,
            color = this.memory.history.color,
            id = this.memory.n - 1;
        const side = 2 ** lattice.cell;
        /** @type {(cell: number, offset: number, digits: number, most: number) => number} */
        const place = (cell, offset, digits, most) =>
            Math.min((cell + (offset + 0.5) / 2 ** digits) * side, most);
        arrays.xy[2 * i] = place(g.column, g.x, g.digits[0], this.width);
        arrays.xy[2 * i + 1] = place(g.row, g.y, g.digits[1], this.height);
        arrays.scale[2 * i] = exp2((g.shorter + g.ratio) / lattice.q - 10);
        arrays.scale[2 * i + 1] = exp2(g.shorter / lattice.q - 10);
        arrays.angle[i] = ((g.angle + 0.5) * Math.PI) / g.directions;
        if (g.weight)
            arrays.logWeight[i] = clip(g.weight * exp2(lattice.weightStep(g.l0, g.l1) / 16), -128, 128);
        const size = exp2(g.step / 16);
        for (let k = 0; k < channels; ++k) stored[k] = color[id * channels + k] * size;
        this.transformColors(stored);
        for (let k = 0; k < channels; ++k)
            arrays.color[i * channels + k] = clip(stored[k], -(2 ** 20), 2 ** 20);
        const table = arrays.integers;
        if (!table) return;
        const numbers = [g.column, g.row, g.shorter, g.ratio, g.weight, g.angle, g.x, g.y];
        table.set(numbers, i * (firstColor + channels));
        for (let k = 0; k < channels; ++k)
            table[i * (firstColor + channels) + firstColor + k] = color[id * channels + k];
    }
}
