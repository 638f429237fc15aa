// The choice of the Gaussians that can matter in a rectangle of the canvas, as in
// native/render/kernels/cull.h.
//
// Softmax: each Gaussian has a lowest and a highest exponent in the rectangle. A Gaussian matters if its
// highest exponent is within the cutoff of the largest of all lowest ones. In the whitened frame the
// rectangle is a parallelogram: its corner farthest from the origin gives the lowest exponent, its distance
// from the origin the highest one. The bound is widened for rounding, and otherwise exact. For a Gaussian
// that fades by an unknown amount, the highest exponent is that without fading, and the lowest one does not
// count.
//
// Paper: a Gaussian matters if one of its tiles is a tile of the rectangle.

/** @import { Header } from "./header.js" */

import { cutoff, paperTile } from "./constants.js";
import { strideOf } from "./shapes.js";

/** @typedef {{left: number, top: number, right: number, bottom: number}} Rectangle canvas pixels */

/** Chooses among the Gaussians of one picture. */
export class Culler {
    /** @param {Float32Array} rows see shapes.js @param {Header} header */
    constructor(rows, header) {
        this.rows = rows;
        this.stride = strideOf(header.blend);
        this.paper = header.blend === "paper";
        this.lastColumn = Math.floor((header.width - 1) / paperTile);
        this.lastRow = Math.floor((header.height - 1) / paperTile);
        this.near = new Float64Array(0); // see fill()
    }

    /**
     * Writes to `kept` those of the first `count` ids whose Gaussians can matter in the rectangle.
     *
     * @param {Rectangle} rectangle
     * @param {Uint32Array} ids
     * @param {number} count
     * @param {Uint32Array} kept with room for `count` ids
     * @returns {number} how many are kept
     */
    cull(rectangle, ids, count, kept) {
        return this.paper
            ? this.cullPaper(rectangle, ids, count, kept)
            : this.cullSoftmax(rectangle, ids, count, kept);
    }

    /**
     * @param {Rectangle} rectangle
     * @param {Uint32Array} ids
     * @param {number} count
     * @param {Uint32Array} kept
     */
    cullPaper({ left, top, right, bottom }, ids, count, kept) {
        /** @param {number} v @param {number} last */
        const tile = (v, last) => Math.min(Math.max(Math.floor(v / paperTile), 0), last);
        const first = tile(left, this.lastColumn),
            last = tile(right, this.lastColumn),
            { rows } = this;
        const highest = tile(top, this.lastRow),
            lowest = tile(bottom, this.lastRow);
        let n = 0;
        for (let i = 0; i < count; ++i) {
            const at = ids[i] * this.stride + 8;
            const across = rows[at] <= last && rows[at + 1] >= first;
            if (across && rows[at + 2] <= lowest && rows[at + 3] >= highest) kept[n++] = ids[i];
        }
        return n;
    }

    /**
     * @param {Rectangle} rectangle
     * @param {Uint32Array} ids
     * @param {number} count
     * @param {Uint32Array} kept
     */
    cullSoftmax(rectangle, ids, count, kept) {
        if (this.near.length < count) this.near = new Float64Array(2 * count);
        const { near } = this,
            farthest = this.fill(rectangle, ids, count);
        const bound = farthest + cutoff + 0.01 + 1e-5 * Math.abs(farthest);
        let n = 0;
        for (let i = 0; i < count; ++i) if (near[i] <= bound) kept[n++] = ids[i];
        return n;
    }

    /**
     * Fills `near` with the lowest score of each Gaussian in the rectangle; a score is an exponent times -1.
     *
     * @param {Rectangle} rectangle
     * @param {Uint32Array} ids
     * @param {number} count
     * @returns {number} the least of all highest scores
     */
    fill({ left, top, right, bottom }, ids, count) {
        const { rows, near } = this,
            width = right - left,
            height = bottom - top;
        let farthest = Infinity;
        for (let i = 0; i < count; ++i) {
            const at = ids[i] * this.stride,
                w = rows[at + 2];
            const ux = rows[at + 4],
                uy = rows[at + 5],
                vx = rows[at + 6],
                vy = rows[at + 7];
            const x = left - rows[at],
                y = top - rows[at + 1]; // from the centre to the corner
            const au = x * ux + y * uy,
                av = x * vx + y * vy;
            const acrossU = width * ux,
                acrossV = width * vx,
                downU = height * uy,
                downV = height * vy;
            const bu = au + acrossU,
                bv = av + acrossV,
                cu = au + downU,
                cv = av + downV,
                du = bu + downU,
                dv = bv + downV;
            if (!rows[at + 3]) {
                const far =
                    Math.max(au * au + av * av, bu * bu + bv * bv, cu * cu + cv * cv, du * du + dv * dv) - w;
                if (far < farthest) farthest = far;
            }
            if (x <= 0 && y <= 0 && x + width >= 0 && y + height >= 0) near[i] = -w;
            else {
                const across = Math.min(
                    distance(au, av, acrossU, acrossV),
                    distance(cu, cv, acrossU, acrossV),
                );
                const down = Math.min(distance(au, av, downU, downV), distance(bu, bv, downU, downV));
                near[i] = Math.min(across, down) - w;
            }
        }
        return farthest;
    }
}

/**
 * The squared distance of the origin from the segment a + t d, 0 <= t <= 1.
 *
 * @param {number} au
 * @param {number} av
 * @param {number} du
 * @param {number} dv
 * @returns {number}
 */
function distance(au, av, du, dv) {
    let t = -(au * du + av * dv) / (du * du + dv * dv + 1e-30);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    const u = au + t * du,
        v = av + t * dv;
    return u * u + v * v;
}
