// The Gaussians decoded before that lie nearest to a place (docs/format.md, section 6, "Numbers of a
// Gaussian").

import { floorDivide } from "./lattice.js";

const remembered = 8,
    wanted = 4;

/** Bins of the canvas, each with the last Gaussians decoded into it. Places are in quarters of a pixel. */
export class Bins {
    /** For a layer up to whose end there are n Gaussians. */
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

    add(id, x, y) {
        const bin = this.row(y) * this.columns + this.column(x);
        this.ids[bin * remembered + (this.counts[bin]++ % remembered)] = id;
    }

    column(x) {
        return Math.min(floorDivide(x, this.side), this.columns - 1);
    }

    row(y) {
        return Math.min(floorDivide(y, this.side), this.rows - 1);
    }

    /**
     * Fills `found` and `distances` for a place and returns how many there are; xs, ys: places of all
     * Gaussians.
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

    /** Keeps the nearest in order; of equally near ones the later decoded is first. */
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
