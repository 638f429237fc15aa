// Plans what a view needs of a picture in blocks: which blocks, and how many layers of them.

/** @import { BlockIndex } from "./blocks.js" */
/** @import { Header } from "./header.js" */
/** @import { Limits } from "./limits.js" */
/** @import { Region } from "./tile_lists.js" */
/** @import { View } from "./views.js" */

import { LimitError } from "./errors.js";
import { levelOf } from "./levels.js";
import { canvasOf, contains, within } from "./regions.js";

/** Pixels of the screen that share a Gaussian, at most: more layers are used where there are more. */
export const pixelsPerGaussian = 8;

/**
 * @typedef {object} Detail  how much is wanted; all layers without any
 * @property {number} [lod]          level of detail, 0..1
 * @property {number} [pixelsAcross] width of the output, pixels: as few layers as look alike at that size
 */
/**
 * @typedef {object} ViewPlan
 * @property {Region} region    the part of the canvas that the view shows
 * @property {Map<number, number>} blocks  ascending: those that can matter there, and how many layers of each
 * @property {number} layers    how many at most
 * @property {number} fade      of the last layer, see levelOf()
 */

/**
 * Plans a view. Throws LimitError where it needs too many Gaussians, RangeError for a wrong level.
 *
 * @param {BlockIndex} index
 * @param {Header} header
 * @param {View} view canvas pixels
 * @param {Detail} detail
 * @param {Limits} limits
 * @returns {ViewPlan}
 */
export function planView(index, header, view, { lod = 1, pixelsAcross = Infinity }, limits) {
    const region = regionOf(header, view),
        near = index.near(region, header.wrap),
        level = levelOf(lod, index.layers);
    const enough = layersFor(index, region, view.width, pixelsAcross);
    const layers = withinLimits(index, near, Math.min(enough, level.layers), header, limits);
    if (layers < 1 || (layers < level.layers && pixelsAcross === Infinity))
        throw new LimitError("this part of the picture has too many Gaussians at this level of detail");
    const blocks = new Map([...near].map(([block, own]) => [block, Math.min(own, layers)]));
    return { region, blocks, layers, fade: layers === level.layers ? level.fade : 0 };
}

/**
 * The part of the canvas that a view shows; the nearest point of the canvas where that is nothing.
 *
 * @param {Header} header
 * @param {View} view
 * @returns {Region}
 */
function regionOf(header, view) {
    const canvas = canvasOf(header);
    if (header.wrap && !contains(canvas, view)) return canvas;
    const inside = within(header, view, 0);
    if (inside) return inside;
    const x = Math.min(Math.max(view.x, 0), header.width),
        y = Math.min(Math.max(view.y, 0), header.height);
    return { x, y, width: 0, height: 0 };
}

/**
 * The least number of layers that have a Gaussian for each `pixelsPerGaussian` pixels of the output, or all
 * of them where canvas pixels are as large as the output's, or larger.
 *
 * @param {BlockIndex} index
 * @param {Region} region
 * @param {number} width of the view, canvas pixels
 * @param {number} pixelsAcross
 */
function layersFor(index, region, width, pixelsAcross) {
    const zoom = pixelsAcross / width;
    if (!(zoom < 1)) return index.layers;
    const wanted = (region.width * region.height * zoom * zoom) / pixelsPerGaussian,
        shares = sharesOf(index, region);
    let found = 0;
    for (let layer = 0; layer < index.layers; ++layer) {
        for (const [block, share] of shares) found += share * index.stream(layer, block).n;
        if (found >= wanted) return layer + 1;
    }
    return index.layers;
}

/**
 * The blocks that a region overlaps, and the share of each that is in it.
 *
 * @param {BlockIndex} index
 * @param {Region} region
 * @returns {[number, number][]}
 */
function sharesOf({ grid }, { x, y, width, height }) {
    /** @type {[number, number][]} */
    const shares = [];
    for (let block = 0; block < grid.size; ++block) {
        const own = grid.rectangle(block);
        const across = Math.min(x + width, own.left + own.width) - Math.max(x, own.left);
        const down = Math.min(y + height, own.top + own.height) - Math.max(y, own.top);
        if (across > 0 && down > 0) shares.push([block, (across * down) / (own.width * own.height)]);
    }
    return shares;
}

/**
 * The most layers, `wanted` at most, that the limits allow for these blocks.
 *
 * @param {BlockIndex} index
 * @param {Map<number, number>} blocks how many layers of each can matter
 * @param {number} wanted
 * @param {Header} header
 * @param {Limits} limits
 */
function withinLimits(index, blocks, wanted, { channels }, { maxGaussians, maxValues }) {
    const most = Math.min(maxGaussians, maxValues / channels.length);
    for (let layer = 0, n = 0; layer < wanted; ++layer) {
        for (const [block, own] of blocks) if (layer < own) n += index.stream(layer, block).n;
        if (n > most) return layer;
    }
    return wanted;
}
