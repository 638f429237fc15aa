// The cells of the canvas in which the Gaussians of a layer lie (docs/format.md, section 6, "Positions"): the
// canvas is halved again and again, and the file says how many Gaussians are in the first half.

/** @import { AdaptiveModel } from "./adaptive_model.js" */
/** @import { Check } from "./errors.js" */

import { family } from "./adaptive_model.js";
import { bitLength, floorDivide } from "./lattice.js";

const sliceSize = 256; // splits between two chances to do something else

/** Reads the cells of a layer's Gaussians, in the order in which they come. */
export class CellReader {
    /**
     * @param {AdaptiveModel} model whose stream is the layer's
     * @param {number} columns of cells
     * @param {number} rows
     * @param {Int32Array} before cells (x, y) of the Gaussians of earlier layers, which are sorted in place
     * @param {Check} check
     */
    constructor(model, columns, rows, before, check) {
        this.model = model;
        this.before = before;
        this.check = check;
        this.part = [columns, rows];
        this.cells = new Int32Array(0);
        this.n = 0; // Gaussians in cells so far
        /** @type {Parameters<CellReader["split"]>[]} parts that are not split yet, the next one last */
        this.parts = [];
    }

    /**
     * Finds the cells of n Gaussians. Yields now and then.
     *
     * @param {number} n
     * @returns {Generator<undefined, Int32Array>} (n, 2) column and row of each
     */
    *read(n) {
        this.cells = new Int32Array(2 * n);
        this.n = 0;
        this.parts = [[0, 0, this.part[0], this.part[1], n, 0, this.before.length / 2]];
        for (let part, done = 0; (part = this.parts.pop()); ++done) {
            this.split(...part);
            if (done % sliceSize === 0) yield;
        }
        return this.cells;
    }

    /**
     * Splits a part of the canvas in two.
     *
     * @param {number} left
     * @param {number} top
     * @param {number} right
     * @param {number} bottom
     * @param {number} n Gaussians of the layer in it
     * @param {number} first it has the Gaussians of `before` from this number on
     * @param {number} last and up to this one, which is not in it
     */
    split(left, top, right, bottom, n, first, last) {
        const width = right - left,
            height = bottom - top;
        if (n === 0) return;
        if (width === 1 && height === 1) return this.add(left, top, n);
        const axis = width >= height ? 0 : 1;
        const cut = axis ? top + ((height + 1) >> 1) : left + ((width + 1) >> 1);
        const middle = this.partition(axis, cut, first, last);
        const count = this.count(n, last - first, middle - first, width * height);
        this.parts.push([axis ? left : cut, axis ? cut : top, right, bottom, n - count, middle, last]);
        this.parts.push([left, top, axis ? right : cut, axis ? cut : bottom, count, first, middle]);
    }

    /** Adds n Gaussians in one cell. @param {number} column @param {number} row @param {number} n */
    add(column, row, n) {
        for (let i = 0; i < n; ++i) ((this.cells[2 * this.n] = column), (this.cells[2 * this.n++ + 1] = row));
    }

    /**
     * Sorts the Gaussians of earlier layers in a part: first those before the cut, then the others.
     *
     * @param {0 | 1} axis
     * @param {number} cut
     * @param {number} first
     * @param {number} last
     * @returns {number} where the others start
     */
    partition(axis, cut, first, last) {
        const { before } = this;
        let middle = first;
        for (let i = first; i < last; ++i) {
            if (before[2 * i + axis] >= cut) continue;
            const x = before[2 * i],
                y = before[2 * i + 1];
            ((before[2 * i] = before[2 * middle]), (before[2 * i + 1] = before[2 * middle + 1]));
            ((before[2 * middle] = x), (before[2 * middle++ + 1] = y));
        }
        return middle;
    }

    /**
     * Reads how many Gaussians of a part are in its first half.
     *
     * @param {number} n Gaussians of the layer in the part
     * @param {number} m Gaussians of earlier layers in it
     * @param {number} mFirst Gaussians of earlier layers in the first half
     * @param {number} size cells of the part
     * @returns {number}
     */
    count(n, m, mFirst, size) {
        const f = m ? 1 + Math.floor((4 * mFirst + (m >> 1)) / m) + (m >= 8 ? 5 : 0) : 0;
        const s = Math.min(15, bitLength(size));
        if (n < 8) {
            this.model.enter(family.count + n, f, s);
            return this.model.symbol(n + 1);
        }
        this.model.enter(family.countOfBits + Math.min(15, bitLength(n)), f, s);
        const count = floorDivide(n * (mFirst + 1), m + 2) + this.model.integer();
        this.check(count >= 0 && count <= n, "a part of the canvas holds more Gaussians than the whole");
        return count;
    }
}
