// The adaptive model of binary decisions (docs/format.md, section 6): for each decision three counters, in
// three contexts, estimate the probability of a 1; a mixer combines them in the logistic domain. Numbers are
// read as sequences of such decisions.

import { RangeDecoder } from "./range_decoder.js";

/** 4096 / (1 + exp(-x / 256)) at x = -2048, -1920, ..., 2048; in between it is interpolated. */
const points = [
    1, 2, 4, 6, 10, 17, 27, 45, 74, 120, 194, 311, 488, 747, 1102, 1546, 2048, 2550, 2994, 3349, 3608, 3785,
    3902, 3976, 4022, 4051, 4069, 4079, 4086, 4090, 4092, 4094, 4095,
];
const mostStretched = 2047;

/** The probability, in 1/4096, for each x = -2047..2047 of the logistic domain. */
const squashed = new Int16Array(2 * mostStretched + 1).map((_, i) => {
    const x = i - mostStretched + 2048,
        k = x >> 7,
        r = x & 127;
    return (points[k] * (128 - r) + points[k + 1] * r + 64) >> 7;
});

/** The inverse of `squashed`: x for each probability. */
const stretched = new Int16Array(4096);
for (let p = 0, i = 0; p < 4096; ++p) {
    while (i < 2 * mostStretched && squashed[i] < p) ++i;
    stretched[p] = i - mostStretched;
}

const nodes = 64,
    contexts = 16;
const counters = nodes + 2 * contexts * nodes, // of a family: (node), (f, node), (s, node)
    inputs = 3; // of a mixer; a family has one for each node
const firstOne = 32768,
    firstWeight = 20000; // of a mixer
const mostMixed = 2 ** 20; // of a mixer's weight

/**
 * The numbers of the families of decisions. Each family has counters and mixers of its own. A count among n
 * Gaussians, n = 1..7, is of the family `count` + n; one among more of the family `countOfBits` + b, where b
 * = 4..15 is the number of binary digits of n. A colour of channel c is of the family `color` + c.
 */
export const family = {
    count: -1,
    countOfBits: 3,
    shorter: 19,
    ratio: 20,
    weight: 21,
    sector: 22,
    color: 23,
};

/**
 * @typedef {object} Learned  what differs from a new model
 * @property {Uint32Array} places   of the counters that were used
 * @property {Uint16Array} one      of those counters
 * @property {Uint8Array} seen      of those counters
 * @property {Int32Array} weights   of the mixers that were used, see mixersOf()
 */

/** Counters and mixers of all families. The layers of a block share what a model has learned. */
export class AdaptiveModel {
    /** @param {number} channels */
    constructor(channels) {
        const families = family.color + channels;
        this.one = new Int32Array(families * counters).fill(firstOne); // probability of a 1, in 1/65536
        this.seen = new Uint8Array(families * counters);
        this.weights = new Int32Array(families * nodes * inputs).fill(firstWeight); // in 1/65536
        /** @type {number[]} */
        this.used = []; // places of the counters that have seen a decision
        this.stream = new RangeDecoder(new Uint8Array(0)); // of the current layer
        this.base = this.inF = this.inS = this.mixers = 0; // see enter()
    }

    /** The counters and mixers that were used: little memory where these are few. @returns {Learned} */
    learned() {
        const { used } = this;
        return {
            places: new Uint32Array(used),
            one: new Uint16Array(used.map((at) => this.one[at])),
            seen: new Uint8Array(used.map((at) => this.seen[at])),
            weights: new Int32Array(mixersOf(used).map((at) => this.weights[at])),
        };
    }

    /** Goes back to what it had learned; null: to a new model. @param {Learned | null} learned */
    recall(learned) {
        for (const at of this.used) ((this.one[at] = firstOne), (this.seen[at] = 0));
        for (const at of mixersOf(this.used)) this.weights[at] = firstWeight;
        this.used = [];
        if (!learned) return;
        for (const at of learned.places) this.used.push(at);
        this.used.forEach((at, k) => ((this.one[at] = learned.one[k]), (this.seen[at] = learned.seen[k])));
        mixersOf(this.used).forEach((at, k) => (this.weights[at] = learned.weights[k]));
    }

