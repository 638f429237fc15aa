// A guess of a channel's next colour, between the channel's running mean and the colour of the neighbours
// (docs/format.md, section 6, "Guesses").

import { bitLength } from "./lattice.js";

const guesses = 5;

/** The guesses of one channel. Its colours are whole numbers below 2^34. */
export class ColorGuess {
    constructor() {
        this.usual = 0; // the running mean
        this.seen = 0; // colours in that mean, at most 64
        this.costs = new Int32Array(guesses); // how far off each guess has been, in bits
        this.values = new Float64Array(guesses);
    }

    /**
     * The guess that has cost least so far.
     *
     * @param {number} around the mean colour of the neighbours
     * @returns {number}
     */
    best(around) {
        let least = 0;
        for (let k = 0; k < guesses; ++k) {
            this.values[k] = this.usual + Math.floor(((around - this.usual) * k) / 4);
            if (this.costs[k] < this.costs[least]) least = k;
        }
        return this.values[least];
    }

    /**
     * Takes note of the colour that came.
     *
     * @param {number} value
     * @param {number} unit the step that the colour was rounded to
     */
    learn(value, unit) {
        for (let k = 0; k < guesses; ++k) {
            const off = Math.abs(value - this.values[k]) + unit,
                digits = bitLength(off);
            const cost = 16 * digits + Math.floor((off * 32) / 2 ** digits);
            this.costs[k] += (1024 * cost - this.costs[k]) >> 8;
        }
        this.seen = Math.min(this.seen + 1, 64);
        this.usual += Math.trunc((value - this.usual) / this.seen);
    }
}
