// How the package starts its worker: from the module decoder_worker.js.

import { workerFromText } from "./blob_worker.js";

/** What may be wrong where a worker does not start and nothing says why. */
export const whyNoWorker =
    "decoder_worker.js may be missing beside the library, or the page's policy may forbid it";

/** @returns {Worker} */
export function startWorker() {
    return isFromAnotherOrigin() ? startForeignWorker() : startModule();
}

/** Bundlers look for this expression, and put the address of their own file into it. */
const startModule = () => new Worker(new URL("./decoder_worker.js", import.meta.url), { type: "module" });

/** Whether this module was loaded from another origin than the page's, such as a CDN. */
function isFromAnotherOrigin() {
    const { protocol, origin } = new URL(import.meta.url); // webpack puts in a file: address
    return /^https?:$/.test(protocol) && origin !== globalThis.origin;
}

/** Browsers refuse a worker of another origin, but a worker of the page's origin may import its modules. */
function startForeignWorker() {
    const { url, options } = recordedWorker(startModule),
        address = JSON.stringify(String(url));
    const text = options?.type === "module" ? `import ${address};` : `importScripts(${address});`;
    return workerFromText(text, options);
}

/** @typedef {{url: string | URL, options?: WorkerOptions}} WorkerArguments */

/**
 * What `start` would make a worker from. No worker is made: another class stands in for Worker during the
 * call, because only the expression in `start` has the address that a bundler chose.
 *
 * @param {() => Worker} start
 * @returns {WorkerArguments}
 */
function recordedWorker(start) {
    const { Worker } = globalThis;
    class Recorder {
        /** @param {string | URL} url @param {WorkerOptions} [options] */
        constructor(url, options) {
            this.url = url;
            this.options = options;
        }
    }
    try {
        globalThis.Worker = /** @type {typeof Worker} */ (/** @type {unknown} */ (Recorder));
        return /** @type {WorkerArguments} */ (/** @type {unknown} */ (start()));
    } finally {
        globalThis.Worker = Worker;
    }
}
