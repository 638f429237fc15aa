// One renderer for all elements of a page: browsers grant some 16 contexts, pages have more pictures.

import { makeRenderer } from "./renderer.js";

/** @type {Promise<import("./renderer.js").Renderer> | null} */
let shared = null;
let turn = Promise.resolve();
const users = new Set();

/** Calls painter.repaint() whenever the card has lost what was drawn. */
export function useRenderer(painter) {
    users.add(painter);
}

export function leaveRenderer(painter) {
    users.delete(painter);
}

/**
 * A promise of the renderer. Rejects with UnsupportedError where there is none.
 *
 * @param {"webgpu" | "webgl2"} [api] see makeRenderer(); of the first call alone
 */
export function sharedRenderer(api) {
    shared ??= start(api).catch((error) => {
        shared = null;
        throw error;
    });
    return shared;
}

async function start(api) {
    const renderer = await makeRenderer(document.createElement("canvas"), { api });
    const repaint = () => users.forEach((painter) => painter.repaint());
    renderer.onrestored = repaint;
    if ("onfailed" in renderer)
        renderer.onfailed = () => {
            shared = null;
            sharedRenderer("webgl2").then(repaint, repaint); // a failure is each painter's own
        };
    return renderer;
}

/** Calls `draw` when those before it are done, and the page has had a chance to do something else. */
export function inTurn(draw) {
    const result = turn.then(draw);
    turn = result.catch(() => {}).then(breath);
    return result;
}

/** A turn of the page's event loop; setTimeout() would wait for long where the page is not in sight. */
function breath() {
    return new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(port1.close());
        port2.postMessage(null);
    });
}
