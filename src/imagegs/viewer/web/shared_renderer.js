// One renderer for all elements of a page: browsers grant some 16 contexts, pages have more pictures.

import { Renderer } from "./renderer.js";

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

/** The renderer; throws UnsupportedError where there is none. */
export function sharedRenderer() {
    if (!shared) {
        shared = new Renderer(document.createElement("canvas"));
        shared.onrestored = () => users.forEach((painter) => painter.repaint());
    }
    return shared;
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
