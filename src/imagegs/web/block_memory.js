// The memory of a block from layer to layer, or of the canvas of a file without blocks (docs/format.md,
// section 6).

/** @import { Learned } from "./adaptive_model.js" */
/** @import { Rectangle } from "./blocks.js" */

import { ColorGuesses } from "./color_guess.js";
import { floorDivide } from "./lattice.js";

/**
 * @typedef {object} History  of all Gaussians so far: the numbers from which later ones are predicted
 * @property {Int32Array} x        centre, quarters of a pixel
 * @property {Int32Array} y
 * @property {Int16Array} shorter  the smaller scale, steps
 * @property {Int16Array} ratio    the larger scale less the smaller one, steps
 * @property {Int16Array} nats     log-weight, sixteenths of a nat
 * @property {Uint8Array} sector   angle, eighths of pi
 * @property {Float64Array} unit   the step of the colours
 * @property {Int32Array} color    (N, C) colours, in steps
 */
/** @returns {History} with room for n Gaussians @param {number} n @param {number} channels */
const makeHistory = (n, channels) => ({
    x: new Int32Array(n),
    y: new Int32Array(n),
    shorter: new Int16Array(n),
    ratio: new Int16Array(n),
    nats: new Int16Array(n),
    sector: new Uint8Array(n),
    unit: new Float64Array(n),
    color: new Int32Array(n * channels),
});

/** The Gaussians of a block so far, and what was learned from them. Places are from the block's corner on. */
export class BlockMemory {
    /**
     * @param {Rectangle} rectangle of the block
     * @param {number} cell log2 of the side of a cell
     * @param {number} channels
     */
    constructor({ left, top, width, height }, cell, channels) {
        this.width = width;
        this.height = height;
        this.cell = cell;
        this.columns = (width >> cell) + 1; // of cells
        this.rows = (height >> cell) + 1;
        this.firstColumn = left >> cell; // of the canvas' cells
        this.firstRow = top >> cell;
        this.channels = channels;
        this.n = 0; // Gaussians so far
        this.history = makeHistory(0, channels);
        this.guesses = new ColorGuesses(channels);
        /** @type {Learned | null} what the model knows; null where it is new, or has it now */
        this.learned = null;
    }

    /** Makes room in the history. @param {number} n Gaussians */
    grow(n) {
        const larger = makeHistory(n, this.channels);
        for (const name of /** @type {(keyof History)[]} */ (Object.keys(larger)))
            larger[name].set(this.history[name]);
        this.history = larger;
    }

    /** The cells (x, y) of the Gaussians so far, one after the other. */
    cells() {
        const cells = new Int32Array(2 * this.n),
            side = 2 ** (this.cell + 2),
            { x, y } = this.history;
        for (let i = 0; i < this.n; ++i) {
            cells[2 * i] = Math.min(floorDivide(x[i], side), this.columns - 1);
            cells[2 * i + 1] = Math.min(floorDivide(y[i], side), this.rows - 1);
        }
        return cells;
    }
}
