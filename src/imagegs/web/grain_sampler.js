// The grain of a file in integers (docs/format.md, section 12); grain_shaders.js is the same for cards.

/** @import { Grain } from "./grain.js" */

import { samplesOf } from "./constants.js";
import { grainDeviations, grainFactor, largestGrainStep } from "./grain.js";

/**
 * @typedef {object} GrainedPicture  of a Picture what grain depends on
 * @property {number} width          of the canvas, pixels
 * @property {number} height
 * @property {boolean} wrap
 * @property {Grain} grain
 */

/** The grain of a picture, without a graphics card. */
export class GrainSampler {
    /**
     * @param {GrainedPicture} picture
     * @param {object} [options]
     * @param {number} [options.strength] 0 to 2, a factor on what the file tells; else RangeError
     */
    constructor({ width, height, wrap, grain }, { strength = 1 } = {}) {
        this.sides = [width, height];
        this.wraps = wrap;
        this.cells = [grain.columns, grain.rows];
        this.deviations = grainDeviations(grain, grainFactor(strength));
    }

    /**
     * Of a canvas pixel, in 1/65536 of a sample's full range: whole numbers x and y, which may lie beyond the
     * canvas.
     *
     * @param {number} x
     * @param {number} y
     */
    at(x, y) {
        return (this.noise(x, y) * this.strength(x, y) + 128) >> 8;
    }

    /**
     * Of a pixel of the whole canvas painted in another size: the mean over the pixel, as decoders filter it.
     *
     * @param {number} x     column
     * @param {number} y     row
     * @param {{width: number, height: number}} size of the painted canvas
     * @param {boolean} [filtered]
     */
    ofPixel(x, y, { width, height }, filtered = true) {
        const steps = [this.sides[0] / width, this.sides[1] / height];
        if (Math.max(...steps) > largestGrainStep) return 0;
        const [q, r] = steps.map((step) => (filtered ? samplesOf(step) : 1));
        let sum = 0;
        for (let j = 0; j < r; ++j)
            for (let i = 0; i < q; ++i)
                sum += this.atPlace(
                    placeOf(q * x + i, this.sides[0], q * width),
                    placeOf(r * y + j, this.sides[1], r * height),
                );
        return Math.floor((sum + 2 ** 15 * q * r) / (2 ** 16 * q * r));
    }

    /**
     * Interpolated at places as placeOf() gives them, times 2^16.
     *
     * @param {number} p
     * @param {number} o
     */
    atPlace(p, o) {
        const i = p >> 8,
            f = p & 255,
            j = o >> 8,
            g = o & 255;
        const row = (/** @type {number} */ y) => (256 - f) * this.at(i, y) + f * this.at(i + 1, y);
        return (256 - g) * row(j) + g * row(j + 1);
    }

    /** Of the deviation 256. @param {number} x @param {number} y */
    noise(x, y) {
        let sum = 0;
        for (let b = -1; b <= 1; ++b)
            for (let a = -1; a <= 1; ++a) sum += (a ? 1 : 4) * (b ? 1 : 4) * this.number(x + a, y + b);
        return (197 * sum + 1024) >> 11;
    }

    /** The sum of four random bytes, without the mean. @param {number} x @param {number} y */
    number(x, y) {
        const [width, height] = this.sides;
        if (this.wraps) [x, y] = [modulo(x, width), modulo(y, height)];
        let v = Math.imul(x, 0x9e3779b1) + Math.imul(y, 0x85ebca77);
        v = Math.imul(v ^ (v >>> 16), 0x7feb352d);
        v = Math.imul(v ^ (v >>> 15), 0x846ca68b);
        v ^= v >>> 16;
        return (v & 255) + ((v >>> 8) & 255) + ((v >>> 16) & 255) + (v >>> 24) - 510;
    }

    /** The deviation of the grain at a canvas pixel. @param {number} x @param {number} y */
    strength(x, y) {
        const [columns, rows] = this.cells,
            u = Math.floor(((2 * x + 1) * columns * 128) / this.sides[0]) - 128,
            v = Math.floor(((2 * y + 1) * rows * 128) / this.sides[1]) - 128;
        const [i, j, f, g] = [u >> 8, v >> 8, u & 255, v & 255];
        const row = (/** @type {number} */ k) =>
            (256 - f) * this.deviation(i, k) + f * this.deviation(i + 1, k);
        return ((256 - g) * row(j) + g * row(j + 1) + 2 ** 15) >> 16;
    }

    /** @param {number} i column of a cell, which may lie beyond the grid @param {number} j */
    deviation(i, j) {
        const [columns, rows] = this.cells;
        const on = this.wraps
            ? modulo
            : (/** @type {number} */ k, /** @type {number} */ n) => Math.min(Math.max(k, 0), n - 1);
        return this.deviations[on(j, rows) * columns + on(i, columns)];
    }
}

/**
 * Of sample k of n that a side of the canvas has, in 1/256 pixels from the middle of the first.
 *
 * @param {number} k
 * @param {number} side
 * @param {number} n
 */
const placeOf = (k, side, n) => Math.floor(((2 * k + 1) * side * 128) / n) - 128;

/** @param {number} k @param {number} n */
const modulo = (k, n) => ((k % n) + n) % n;
