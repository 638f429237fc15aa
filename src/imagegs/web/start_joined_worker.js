// How the library in one file starts its worker, in place of start_worker.js: module.py puts all modules into
// one function named `library`, and the worker runs the text of that function.
/* global library */

import { workerFromText } from "./blob_worker.js";

/** What may be wrong where a worker does not start and nothing says why. */
export const whyNoWorker = "the page's policy may forbid workers from blob: addresses";

/** @returns {Worker} */
export function startWorker() {
    // @ts-expect-error: the function that module.py puts around this one
    return workerFromText(`"use strict";\n(${library})().serveWorker(self);`);
}
