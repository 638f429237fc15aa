// Views of a scene: the uniforms for the shaders, in WebGL2 as in WebGPU.
//
// Points are given relative to the view's corner. The corner is given as a float32 and the rest that this
// float32 lacks. Differences of nearby float32 are exact, so a view may be as small as one likes.

/** @import { Filtered } from "./constants.js" */
/** @import { Grid } from "./tile_lists.js" */

import { samplesOf } from "./constants.js";
import { UnsupportedError } from "./errors.js";
import { modulo } from "./shapes.js";

const workOfDraw = 2 ** 29; // candidates of one draw call; between calls the card can do other work
const mostWork = 2 ** 34; // candidates of a picture: more would keep the card busy for too long

export const largestSide = 8192; // of an output, pixels

/**
 * @typedef {{x: number, y: number, width: number, height: number}} View  a part of the canvas, canvas pixels
 */
/** @typedef {{width: number, height: number}} Size  of the output, pixels */
/** @typedef {"vec2f" | "vec2i" | "f32" | "i32" | "bool"} UniformType  as in WGSL */
/** @typedef {number | boolean | number[]} UniformValue  a pair as an array */
/**
 * @typedef {object} SceneUniforms  see `uniformTypes`
 * @property {[number, number]} canvas
 * @property {number} fade
 * @property {number} channels
 * @property {boolean} wraps
 * @property {boolean} unitLength
 * @property {[number, number]} grainCells
 */
/** @typedef {"tiles" | "ids" | "shapes" | "colors" | "grain"} UploadName */
/**
 * @template Upload
 * @typedef {object} SceneOf              what Painting gives to a renderer
 * @property {"paper" | "softmax"} blend
 * @property {Record<UploadName, Upload>} uploads  what `upload` of the renderer returned
 * @property {Grid} grid
 * @property {Uint32Array} tiles          see listTiles()
 * @property {SceneUniforms} uniforms
 */
/** @typedef {SceneOf<unknown>} Scene */
/**
 * @typedef {{filtered?: Filtered}} DrawOptions  true by default
 */
/**
 * @typedef {{uniforms: Record<string, UniformValue>, rows: number}} Plan  rows: of the output that are drawn
 *     at once
 */

/**
 * The types of all uniforms. Lengths are in canvas pixels unless a comment says otherwise.
 *
 * @satisfies {Record<string, UniformType>}
 */
export const uniformTypes = /** @type {const} */ ({
    canvas: "vec2f",
    corner: "vec2f", // of the view
    rest: "vec2f", // what the float32 of the corner lacks
    pixelSize: "vec2f", // of the output
    canvasStart: "vec2f", // from the view's corner
    canvasEnd: "vec2f",
    fromGrid: "vec2f", // to the view's corner
    tileSide: "vec2f",
    gridSize: "vec2i", // tiles
    samples: "vec2i", // of a pixel, across and down
    grainCells: "vec2i", // columns and rows; 0 without grain
    fade: "f32", // nats
    channels: "i32", // of the map that is shown
    wraps: "bool",
    unitLength: "bool",
});

/**
 * How a view is drawn. Throws UnsupportedError where that is too much work, RangeError beyond `mostSide`
 * pixels.
 *
 * @param {Scene} scene
 * @param {View} view
 * @param {Size} size
 * @param {number} mostSide
 * @param {Filtered} filtered
 * @returns {Plan}
 */
export function planOf(scene, view, size, mostSide, filtered) {
    if (!(size.width <= mostSide && size.height <= mostSide))
        throw new RangeError(`at most ${mostSide} pixels a side can be painted at once`);
    /** @type {[number, number]} */
    const step = [view.width / size.width, view.height / size.height];
    const samples = step.map((s) => samplesOf(s, filtered));
    const cost = rowCost(scene, view, size) * samples[0] * samples[1];
    if (cost * size.height > mostWork)
        throw new UnsupportedError("the Gaussians overlap too much to be painted here");
    const uniforms = { ...scene.uniforms, ...viewUniforms(scene, view, step), samples };
    return { uniforms, rows: Math.max(1, Math.floor(workOfDraw / Math.max(cost, 1))) };
}

/** Throws RangeError where a canvas is smaller than the output. @param {Size} canvas @param {Size} size */
export function requireRoom(canvas, size) {
    if (!(size.width <= canvas.width && size.height <= canvas.height))
        throw new RangeError(`the canvas has ${canvas.width} x ${canvas.height} pixels, too few to draw`);
}

/**
 * Gives a canvas a new drawing buffer. When Chromium's process for the graphics card has ended and the
 * context is restored, Chromium shows nothing of the canvas until its size changes.
 *
 * @param {Size} canvas
 */
export function renewDrawingBuffer(canvas) {
    canvas.width += 1;
    canvas.width -= 1;
}

/**
 * The mean number of candidates of a row of pixels, with one sample for each pixel.
 *
 * @param {Scene} scene
 * @param {View} view
 * @param {Size} size
 */
function rowCost({ grid, tiles }, view, size) {
    /** @param {number} x */
    const column = (x) => Math.min(Math.max(Math.floor((x - grid.x) / grid.side[0]), 0), grid.columns - 1);
    /** @param {number} y */
    const row = (y) => Math.min(Math.max(Math.floor((y - grid.y) / grid.side[1]), 0), grid.rows - 1);
    const left = column(view.x),
        right = column(view.x + view.width),
        top = row(view.y),
        bottom = row(view.y + view.height);
    let sum = 0;
    for (let y = top; y <= bottom; ++y)
        for (let x = left; x <= right; ++x) sum += tiles[2 * (y * grid.columns + x) + 1];
    return (sum / ((right - left + 1) * (bottom - top + 1))) * size.width;
}

/** @param {Scene} scene @param {View} view @param {number[]} step size of a pixel, canvas pixels */
function viewUniforms({ grid, uniforms }, view, step) {
    const [width, height] = uniforms.canvas;
    const [x, y] = uniforms.wraps ? [modulo(view.x, width), modulo(view.y, height)] : [view.x, view.y];
    const corner = [Math.fround(x), Math.fround(y)];
    return {
        corner,
        rest: [x - corner[0], y - corner[1]],
        pixelSize: step,
        canvasStart: [-x, -y],
        canvasEnd: [width - x, height - y],
        fromGrid: [x - grid.x, y - grid.y],
        tileSide: grid.side,
        gridSize: [grid.columns, grid.rows],
    };
}
