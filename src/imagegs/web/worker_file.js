// A file that is open in the worker: what its head tells, and questions to the worker about it.

/** @import { DecoderOptions } from "./decoder.js" */
/** @import { Grain } from "./grain.js" */
/** @import { Header } from "./header.js" */
/** @import { Link, Listener, Received } from "./thread.js" */
/** @import { Stream } from "./streams.js" */
/** @import { Lists, ListsWanted } from "./worker.js" */

import { openInWorker } from "./thread.js";

/** Closes the files that the page has dropped: the worker's memory for them is free then. */
const abandoned = new FinalizationRegistry((/** @type {Link} */ link) => link.close());

/** A listener that keeps the file from being collected. @param {WorkerFile} file @returns {Listener} */
const receiver = (file) => (answer) => file.receive(answer);

/** A listener that does not. @param {WorkerFile} file @returns {Listener} */
function weakReceiver(file) {
    const weak = new WeakRef(file);
    return (answer) => weak.deref()?.receive(answer);
}

/**
 * @typedef {{type: "streams", streams: Stream[]} | ({type: "lists"} & ListsWanted)} WithoutNumber  a question
 *     before it gets its number
 */
/** @typedef {{resolve: (answer: any) => void, reject: (reason: unknown) => void}} Waiting  for an answer */

/** The fields of a Header (see header.js) are set once `header` is. */
export class WorkerFile {
    width = 0;
    height = 0;
    nGaussians = 0;
    /** @type {Header["blend"]} */
    blend = "softmax";
    /** @type {Header["bitDepth"]} */
    bitDepth = 8;
    wrap = false;
    /** @type {string[]} */
    channels = [];

    /**
     * @param {DecoderOptions} options
     * @param {boolean} inParts see openInWorker()
     */
    constructor(options, inParts) {
        /** @type {Header | null} */
        this.header = null;
        /** @type {Record<string, any> | null} */
        this.metadata = null;
        /** @type {Grain | null} */
        this.grain = null;
        this.closed = false;
        /** @type {unknown} */
        this.reason = null; // why, once it is closed
        this.asked = 0; // how many questions there were so far
        /** @type {Map<number, Waiting>} */
        this.questions = new Map(); // those without an answer yet, by number
        this.link = openInWorker(options, inParts);
        this.link.listen(receiver(this)); // the head is to come
        abandoned.register(this, this.link);
    }

    /** Whether nobody waits for the worker, so that the file may be collected. */
    get idle() {
        return !this.questions.size;
    }

    /**
     * Keeps the file from being collected unless it is idle: somebody may wait for the worker who holds
     * nothing but a promise.
     */
    hold() {
        this.link.listen(this.idle ? weakReceiver(this) : receiver(this));
    }

    /**
     * Asks the worker.
     *
     * @param {WithoutNumber} question
     * @param {ArrayBuffer[]} [transfer] buffers that are handed over to the worker
     * @returns {Promise<any>} its answer. Rejects with the worker's error, or with the reason once the file
     *     is closed.
     */
    ask(question, transfer = []) {
        if (this.closed) return Promise.reject(this.reason);
        const request = ++this.asked;
        this.link.post({ ...question, request }, transfer);
        const answer = new Promise((resolve, reject) => this.questions.set(request, { resolve, reject }));
        this.hold();
        return answer;
    }

    /** The lists of a grid. @param {ListsWanted} wanted @returns {Promise<Lists>} */
    async lists(wanted) {
        const { tiles, ids, copies } = await this.ask({ ...wanted, type: "lists" });
        return { tiles, ids, copies };
    }

    /** Who waits for the answer to a question, which is over with that. @param {number} request */
    settled(request) {
        const waiting = /** @type {Waiting} */ (this.questions.get(request));
        this.questions.delete(request);
        this.hold();
        return waiting;
    }

    /** Takes an answer of the worker. @param {Received} answer */
    receive(answer) {
        if (answer.type === "header") {
            this.header = answer.header;
            Object.assign(this, answer.header);
        } else if (answer.type === "metadata") this.metadata = answer.metadata;
        else if (answer.type === "grain") this.grain = answer.grain;
        else if (answer.type === "lists" || answer.type === "streams")
            this.settled(answer.request).resolve(answer);
        else if (answer.type !== "error") return;
        else if (answer.request === undefined) this.close(answer.error);
        else this.settled(answer.request).reject(answer.error);
    }

    /** Forgets the file; promises that are not settled reject with the reason. @param {unknown} [reason] */
    close(reason = closedError()) {
        if (this.closed) return;
        this.closed = true;
        this.reason = reason;
        this.link.close();
        for (const { reject } of this.questions.values()) reject(reason);
        this.questions.clear();
    }
}

/** Promises of a picture that was closed reject with this. */
export const closedError = () => new DOMException("the picture was closed", "AbortError");
