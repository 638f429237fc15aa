// The search for the earlier Gaussians that lie nearest to a place (docs/format.md, section 6, "Numbers of a
// Gaussian").

import { floorDivide } from "./lattice.js";

const remembered = 8, // Gaussians of a bin
    wanted = 4; // neighbours

/** Squares of the canvas, each with the last Gaussians that lie in it. Places are in quarters of a pixel. */
export class Bins {
    /** @param {number} width @param {number} height @param {number} n Gaussians up to the end of the layer */
    constructor(width, height, n) {
        let h = 2;
        while (h < 16 && n * 4 ** h < 4 * width * height) ++h;
        this.side = 2 ** (h + 2);
        this.columns = (width >> h) + 1;
        this.rows = (height >> h) + 1;
        this.ids = new Int32Array(this.columns * this.rows * remembered);
        this.counts = new Int32Array(this.columns * this.rows);
        this.found = new Int32Array(wanted); // ids, the nearest first
        this.distances = new Float64Array(wanted); // squares
    }

    /** Adds a Gaussian. @param {number} id @param {number} x @param {number} y */
    add(id, x, y) {
        const bin = this.row(y) * this.columns + this.column(x);
        this.ids[bin * remembered + (this.counts[bin]++ % remembered)] = id;
    }

    /** The column of the bin with this x. @param {number} x */
    column(x) {
        return Math.min(floorDivide(x, this.side), this.columns - 1);
    }

    /** The row of the bin with this y. @param {number} y */
    row(y) {
        return Math.min(floorDivide(y, this.side), this.rows - 1);
    }

    /**
     * Finds the nearest Gaussians in the bin of a place and the bins around it: fills `found` and
     * `distances`.
     *
     * @param {number} x
     * @param {number} y
     * @param {Int32Array} xs of all Gaussians
     * @param {Int32Array} ys
     * @returns {number} how many were found, at most 4
     */
    nearest(x, y, xs, ys) {
        const column = this.column(x),
            row = this.row(y);
        const right = Math.min(column + 1, this.columns - 1),
            bottom = Math.min(row + 1, this.rows - 1);
        let n = 0;
        for (let r = Math.max(row - 1, 0); r <= bottom; ++r)
            for (let c = Math.max(column - 1, 0); c <= right; ++c) {
                const bin = r * this.columns + c,
                    end = bin * remembered + Math.min(this.counts[bin], remembered);
                for (let i = bin * remembered; i < end; ++i) {
                    const id = this.ids[i];
                    n = this.insert(n, id, (xs[id] - x) ** 2 + (ys[id] - y) ** 2);
                }
            }
        return n;
    }

    /**
     * Inserts a Gaussian into the n found so far, if it is near enough. Of two that are equally near, the one
     * that was decoded later comes first.
     *
     * @param {number} n
     * @param {number} id
     * @param {number} distance
     * @returns {number} how many there are now
     */
    insert(n, id, distance) {
        const { found, distances } = this;
        let at = n;
        while (
            at > 0 &&
            (distance < distances[at - 1] || (distance === distances[at - 1] && id > found[at - 1]))
        )
            --at;
        if (at === wanted) return n;
        const end = Math.min(n, wanted - 1);
        for (let i = end; i > at; --i) ((found[i] = found[i - 1]), (distances[i] = distances[i - 1]));
        found[at] = id;
        distances[at] = distance;
        return Math.min(n + 1, wanted);
    }
}
