// What a channel's next colour is likely to be: between what is usual in the channel and what its neighbours
// have (docs/format.md, section 6, "Guesses").

import { bitLength } from "./lattice.js";

const guesses = 5;

/** Colours here are whole numbers below 2^34, in steps of their own. */
export class ColorGuess {
    constructor() {
        this.usual = 0;
        this.seen = 0;
        this.costs = new Int32Array(guesses);
        this.values = new Float64Array(guesses);
    }

    best(around) {
        let least = 0;
        for (let k = 0; k < guesses; ++k) {
            this.values[k] = this.usual + Math.floor(((around - this.usual) * k) / 4);
            if (this.costs[k] < this.costs[least]) least = k;
        }
        return this.values[least];
    }

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
