// The choice between WebGPU and WebGL2.
//
// Renderers of both kinds have
//   api                 "webgpu" or "webgl2"
//   canvas              which `draw` draws into
//   mostSide            the longest side of an output, pixels
//   mostIds             how many ids the lists of a grid may have
//   lost                whether the card has lost its memory: nothing is drawn until `onrestored` is called.
//                       If WebGPU cannot be restored, `onfailed(error)` is called instead.
//   generation          another object after each loss
//   ready(blend)        a promise; after it `draw` can draw that blend
//   canDraw(blend)      whether `draw` can draw that blend now
//   upload(kind, numbers)  copies numbers to the card; UnsupportedError without room
//   free(upload)        frees that memory
//   makeRoom(size)      makes the canvas large enough
//   draw(scene, view, size, {filtered})  draws into the canvas' lower left corner; UnsupportedError for
//                       too much work, RangeError for a size beyond the canvas or `mostSide`
//   check()             a promise; rejects with UnsupportedError if the card refused anything so far
//   finish()            the same, once the card has done all its work
//   read(scene, view, size, {filtered})  a promise of the pixels: straight RGBA, Uint8ClampedArray, the top
//                       row first; null while `lost`
//   release()           frees the context itself

/** @typedef {WebGL2Renderer | WebGPURenderer} Renderer */
/** @typedef {"RGBA32F" | "RG32UI" | "R32UI"} UploadKind  the texel format of the numbers in WebGL2 */
/** @typedef {Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>} UploadNumbers */

import { UnsupportedError } from "./errors.js";
import { WebGL2Renderer } from "./webgl2_renderer.js";
import { WebGPURenderer } from "./webgpu_renderer.js";

/**
 * Makes a renderer on a canvas, which nothing else may draw into from then on.
 *
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {object} [options]
 * @param {"webgpu" | "webgl2"} [options.api] the kind of renderer; without it WebGPU if there is a graphics
 *     card, else WebGL2
 * @returns {Promise<Renderer>} Rejects with UnsupportedError where there is none, RangeError for another
 *     `api`.
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
