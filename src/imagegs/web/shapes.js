// The numbers from which exponents are computed: a row for each Gaussian, and for each copy of a Gaussian on
// a canvas that wraps.
//
// A row is what a shader reads, in float32: the centre x, y; the log-weight w; 1 where w fades, else 0; the
// axes ux, uy, vx, vy of the whitened frame. In the paper blend the canvas tiles that the Gaussian reaches
// follow: left, right, top, bottom. At (dx, dy) from the centre the exponent is w - (ux dx + uy dy)^2 - (vx
// dx + vy dy)^2.

/** @import { Arrays } from "./arrays.js" */
/** @import { Header } from "./header.js" */

/**
 * @typedef {object} Extent  the Gaussians that a level of detail shows
 * @property {number} n         the first n
 * @property {number} fadeFrom  those from this number on fade; n where none does
 */

import { paperRadius, paperTile } from "./constants.js";

export const copiesOfOne = 9; // copies of a Gaussian; number 4 is the Gaussian itself

/** How many numbers a row has. @param {Header["blend"]} blend */
export const strideOf = (blend) => (blend === "paper" ? 12 : 8);

/**
 * Rows of the first n Gaussians, none of which fades.
 *
 * @param {Arrays} arrays
 * @param {Header} header
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
 * Rows of the Gaussians of an extent, with those marked that fade; the rows of copies follow. Where there is
 * nothing to mark or to add, the result shares the memory of `shapes`.
 *
 * @param {Float32Array} shapes from shapeRows(), of n Gaussians or more
 * @param {Header} header
 * @param {Extent} extent
 * @param {Uint32Array} [copies] 9 i + k for copy k of Gaussian i: k = 3 row + column, rows and columns 0..2,
 *     is the place of the copy among 3 x 3 canvases
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

/**
 * Writes the row of a copy.
 *
 * @param {Float32Array} target
 * @param {number} at where in the target
 * @param {Float32Array} rows of the Gaussians themselves
 * @param {number} stride
 * @param {number} copy 9 i + k, see sceneRows()
 * @param {Header} header
 */
export function writeCopy(target, at, rows, stride, copy, { width, height }) {
    const owner = Math.floor(copy / copiesOfOne) * stride;
    for (let j = 0; j < stride; ++j) target[at + j] = rows[owner + j];
    target[at] += ((copy % 3) - 1) * width;
    target[at + 1] += (Math.floor((copy % copiesOfOne) / 3) - 1) * height;
}

/**
 * @param {Float32Array} rows
 * @param {number} at
 * @param {Arrays} arrays
 * @param {Header} header
 * @param {number} i
 */
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

/**
 * Writes the tiles that a Gaussian reaches. The sums are float32, as in the native code: at a tile's border
 * that matters.
 *
 * @param {Float32Array} rows
 * @param {number} at
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function writeTiles(rows, at, x, y, radius) {
    /** @param {number} v */
    const tile = (v) => Math.floor(Math.fround(v) / paperTile);
    rows[at] = tile(x - radius);
    rows[at + 1] = tile(x + radius);
    rows[at + 2] = tile(y - radius);
    rows[at + 3] = tile(y + radius);
}

/** v on a canvas that wraps: in 0..side, whose ends are one place. @param {number} v @param {number} side */
export const modulo = (v, side) => Math.min(Math.max(v - Math.floor(v / side) * side, 0), side);
