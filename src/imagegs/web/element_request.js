// The request for one value of an <image-gs>' src.

import { asError } from "./errors.js";

/** A request, which begins when src is set. */
export class SourceRequest {
    url = ""; // absolute, from the moment that the file is fetched
    started = false; // the request of a lazy element starts when the element is near the window
    over = false; // the picture is there, or the request has failed
    /** @type {unknown} */
    failure = null; // the reason, once it has failed
    #control = new AbortController();
    #settle = /** @type {PromiseWithResolvers<void>} */ ({});

    constructor() {
        /** Resolves when the picture is there in full. @type {Promise<void>} */
        this.done = new Promise((resolve, reject) => Object.assign(this.#settle, { resolve, reject }));
        this.done.catch(() => {}); // no "unhandled rejection" where nobody waits for it
    }

    /** The signal that ends the transfer. */
    get signal() {
        return this.#control.signal;
    }

    /** The picture is there in full. */
    succeed() {
        this.over = true;
        this.#settle.resolve();
    }

    /** Ends the request. @param {unknown} error */
    fail(error) {
        this.over = true;
        this.failure = error;
        this.#control.abort(error);
        this.#settle.reject(error);
    }

    /**
     * As `done`, but rejects as img.decode() does: with an EncodingError, whose `cause` is what went wrong.
     */
    async decoded() {
        try {
            await this.done;
            if (this.failure) throw this.failure; // a painting failed after that
        } catch (error) {
            throw encodingError(error);
        }
    }
}

/**
 * The error with which decode() rejects.
 *
 * @param {unknown} cause
 * @returns {DOMException & {cause: unknown}}
 */
export function encodingError(cause) {
    return Object.assign(new DOMException(asError(cause).message, "EncodingError"), { cause });
}
