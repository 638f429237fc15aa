// One value of an <image-gs>' src, from the moment that it is set.

export class SourceRequest {
    url = ""; // absolute, once the file is asked for
    started = false; // a lazy one waits until it is near the window
    over = false; // there is nothing left to wait for
    /** @type {any} */
    failure = null;
    #control = new AbortController();
    #settle = /** @type {PromiseWithResolvers<void>} */ ({});

    constructor() {
        /** A promise of the picture in full. */
        this.done = new Promise((resolve, reject) => Object.assign(this.#settle, { resolve, reject }));
        this.done.catch(() => {}); // who waits for it is told
    }

    /** Ends the transfer when it is aborted. */
    get signal() {
        return this.#control.signal;
    }

    succeed() {
        this.over = true;
        this.#settle.resolve();
    }

    fail(error) {
        this.over = true;
        this.failure = error;
        this.#control.abort(error);
        this.#settle.reject(error);
    }

    /** Resolves as `done`, but rejects as img.decode() does, whatever went wrong: that is its `cause`. */
    async decoded() {
        try {
            await this.done;
            if (this.failure) throw this.failure; // of a later painting
        } catch (error) {
            throw encodingError(error);
        }
    }
}

/** What decode() rejects with. */
export function encodingError(cause) {
    return Object.assign(new DOMException(cause.message, "EncodingError"), { cause });
}
