// The one worker of a page, and the messages to and from it.

/** @import { DecoderOptions } from "./decoder.js" */
/** @import { Answer, FileRequest } from "./worker.js" */

import { UnsupportedError, revived } from "./errors.js";
import { startWorker, whyNoWorker } from "./start_worker.js";

/** @type {Worker | null} */
let worker = null;
/** @typedef {(answer: Received) => void} Listener */
/** @typedef {Answer<Error>} Received  an answer of the worker, with a real error */

/** @type {Map<number, (answer: Answer | Received) => void>} */
const listeners = new Map(); // by number of the file
let files = 0;

/** Starts the worker. If it fails, every file that is open gets the error. @returns {Worker} */
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
 * @typedef {object} Link  to a file that is open in the worker
 * @property {(request: FileRequest, transfer?: ArrayBuffer[]) => void} post  hands the buffers over to the
 *     worker
 * @property {(to: Listener) => void} listen  makes this the listener of the file
 * @property {() => void} close  forgets the file
 */

/**
 * Opens a file in the worker.
 *
 * @param {DecoderOptions} options
 * @param {boolean} inParts whether only the file's head is read at first, then streams that are asked for
 * @returns {Link}
 */
export function openInWorker(options, inParts) {
    const own = (worker ??= start()),
        id = ++files;
    own.postMessage({ type: "open", id, options, inParts });
    return {
        post: (message, transfer = []) => own.postMessage({ ...message, id }, transfer),
        listen: (to) =>
            listeners.set(id, (answer) =>
                to(answer.type === "error" ? { ...answer, error: revived(answer.error) } : answer),
            ),
        close() {
            listeners.delete(id);
            own.postMessage({ type: "close", id });
        },
    };
}
