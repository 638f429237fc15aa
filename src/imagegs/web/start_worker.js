// How the package starts its worker: from a module beside this one, in the form that bundlers know.

/** What may be wrong where a worker does not start and nothing says why. */
export const whyNoWorker =
    "decoder_worker.js may be missing beside the library, or the page's policy may forbid it";

/** @returns {Worker} */
export function startWorker() {
    return new Worker(new URL("./decoder_worker.js", import.meta.url), { type: "module" });
}
