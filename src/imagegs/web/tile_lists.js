// Which Gaussians each tile of a grid may be painted with: a quadtree over the tiles, each node of which
// hands its children the Gaussians that can matter in it.

import { mostTiles, mostTilesAcross, samplesOf, tileSamples } from "./constants.js";
import { Culler } from "./culling.js";
import { LimitError } from "./errors.js";
import { copiesOfOne, strideOf, writeCopy } from "./shapes.js";

const slack = 1 / 512; // of a tile's side: what rounding in a shader can take a point beyond a border
const mostWork = 2 ** 28; // candidates that are looked at: some seconds
const partSize = 2048; // Gaussians whose copies are looked at together
const small = 64; // tiles of a node that is done in one go

/** @typedef {{x: number, y: number, width: number, height: number}} Region canvas pixels */
/**
 * @typedef {{x: number, y: number, side: [number, number], columns: number, rows: number}} Grid canvas pixels
 */

/** A grid over a region for pixels of `step` = [x, y] canvas pixels. @returns {Grid} */
export function gridFor(region, step) {
    const sides = step.map((s) => (tileSamples * s) / samplesOf(s)),
        lengths = [region.width, region.height];
    const count = (i) => Math.max(1, Math.ceil(lengths[i] / sides[i]));
    for (let i = 0; i < 2; ++i) sides[i] = Math.max(sides[i], lengths[i] / mostTilesAcross);
    while (count(0) * count(1) > mostTiles)
        sides[0] > sides[1] || count(0) === 1 ? (sides[1] *= 2) : (sides[0] *= 2);
    return { x: region.x, y: region.y, side: sides, columns: count(0), rows: count(1) };
}

/**
 * Makes the lists of a grid; yields now and then, and returns {tiles, ids}: tile t, row by row, sees the ids
 * from tiles[2 t], tiles[2 t + 1] of them, ascending. Throws LimitError beyond `maxIds`, or for too much
 * work.
 *
 * @param {Float32Array} rows see shapes.js
 * @param {import("./header.js").Header} header
 * @param {Grid} grid
 */
export function* listTiles(rows, header, grid, maxIds) {
    const culler = new Culler(rows, header),
        count = rows.length / culler.stride;
    const tiles = new Uint32Array(2 * grid.columns * grid.rows),
        levels = [];
    let ids = new Uint32Array(1024),
        n = 0,
        work = 0;

    function room(depth, size) {
        if (!(levels[depth]?.length >= size)) levels[depth] = new Uint32Array(size + (size >> 2));
        return levels[depth];
    }
    function keep(x0, y0, list, length) {
        if (n + length > maxIds)
            throw new LimitError("the Gaussians overlap so much that their lists are too long");
        if (n + length > ids.length) {
            const larger = new Uint32Array(Math.min(maxIds, Math.max(n + length, 2 * ids.length)));
            larger.set(ids);
            ids = larger;
        }
        for (let i = 0; i < length; ++i) ids[n + i] = list[i];
        const t = 2 * (y0 * grid.columns + x0);
        ((tiles[t] = n), (tiles[t + 1] = length));
        n += length;
    }
    function cullInto(depth, [x0, y0, x1, y1], list, length) {
        if ((work += length) > mostWork)
            throw new LimitError("the Gaussians overlap so much that listing them is too much work");
        const [w, h] = grid.side;
        const left = grid.x + (x0 - slack) * w,
            right = grid.x + (x1 + slack) * w;
        const top = grid.y + (y0 - slack) * h,
            bottom = grid.y + (y1 + slack) * h;
        return culler.cull({ left, top, right, bottom }, list, length, room(depth, length));
    }
    function descend(node, list, length, depth) {
        const [x0, y0, x1, y1] = node;
        if (x1 - x0 === 1 && y1 - y0 === 1) return keep(x0, y0, list, length);
        for (const part of quarters(node)) {
            const kept = cullInto(depth, part, list, length);
            descend(part, levels[depth], kept, depth + 1);
        }
    }
    function* descendSlowly(node, list, length, depth) {
        const [x0, y0, x1, y1] = node;
        if ((x1 - x0) * (y1 - y0) <= small) return descend(node, list, length, depth);
        for (const part of quarters(node)) {
            yield;
            const kept = cullInto(depth, part, list, length);
            yield* descendSlowly(part, levels[depth], kept, depth + 1);
        }
    }
    const all = Uint32Array.from({ length: count }, (_, i) => i),
        root = /** @type {Node} */ ([0, 0, grid.columns, grid.rows]);
    const kept = cullInto(0, root, all, count);
    yield* descendSlowly(root, levels[0], kept, 1);
    return { tiles, ids: ids.slice(0, n) };
}

/** @typedef {[number, number, number, number]} Node  left, top, right, bottom: tiles */

/** The parts of a node with each side halved that is longer than a tile. @param {Node} node */
function quarters([x0, y0, x1, y1]) {
    const mx = (x0 + x1 + 1) >> 1,
        my = (y0 + y1 + 1) >> 1;
    /** @type {Node[]} */
    const parts = [
        [x0, y0, mx, my],
        [mx, y0, x1, my],
        [x0, my, mx, y1],
        [mx, my, x1, y1],
    ];
    return parts.filter(([left, top, right, bottom]) => left < right && top < bottom);
}

/**
 * Those copies of the Gaussians that can matter on the canvas, for sceneRows(); none unless it wraps. They
 * are looked at in parts: too few bounds keep more copies than there must be, never fewer.
 *
 * @param {Float32Array} rows of the Gaussians themselves, those marked that fade
 * @param {import("./header.js").Header} header
 * @returns {Uint32Array}
 */
export function seenCopies(rows, header) {
    const seen = [];
    if (!header.wrap) return new Uint32Array(0);
    const stride = strideOf(header.blend),
        n = rows.length / stride;
    const canvas = { left: 0, top: 0, right: header.width, bottom: header.height };
    const part = new Float32Array(copiesOfOne * partSize * stride),
        kept = new Uint32Array(copiesOfOne * partSize);
    const culler = new Culler(part, header),
        ids = kept.map((_, i) => i);
    for (let first = 0; first < n; first += partSize) {
        const count = copiesOfOne * Math.min(partSize, n - first),
            from = copiesOfOne * first;
        for (let k = 0; k < count; ++k) writeCopy(part, k * stride, rows, stride, from + k, header);
        const found = culler.cull(canvas, ids, count, kept);
        for (let k = 0; k < found; ++k) if (kept[k] % copiesOfOne !== 4) seen.push(from + kept[k]);
    }
    return Uint32Array.from(seen);
}
