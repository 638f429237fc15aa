// What a shader is told about a view of a scene, in WebGL2 as in WebGPU.
//
// Points are given by their way from the view's corner, and the corner as a float32 and what that lacks, so
// that a view may be as small as one likes: differences of float32 close to each other are exact.

import { samplesOf } from "./constants.js";
import { UnsupportedError } from "./errors.js";
import { modulo } from "./shapes.js";

const workOfDraw = 2 ** 29; // candidates that are looked at before the card may do something else
const mostWork = 2 ** 34; // of a picture: more would keep a card from its other duties

export const largestSide = 8192; // of an output, pixels

/** @typedef {{x: number, y: number, width: number, height: number}} View of the canvas, in its pixels */
/** @typedef {{width: number, height: number}} Size of the output, pixels */
/**
 * @typedef {object} Scene                what Painting has to be drawn
 * @property {"paper" | "softmax"} blend
 * @property {object} uploads  {tiles, ids, shapes, colors, grain}: what `upload` of the renderer gave
 * @property {import("./tile_lists.js").Grid} grid
 * @property {Uint32Array} tiles          see listTiles()
 * @property {object} uniforms            those of `uniformTypes` that are not about the view
 */

/** The types of all uniforms, in WGSL; lengths are in canvas pixels where it does not say otherwise. */
export const uniformTypes = {
    canvas: "vec2f",
    corner: "vec2f", // of the view
    rest: "vec2f", // what float32 lacks of that
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
};

/**
 * How a view is drawn: {uniforms, rows: of the output that are drawn at once}. Throws UnsupportedError where
 * that is too much work, RangeError beyond `mostSide` pixels.
 *
 * @param {Scene} scene
 * @param {View} view
 * @param {Size} size
 */
export function planOf(scene, view, size, mostSide, filtered) {
    if (!(size.width <= mostSide && size.height <= mostSide))
        throw new RangeError(`at most ${mostSide} pixels a side can be painted at once`);
    const step = [view.width / size.width, view.height / size.height];
    const samples = step.map((s) => (filtered ? samplesOf(s) : 1));
    const cost = rowCost(scene, view, size) * samples[0] * samples[1];
    if (cost * size.height > mostWork)
        throw new UnsupportedError("the Gaussians overlap too much to be painted here");
    const uniforms = { ...scene.uniforms, ...viewUniforms(scene, view, step), samples };
    return { uniforms, rows: Math.max(1, Math.floor(workOfDraw / Math.max(cost, 1))) };
}

/** Throws RangeError where a canvas is smaller than what is to be drawn into it. */
export function requireRoom(canvas, size) {
    if (!(size.width <= canvas.width && size.height <= canvas.height))
        throw new RangeError(`the canvas has ${canvas.width} x ${canvas.height} pixels, too few to draw`);
}

/**
 * Lets a canvas have new memory. Chromium shows nothing of one whose context has come back behind the end of
 * its process for the card, until its size changes.
 */
export function renew(canvas) {
    canvas.width += 1;
    canvas.width -= 1;
}

/** Candidates of a row of pixels, one sample each, on average. */
function rowCost({ grid, tiles }, view, size) {
    const column = (x) => Math.min(Math.max(Math.floor((x - grid.x) / grid.side[0]), 0), grid.columns - 1);
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
