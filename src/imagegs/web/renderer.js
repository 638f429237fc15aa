// The choice between WebGPU and WebGL2.
//
// A renderer, of either kind, has
//   api                 "webgpu" or "webgl2"
//   canvas              what `draw` draws into
//   mostSide, mostIds   pixels of an output's side; length of all lists of a grid
//   lost                the card's memory is gone: nothing is drawn until `onrestored` is called; where
//                       WebGPU knows that it cannot be, `onfailed(error)` is, and the canvas is of no use
//   generation          another object after each loss
//   ready(blend)        a promise: `draw` of that blend can follow
//   canDraw(blend)      whether it can now
//   upload(kind, numbers), free(upload)  of "RGBA32F", "RG32UI" or "R32UI"; UnsupportedError without room
//   makeRoom(size)      makes the canvas large enough
//   draw(scene, view, size, {filtered})  into the canvas' lower left corner; UnsupportedError where that is
//                       too much work, RangeError for a size beyond the canvas or `mostSide`
//   check()             a promise, which UnsupportedError rejects if the card refused something so far
//   finish()            the same, when all is done
//   read(scene, view, size, {filtered})  a promise of straight RGBA, Uint8ClampedArray, the top row first;
//                       of null while `lost`
//   release()           frees the context itself

/** @typedef {WebGL2Renderer | WebGPURenderer} Renderer */

import { UnsupportedError } from "./errors.js";
import { WebGL2Renderer } from "./webgl2_renderer.js";
import { WebGPURenderer } from "./webgpu_renderer.js";

/**
 * A renderer on a canvas, which is its own from then on.
 *
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {object} [options]
 * @param {"webgpu" | "webgl2"} [options.api] that and no other; without it WebGPU on a graphics card, else
 *     WebGL2. Other values are a RangeError.
 * @returns {Promise<Renderer>} Rejects with UnsupportedError where there is none.
 */
export async function makeRenderer(canvas, { api } = {}) {
    if (![undefined, "webgpu", "webgl2"].includes(api)) throw new RangeError(`there is no api ${api}`);
    if (api === "webgpu") return WebGPURenderer.on(canvas);
    if (!api) {
        try {
            return await WebGPURenderer.on(canvas, { software: false });
        } catch (error) {
            if (!(error instanceof UnsupportedError)) throw error;
        }
    }
    return new WebGL2Renderer(canvas);
}
