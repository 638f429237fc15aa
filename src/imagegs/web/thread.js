// The one worker of a page, and messages to and from it.

import { UnsupportedError, revived } from "./errors.js";
import { startWorker, whyNoWorker } from "./start_worker.js";

/** @type {Worker | null} */
let worker = null;
const listeners = new Map(); // by number of the file
let files = 0;

/** @returns {Worker} */
function start() {
    const started = startWorker();
    started.onmessage = ({ data }) => listeners.get(data.id)?.(data);
    started.onerror = (event) => {
        event.preventDefault();
        const reason = event.message || whyNoWorker;
        const error = new UnsupportedError(`the decoder's worker failed: ${reason}`);
        worker = null; // the next file starts another one
        const waiting = [...listeners];
        listeners.clear();
        for (const [id, listener] of waiting) listener({ type: "error", id, error });
    };
    return started;
}

/**
 * Opens a file in the worker. Returns {post(message, transfer), listen(listener), close()}; the listener gets
 * its messages, the worker the buffers in `transfer`.
 */
export function openInWorker(options) {
    const own = (worker ??= start()),
        id = ++files;
    const listen = (to) =>
        listeners.set(id, (data) => to(data.error ? { ...data, error: revived(data.error) } : data));
    own.postMessage({ type: "open", id, options });
    return {
        post: (message, transfer = []) => own.postMessage({ ...message, id }, transfer),
        listen,
        close() {
            listeners.delete(id);
            own.postMessage({ type: "close", id });
        },
    };
}