    /**
     * Chooses the counters and mixers of the next number.
     *
     * @param {number} which its family
     * @param {number} f the first context, 0..15
     * @param {number} s the second context, 0..15
     */
    enter(which, f, s) {
        this.base = which * counters;
        this.inF = this.base + (1 + f) * nodes;
        this.inS = this.base + (1 + contexts + s) * nodes;
        this.mixers = which * nodes * inputs;
    }

    /** Reads one decision, 0 or 1. @param {number} node which decision of the number it is, 0..63 */
    decide(node) {
        const { one, weights } = this,
            w = this.mixers + inputs * node;
        const a = this.base + node,
            b = this.inF + node,
            c = this.inS + node;
        const x = stretched[one[a] >> 4],
            y = stretched[one[b] >> 4],
            z = stretched[one[c] >> 4];
        // The sum has up to 33 bits, so it is divided as a float64.
        const sum = Math.floor((weights[w] * x + weights[w + 1] * y + weights[w + 2] * z) / 65536);
        const mixed = sum < -mostStretched ? -mostStretched : sum > mostStretched ? mostStretched : sum;
        const p = squashed[mixed + mostStretched];
        const bit = this.stream.bit(16 * p);
        const error = ((bit << 12) - p) * 10;
        (this.adjust(w, x, error), this.adjust(w + 1, y, error), this.adjust(w + 2, z, error));
        (this.count(a, bit), this.count(b, bit), this.count(c, bit));
        return bit;
    }

    /**
     * Moves a mixer's weight so that the error shrinks.
     *
     * @param {number} w
     * @param {number} x
     * @param {number} error
     */
    adjust(w, x, error) {
        const weight = this.weights[w] + ((x * error + 8192) >> 14);
        this.weights[w] = weight < -mostMixed ? -mostMixed : weight > mostMixed ? mostMixed : weight;
    }

    /** Moves a counter's probability towards a decision. @param {number} at @param {number} bit */
    count(at, bit) {
        const seen = this.seen[at],
            old = this.one[at];
        const one = old + (((bit ? 65535 - old : -old) / (seen + 2)) | 0);
        this.one[at] = one < 32 ? 32 : one > 65503 ? 65503 : one;
        if (seen < 120) this.seen[at] = seen + 1;
        if (seen === 0) this.used.push(at);
    }

    /** Reads one of 0..n - 1. @param {number} n at most 8 */
    symbol(n) {
        let low = 0,
            node = 1;
        while (n > 1) {
            const h = n >> 1,
                bit = this.decide(node);
            if (bit) ((low += h), (n -= h));
            else n = h;
            node = 2 * node + bit;
        }
        return low;
    }

    /** Reads a whole number, 0 or more. */
    natural() {
        return this.decide(0) ? this.magnitude() : 0;
    }

    /** Reads a whole number of any sign. */
    integer() {
        if (!this.decide(0)) return 0;
        return this.decide(1) ? -this.magnitude() : this.magnitude();
    }

    /** Reads a whole number from 1 to 2^24 - 1: how many binary digits it has, then those digits. */
    magnitude() {
        let n = 1,
            value = 1;
        while (n < 24 && this.decide(1 + n)) ++n;
        const capped = Math.min(n, 12);
        for (let digit = 2; digit <= n; ++digit) {
            if (digit === 2) value = 2 * value + this.decide(26 + capped);
            else if (digit === 3) value = 2 * value + this.decide(38 + 2 * capped + (value & 1));
            else value = 2 * value + this.stream.uniform(2);
        }
        return value;
    }
}

/**
 * The places of the weights of the mixers that were used with these counters: a mixer is used whenever the
 * counter of its node is.
 *
 * @param {number[]} places of counters
 * @returns {number[]} `inputs` places for each of the mixers
 */
function mixersOf(places) {
    /** @type {number[]} */
    const found = [];
    for (const at of places) {
        const node = at % counters;
        if (node >= nodes) continue; // the counter is of a context
        const first = (Math.floor(at / counters) * nodes + node) * inputs;
        for (let k = 0; k < inputs; ++k) found.push(first + k);
    }
    return found;
}
