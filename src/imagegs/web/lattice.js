// Chunks LATT and TURN: how fine the numbers of a coded Gaussian are, and the transform of its colours
// (docs/format.md, section 6). Logarithms to base 2 are in sixteenths, log-weights in sixteenths of a nat.

/** @import { Header } from "./header.js" */

import { exp2 } from "./arrays.js";
import { FormatError, require } from "./errors.js";

/** 65536 * 2^(i / 16). */
const sixteenths = [
    65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752, 92682, 96785, 101070, 105545, 110218, 115098,
    120194, 125515,
];
/** By a quarter of the octaves between the two scales: how much finer angles are. */
const elongations = [-64, -24, -8, 2, 9, 16, 21, 26, 31, 35, 39, 43, 48];
/** 16 log2 |cos|, at least -64, in the middle of each of 32 parts of the angles 0..pi. */
const cosines = [
    0, 0, -1, -1, -2, -4, -5, -7, -9, -12, -15, -20, -25, -33, -44, -64, -64, -44, -33, -25, -20, -15, -12,
    -9, -7, -5, -4, -2, -1, -1, 0, 0,
];

/** @param {number} value @param {number} low @param {number} high @returns {number} */
export const clip = (value, low, high) => (value < low ? low : value > high ? high : value);

/**
 * floor(a / b) of whole numbers with |a| + b < 2^53, where a rounded quotient cannot reach the next whole
 * number.
 *
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
export const floorDivide = (a, b) => Math.floor(a / b);

/** a / b, to the nearest whole number; a half is rounded up. @param {number} a @param {number} b */
export const roundDivide = (a, b) => Math.floor((2 * a + b) / (2 * b));

/** The number of binary digits of a whole number below 2^53. @param {number} n @returns {number} */
export function bitLength(n) {
    const high = Math.floor(n / 2 ** 32);
    return high ? 64 - Math.clz32(high) : 32 - Math.clz32(n);
}

/** 2^(exponent / 16) in 1/65536, below 2^37. @param {number} exponent @returns {number} */
export function power(exponent) {
    const x = clip(exponent, -256, 320),
        octave = x >> 4;
    return octave < 0 ? sixteenths[x & 15] >> -octave : sixteenths[x & 15] * 2 ** octave;
}

/**
 * The steps of a file, from its chunk LATT. In the methods l0 and l1 are log2 of the two scales, the larger
 * first, and `nats` is the log-weight.
 */
export class Lattice {
    /** Throws FormatError. @param {Uint8Array} payload @param {Header} header */
    constructor(payload, header) {
        /** @type {(condition: unknown, message: string) => void} */
        const check = (condition, message) => require(condition, `chunk LATT: ${message}`);
        check(header.blend === "softmax", "the paper blend is stored in chunk GAUS");
        check(payload.length === 7, `${payload.length} bytes, 7 are needed`);
        const signed = new Int8Array(payload.buffer, payload.byteOffset, 7);
        this.q = payload[0]; // steps of a scale in an octave
        this.position = signed[1];
        this.angle = signed[2];
        this.weight = signed[3];
        this.color = signed[4];
        this.cell = payload[5];
        check(payload[6] <= 1, `unknown flags ${payload[6]}`);
        this.hasWeights = payload[6] === 1;
        check(this.q >= 1 && this.q <= 64 && this.cell <= 15, "a number is out of its range");
    }

    /** log2 of a scale of so many steps. @param {number} steps @returns {number} */
    log2(steps) {
        return Math.trunc((16 * steps + (this.q >> 1)) / this.q) - 160;
    }

    /** How much finer angles are for this ratio of the two scales. @param {number} ratio steps */
    elongation(ratio) {
        const k = Math.trunc((4 * ratio + (this.q >> 1)) / this.q);
        return k < elongations.length ? elongations[k] : 4 * k;
    }

    /** log2 of the step of a log-weight. @param {number} l0 @param {number} l1 @returns {number} */
    weightStep(l0, l1) {
        return this.weight - ((l0 + l1) >> 2);
    }

    /**
     * How many angles there are.
     *
     * @param {number} l0
     * @param {number} l1
     * @param {number} elongation
     * @param {number} nats
     * @returns {number}
     */
    directions(l0, l1, elongation, nats) {
        const step = this.angle - ((13 * (l0 + l1)) >> 6) - ((30 * nats) >> 8);
        return clip(floorDivide(power(elongation - step), 65536), 1, 65536);
    }

    /**
     * The number of binary digits of the place in the cell, [x, y].
     *
     * @param {number} l0
     * @param {number} l1
     * @param {number} nats
     * @param {number} a the angle, 0..n - 1
     * @param {number} n how many angles there are
     * @returns {[number, number]}
     */
    placeDigits(l0, l1, nats, a, n) {
        const j = Math.floor(((2 * a + 1) * 16) / n),
            cosine = cosines[j],
            sine = cosines[(j + 16) & 31];
        const along = this.position + ((45 * l0 - 10 * l1) >> 6) - ((11 * nats) >> 8);
        const across = this.position + ((48 * l1 - 13 * l0) >> 6) - ((11 * nats) >> 8);
        /** @param {number} finest */
        const digits = (finest) => clip((16 * this.cell + finest + 8) >> 4, 0, 20);
        return [
            digits(Math.max(cosine - along, sine - across)),
            digits(Math.max(sine - along, cosine - across)),
        ];
    }

    /** log2 of the step of a colour. @param {number} l0 @param {number} l1 @param {number} nats */
    colorStep(l0, l1, nats) {
        return this.color - ((28 * (l0 + l1)) >> 6) - ((59 * nats) >> 8);
    }
}

/** @typedef {(colors: Float64Array) => void} ColorTransform  changes the C colours of a Gaussian in place */

/**
 * The transform from stored colours to the colours of the channels. Throws FormatError.
 *
 * @param {Uint8Array | null} payload of chunk TURN; null for a file without
 * @param {number} channels
 * @returns {ColorTransform}
 */
export function colorTransform(payload, channels) {
    if (!payload) return channels === 3 || channels === 4 ? defaultTransform : () => {};
    const size = channels * (channels + 1);
    if (payload.length !== size)
        throw new FormatError(`chunk TURN: ${payload.length} bytes, ${size} are needed`);
    const numbers = new Int8Array(payload.slice().buffer); // the file's bytes may move
    const scales = Array.from(numbers.subarray(0, channels), (e) => exp2(e / 16));
    const stored = new Float64Array(channels);
    return (c) => {
        stored.set(c);
        for (let k = 0; k < channels; ++k) {
            let sum = 0;
            for (let j = 0; j < channels; ++j) sum += stored[j] * numbers[channels * (k + 1) + j];
            c[k] = (sum * scales[k]) / 127;
        }
    };
}

/** Of the first three channels; an alpha is stored as it is. @type {ColorTransform} */
function defaultTransform(c) {
    const c0 = c[0] / Math.sqrt(3),
        c1 = c[1] / Math.sqrt(2),
        c2 = c[2] / Math.sqrt(6);
    c[0] = c0 + c1 + c2;
    c[1] = c0 - 2 * c2;
    c[2] = c0 - c1 + c2;
}
