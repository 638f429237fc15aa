// The one worker of a page, and messages to and from it. Its code is this very library: module.py puts all
// modules into one function of this name.
/* global library */

import { UnsupportedError, revived } from "./errors.js";

let worker = null;
const listeners = new Map(); // by number of the file
let files = 0;

function start() {
    const text = `"use strict";\n(${library})().serveWorker(self);`;
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    worker = new Worker(trusted(url));
    URL.revokeObjectURL(url);
    worker.onmessage = ({ data }) => listeners.get(data.id)?.(data);
    worker.onerror = (event) => {
        event.preventDefault();
        const reason = event.message || "the page's policy may forbid workers from blob: addresses";
        const error = new UnsupportedError(`the decoder's worker failed: ${reason}`);
        worker = null; // the next file starts another one
        const waiting = [...listeners];
        listeners.clear();
        for (const [id, listener] of waiting) listener({ type: "error", id, error });
    };
}

let policy = null;

/** The address as a page with Trusted Types wants it, if its policy for contents names "imagegs". */
function trusted(url) {
    try {
        policy ??= globalThis.trustedTypes.createPolicy("imagegs", { createScriptURL: (text) => text });
        return policy.createScriptURL(url);
    } catch {
        return url; // most pages have no such thing
    }
}

/**
 * Opens a file in the worker. Returns {post(message), listen(listener), close()}; the listener gets its
 * messages.
 */
export function openInWorker(options) {
    if (!worker) start();
    const id = ++files,
        own = worker;
    const listen = (to) =>
        listeners.set(id, (data) => to(data.error ? { ...data, error: revived(data.error) } : data));
    own.postMessage({ type: "open", id, options });
    return {
        post: (message) => own.postMessage({ ...message, id }),
        listen,
        close() {
            listeners.delete(id);
            own.postMessage({ type: "close", id });
        },
    };
}
