// What exponents are computed from: the Gaussians in their whitened frames, and their copies on a canvas that
// wraps.
//
// A row is what a shader reads, in float32: x, y, w, 1 where the log-weight fades (else 0), ux, uy, vx, vy;
// in the paper blend also the canvas tiles that see the Gaussian: left, right, top, bottom. With (dx, dy)
// from the centre the exponent is w - (ux dx + uy dy)^2 - (vx dx + vy dy)^2.

import { paperRadius, paperTile } from "./constants.js";

export const copiesOfOne = 9; // itself among them, as number 4

/** Numbers in a row. */
export const strideOf = (blend) => (blend === "paper" ? 12 : 8);

/**
 * Rows of the first n Gaussians, none of which fades.
 *
 * @param {import("./arrays.js").Arrays} arrays
 * @param {import("./header.js").Header} header
 * @param {number} n
 * @returns {Float32Array}
 */
export function shapeRows(arrays, header, n) {
    const stride = strideOf(header.blend),
        rows = new Float32Array(n * stride);
    for (let i = 0; i < n; ++i) writeRow(rows, i * stride, arrays, header, i);
    return rows;
}

/**
 * Rows of the first n Gaussians with those marked that fade, and rows of copies behind them. The rows are
 * the given ones where there is nothing to mark or to add.
 *
 * @param {Float32Array} shapes what shapeRows() gave for n Gaussians or more
 * @param {import("./header.js").Header} header
 * @param {{n: number, fadeFrom: number}} extent Gaussians from number fadeFrom on fade
 * @param {Uint32Array} [copies] 9 i + k for copy k of Gaussian i, k = 3 row + column, the one in the middle
 *     itself
 * @returns {Float32Array}
 */
export function sceneRows(shapes, header, { n, fadeFrom }, copies = new Uint32Array(0)) {
    const stride = strideOf(header.blend),
        own = shapes.subarray(0, n * stride);
    if (fadeFrom >= n && !copies.length) return own;
    const rows = new Float32Array((n + copies.length) * stride);
    rows.set(own);
    for (let i = fadeFrom; i < n; ++i) rows[i * stride + 3] = 1;
    copies.forEach((copy, k) => writeCopy(rows, (n + k) * stride, rows, stride, copy, header));
    return rows;
}

/** Writes the row of copy 9 i + k behind rows of Gaussians. */
export function writeCopy(target, at, rows, stride, copy, { width, height }) {
    const owner = Math.floor(copy / copiesOfOne) * stride;
    for (let j = 0; j < stride; ++j) target[at + j] = rows[owner + j];
    target[at] += ((copy % 3) - 1) * width;
    target[at + 1] += (Math.floor((copy % copiesOfOne) / 3) - 1) * height;
}

function writeRow(rows, at, arrays, header, i) {
    const { width, height, blend, wrap } = header;
    const x = arrays.xy[2 * i],
        y = arrays.xy[2 * i + 1],
        s0 = arrays.scale[2 * i],
        s1 = arrays.scale[2 * i + 1];
    const cosine = Math.cos(arrays.angle[i]),
        sine = Math.sin(arrays.angle[i]);
    const u = Math.SQRT1_2 / s0,
        v = Math.SQRT1_2 / s1;
    rows[at] = wrap ? modulo(x, width) : x;
    rows[at + 1] = wrap ? modulo(y, height) : y;
    if (blend !== "paper") rows[at + 2] = arrays.logWeight[i];
    rows[at + 4] = u * cosine;
    rows[at + 5] = u * sine;
    rows[at + 6] = -v * sine;
    rows[at + 7] = v * cosine;
    if (blend === "paper") writeTiles(rows, at + 8, x, y, Math.fround(paperRadius * Math.max(s0, s1)));
}

/** In float32, as the native code does: on a tile's border it matters. */
function writeTiles(rows, at, x, y, radius) {
    const tile = (v) => Math.floor(Math.fround(v) / paperTile);
    rows[at] = tile(x - radius);
    rows[at + 1] = tile(x + radius);
    rows[at + 2] = tile(y - radius);
    rows[at + 3] = tile(y + radius);
}

/** v in 0..side, where both ends are the same place. */
export const modulo = (v, side) => Math.min(Math.max(v - Math.floor(v / side) * side, 0), side);
