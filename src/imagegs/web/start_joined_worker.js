// How the library in one file starts its worker, in place of start_worker.js: the worker's code is this very
// library, for module.py puts all modules into one function of this name.
/* global library */

/** What may be wrong where a worker does not start and nothing says why. */
export const whyNoWorker = "the page's policy may forbid workers from blob: addresses";

/** @returns {Worker} */
export function startWorker() {
    // @ts-expect-error: the function in which this stands
    const text = `"use strict";\n(${library})().serveWorker(self);`;
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const worker = new Worker(trusted(url));
    URL.revokeObjectURL(url);
    return worker;
}

/** @type {any} */
let policy = null;

/** The address as a page with Trusted Types wants it, if its policy for contents names "imagegs". */
function trusted(url) {
    try {
        policy ??= /** @type {any} */ (globalThis).trustedTypes.createPolicy("imagegs", {
            createScriptURL: (text) => text,
        });
        return policy.createScriptURL(url);
    } catch {
        return url; // most pages have no such thing
    }
}
