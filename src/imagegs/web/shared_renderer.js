// The one renderer for all elements of a page: browsers allow about 16 contexts, and pages may have more
// pictures.

/** @import { Renderer } from "./renderer.js" */

import { makeRenderer } from "./renderer.js";

/** @typedef {{repaint(): void}} Painter */

/** @type {Promise<Renderer> | null} */
let shared = null;
/** @type {Promise<unknown>} */
let lastDrawing = Promise.resolve(); // settled when all drawings so far are done
/** @type {Set<Painter>} */
const users = new Set();

/**
 * From now on, painter.repaint() is called whenever the card has lost its memory.
 *
 * @param {Painter} painter
 */
export function useRenderer(painter) {
    users.add(painter);
}

/** Ends that. @param {Painter} painter */
export function leaveRenderer(painter) {
    users.delete(painter);
}

/**
 * The renderer, which the first call makes.
 *
 * @param {"webgpu" | "webgl2"} [api] see makeRenderer(); only that of the first call counts
 * @returns {Promise<Renderer>} Rejects with UnsupportedError where there is none.
 */
export function sharedRenderer(api) {
    shared ??= start(api).catch((error) => {
        shared = null;
        throw error;
    });
    return shared;
}

/** @param {"webgpu" | "webgl2"} [api] @returns {Promise<Renderer>} */
async function start(api) {
    const renderer = await makeRenderer(document.createElement("canvas"), { api });
    const repaint = () => users.forEach((painter) => painter.repaint());
    renderer.onrestored = repaint;
    if ("onfailed" in renderer)
        renderer.onfailed = () => {
            shared = null;
            sharedRenderer("webgl2").then(repaint, repaint); // repaint() reports a failure
        };
    return renderer;
}

/**
 * Calls `draw` when the drawings before it are done. Between two drawings the page can do something else.
 *
 * @param {() => Promise<void>} draw
 * @returns {Promise<void>} that of `draw`
 */
export function queueDrawing(draw) {
    const result = lastDrawing.then(draw);
    lastDrawing = result.catch(() => {}).then(nextTask);
    return result;
}

/**
 * Resolves in the next task of the page's event loop. A setTimeout() would take long in a page that is
 * hidden.
 *
 * @returns {Promise<void>}
 */
function nextTask() {
    return new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(port1.close());
        port2.postMessage(null);
    });
}
