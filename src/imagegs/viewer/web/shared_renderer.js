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

/** Lets `draw` run when those before it have, and the page has had a chance to do something else. */
export function inTurn(draw) {
    turn = turn.then(draw, draw);
    const result = turn;
    turn = turn.catch(() => {}).then(() => new Promise((resolve) => setTimeout(resolve)));
    return result;
}
