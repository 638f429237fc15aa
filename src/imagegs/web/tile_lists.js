// Lists of the Gaussians that each tile of a grid may be painted with. A quadtree over the tiles makes them:
// each node hands on to its children the Gaussians that can matter in it.

/** @import { Filtered } from "./constants.js" */
/** @import { Header } from "./header.js" */

import { mostTiles, mostTilesAcross, samplesOf, tileSamples } from "./constants.js";
import { Culler } from "./culling.js";
import { LimitError } from "./errors.js";
import { copiesOfOne, strideOf, writeCopy } from "./shapes.js";

const slack = 1 / 512; // of a tile's side: rounding in a shader may move a point so far beyond the tile
const mostWork = 2 ** 28; // candidates that are looked at: some seconds
const partSize = 2048; // Gaussians whose copies are looked at together
const small = 64; // tiles of a node below which there is no pause

/** @typedef {{x: number, y: number, width: number, height: number}} Region canvas pixels */
/**
 * @typedef {{x: number, y: number, side: [number, number], columns: number, rows: number}} Grid canvas pixels
 */

/**
 * @typedef {object} TileLists
 * @property {Uint32Array} tiles  tile t, row by row, has tiles[2 t + 1] ids, from ids[tiles[2 t]] on
 * @property {Uint32Array} ids    of rows, ascending within a tile
 */

/**
 * A grid over a region, whose tiles have some 16 x 16 samples.
 *
 * @param {Region} region
 * @param {[number, number]} step width and height of a pixel of the output, canvas pixels
 * @param {Filtered} [filtered]
 * @returns {Grid}
 */
export function gridFor(region, step, filtered = true) {
    const sides = /** @type {[number, number]} */ (
            step.map((s) => (tileSamples * s) / samplesOf(s, filtered))
        ),
        lengths = [region.width, region.height];
    /** @param {number} i */
    const count = (i) => Math.max(1, Math.ceil(lengths[i] / sides[i]));
    for (let i = 0; i < 2; ++i) sides[i] = Math.max(sides[i], lengths[i] / mostTilesAcross);
    while (count(0) * count(1) > mostTiles)
        sides[0] > sides[1] || count(0) === 1 ? (sides[1] *= 2) : (sides[0] *= 2);
    return { x: region.x, y: region.y, side: sides, columns: count(0), rows: count(1) };
}

/**
 * Makes the lists of a grid. Yields now and then. Throws LimitError for more than `maxIds` ids, or too much
 * work.
 *
 * @param {Float32Array} rows see shapes.js
 * @param {Header} header
 * @param {Grid} grid
 * @param {number} maxIds
 * @returns {Generator<undefined, TileLists>}
 */
export function* listTiles(rows, header, grid, maxIds) {
    const culler = new Culler(rows, header),
        count = rows.length / culler.stride;
    const tiles = new Uint32Array(2 * grid.columns * grid.rows);
    /** @type {Uint32Array[]} */
    const levels = []; // by depth in the tree: the ids of the node that is being looked at
    let ids = new Uint32Array(1024),
        n = 0,
        work = 0;

    /** @param {number} depth @param {number} size */
    function room(depth, size) {
        if (!(levels[depth]?.length >= size)) levels[depth] = new Uint32Array(size + (size >> 2));
        return levels[depth];
    }
    /**
     * Adds the list of a tile.
     *
     * @param {number} x0
     * @param {number} y0
     * @param {Uint32Array} list
     * @param {number} length
     */
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
    /** @param {number} depth @param {Node} node @param {Uint32Array} list @param {number} length */
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
    /** @param {Node} node @param {Uint32Array} list @param {number} length @param {number} depth */
    function descend(node, list, length, depth) {
        const [x0, y0, x1, y1] = node;
        if (x1 - x0 === 1 && y1 - y0 === 1) return keep(x0, y0, list, length);
        for (const part of quarters(node)) {
            const kept = cullInto(depth, part, list, length);
            descend(part, levels[depth], kept, depth + 1);
        }
    }
    /**
     * The same with pauses.
     *
     * @param {Node} node
     * @param {Uint32Array} list
     * @param {number} length
     * @param {number} depth
     * @returns {Generator<undefined, void>}
     */
    function* descendWithPauses(node, list, length, depth) {
        const [x0, y0, x1, y1] = node;
        if ((x1 - x0) * (y1 - y0) <= small) return descend(node, list, length, depth);
        for (const part of quarters(node)) {
            yield;
            const kept = cullInto(depth, part, list, length);
            yield* descendWithPauses(part, levels[depth], kept, depth + 1);
        }
    }
    const all = Uint32Array.from({ length: count }, (_, i) => i),
        root = /** @type {Node} */ ([0, 0, grid.columns, grid.rows]);
    const kept = cullInto(0, root, all, count);
    yield* descendWithPauses(root, levels[0], kept, 1);
    return { tiles, ids: ids.slice(0, n) };
}

/** @typedef {[number, number, number, number]} Node  left, top, right, bottom: tiles */

/**
 * The parts of a node: each side that is longer than a tile is halved.
 *
 * @param {Node} node
 * @returns {Node[]}
 */
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
 * The copies of Gaussians that can matter on the canvas; none unless it wraps. They are chosen in parts, each
 * with a bound of its own, which may keep more copies than necessary but never fewer.
 *
 * @param {Float32Array} rows of the Gaussians themselves, with those marked that fade
 * @param {Header} header
 * @returns {Uint32Array} see sceneRows()
 */
export function seenCopies(rows, header) {
    /** @type {number[]} */
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
