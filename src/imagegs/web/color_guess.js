// Guesses of the channels' next colours, between a channel's running mean and the colour of the neighbours
// (docs/format.md, section 6, "Guesses").

import { bitLength } from "./lattice.js";

const guesses = 5; // of a channel

/** The guesses of all channels. Colours are whole numbers below 2^34. */
export class ColorGuesses {
    /** @param {number} channels */
    constructor(channels) {
        this.usual = new Float64Array(channels); // running means
        this.seen = new Uint8Array(channels); // colours in each mean, at most 64
        this.costs = new Int32Array(channels * guesses); // how far off each guess has been, in bits
        this.values = new Float64Array(guesses); // of the channel that best() was asked for last
    }

    /**
     * The guess that has cost least so far.
     *
     * @param {number} channel
     * @param {number} around the mean colour of the neighbours
     * @returns {number}
     */
    best(channel, around) {
        const usual = this.usual[channel],
            costs = channel * guesses;
        let least = 0;
        for (let k = 0; k < guesses; ++k) {
            this.values[k] = usual + Math.floor(((around - usual) * k) / 4);
            if (this.costs[costs + k] < this.costs[costs + least]) least = k;
        }
        return this.values[least];
    }

    /**
     * Takes note of the colour that came, after best().
     *
     * @param {number} channel
     * @param {number} value
     * @param {number} unit the step that the colour was rounded to
     */
    learn(channel, value, unit) {
        const costs = channel * guesses;
        for (let k = 0; k < guesses; ++k) {
            const off = Math.abs(value - this.values[k]) + unit,
                digits = bitLength(off);
            const cost = 16 * digits + Math.floor((off * 32) / 2 ** digits);
            this.costs[costs + k] += (1024 * cost - this.costs[costs + k]) >> 8;
        }
        this.seen[channel] = Math.min(this.seen[channel] + 1, 64);
        this.usual[channel] += Math.trunc((value - this.usual[channel]) / this.seen[channel]);
    }
}
