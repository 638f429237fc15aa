// The picture at single points, computed by the CPU in float64: for reading values, and for browsers without
// WebGL.

/** @import { Header } from "./header.js" */

import { cutoff, paperEpsilon, paperTile, topK } from "./constants.js";
import { fadedWeight } from "./levels.js";
import { copiesOfOne, modulo, sceneRows, shapeRows, strideOf } from "./shapes.js";
import { seenCopies } from "./tile_lists.js";

/**
 * @typedef {object} PointSample
 * @property {Float64Array} values   of the channels, not clipped
 * @property {{index: number, share: number}[]} kept  the Gaussians that the point is painted with, the
 *     largest exponent first, and the share of each one's colour
 * @property {number} candidates     Gaussians that were looked at
 * @property {number} multiplyAdds   the work, as `imagegs info` counts it: 8 for each candidate, 12 + C for
 *     each one of those that can be kept, and C
 */
/** @typedef {{id: number, e: number}} Candidate  a row and its exponent at the point */

/** Samples the Gaussians of a picture. */
export class Sampler {
    /**
     * @param {Float32Array} rows see shapes.js
     * @param {Header} header
     * @param {{color: Float32Array}} arrays
     * @param {{n: number, fade: number}} extent how many Gaussians, and what is added to log-weights that
     *     fade
     * @param {Uint32Array} copies see sceneRows()
     */
    constructor(rows, header, arrays, { n, fade }, copies) {
        this.rows = rows;
        this.header = header;
        this.color = arrays.color;
        this.n = n;
        this.fade = fade;
        this.copies = copies;
        this.stride = strideOf(header.blend);
    }

    /** A sampler of the result of decode(). @param {import("./decoder.js").Decoded} decoded */
    static of(decoded) {
        const { nGaussians: n, fade, layers } = decoded,
            extent = { n, fadeFrom: fade ? n - layers[layers.length - 1].n : n };
        const shapes = shapeRows(decoded, decoded, n),
            copies = seenCopies(sceneRows(shapes, decoded, extent), decoded);
        const rows = sceneRows(shapes, decoded, extent, copies);
        return new Sampler(rows, decoded, decoded, { n, fade }, copies);
    }

    /**
     * The picture at a point.
     *
     * @param {number} x canvas pixels
     * @param {number} y
     * @param {ArrayLike<number> | null} [ids] the candidates, ascending; null for all
     * @returns {PointSample}
     */
    at(x, y, ids = null) {
        const { header, stride, n } = this,
            { width, height, wrap } = header;
        const px = wrap ? modulo(x, width) : Math.min(Math.max(x, 0), width);
        const py = wrap ? modulo(y, height) : Math.min(Math.max(y, 0), height);
        const best = /** @type {Candidate[]} */ ([]),
            count = ids ? ids.length : this.rows.length / stride;
        for (let i = 0; i < count; ++i) this.insert(best, ids ? ids[i] : i, px, py);
        const softmax = header.blend === "softmax",
            highest = softmax && best.length ? best[0].e : 0;
        const seen = softmax ? best.filter(({ e }) => e >= highest - cutoff) : best;
        const weights = seen.map(({ e }) => Math.exp(e - highest));
        const total = weights.reduce((a, b) => a + b, softmax ? 0 : paperEpsilon);
        const channels = header.channels.length,
            values = new Float64Array(channels);
        /** @type {PointSample["kept"]} */
        const kept = [];
        seen.forEach(({ id }, k) => {
            const index = id < n ? id : Math.floor(this.copies[id - n] / copiesOfOne),
                share = weights[k] / total;
            for (let c = 0; c < channels; ++c) values[c] += share * this.color[index * channels + c];
            kept.push({ index, share });
        });
        const multiplyAdds = 8 * count + (12 + channels) * Math.min(count, topK) + channels;
        return { values, kept, candidates: count, multiplyAdds };
    }

    /**
     * Inserts a candidate into the best ones so far, which are sorted by exponent, the largest first; of
     * equal exponents the lower id is first.
     *
     * @param {Candidate[]} best
     * @param {number} id
     * @param {number} x
     * @param {number} y
     */
    insert(best, id, x, y) {
        const { rows } = this,
            at = id * this.stride,
            dx = x - rows[at],
            dy = y - rows[at + 1];
        if (this.header.blend === "paper" && !this.sees(at + 8, x, y)) return;
        const u = dx * rows[at + 4] + dy * rows[at + 5],
            v = dx * rows[at + 6] + dy * rows[at + 7];
        const e = (rows[at + 3] ? fadedWeight(rows[at + 2], this.fade) : rows[at + 2]) - (u * u + v * v);
        if (best.length === topK && !(e > best[topK - 1].e)) return;
        let place = best.length;
        while (place > 0 && e > best[place - 1].e) --place;
        best.splice(place, 0, { id, e });
        best.length = Math.min(best.length, topK);
    }

    /**
     * Paper: whether a Gaussian reaches the tile of a point.
     *
     * @param {number} at
     * @param {number} x
     * @param {number} y
     */
    sees(at, x, y) {
        const { rows, header } = this;
        /** @param {number} v @param {number} side */
        const tile = (v, side) => Math.min(Math.floor(v / paperTile), Math.floor((side - 1) / paperTile));
        const column = tile(x, header.width),
            row = tile(y, header.height);
        return rows[at] <= column && column <= rows[at + 1] && rows[at + 2] <= row && row <= rows[at + 3];
    }
}
