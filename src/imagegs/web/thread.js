// The one worker of a page, and messages to and from it.

import { UnsupportedError, revived } from "./errors.js";
import { startWorker, whyNoWorker } from "./start_worker.js";

let worker = null;
const listeners = new Map(); // by number of the file
let files = 0;

function start() {
    worker = startWorker();
    worker.onmessage = ({ data }) => listeners.get(data.id)?.(data);
    worker.onerror = (event) => {
        event.preventDefault();
        const reason = event.message || whyNoWorker;
        const error = new UnsupportedError(`the decoder's worker failed: ${reason}`);
        worker = null; // the next file starts another one
        const waiting = [...listeners];
        listeners.clear();
        for (const [id, listener] of waiting) listener({ type: "error", id, error });
    };
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
