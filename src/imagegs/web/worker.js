// The side of the worker: it decodes files and makes lists of tiles. Each job gets a slice of time after the
// other, so that no file keeps others waiting.

/** @import { Arrays } from "./arrays.js" */
/** @import { DecoderEvent, DecoderOptions, LayerEvent } from "./decoder.js" */
/** @import { PlainError } from "./errors.js" */
/** @import { Header } from "./header.js" */
/** @import { Extent } from "./shapes.js" */
/** @import { DecodedStream, Stream } from "./streams.js" */
/** @import { Grid, TileLists } from "./tile_lists.js" */

import { chained } from "./arrays.js";
import { Decoder } from "./decoder.js";
import { plainError } from "./errors.js";
import { sceneRows, shapeRows } from "./shapes.js";
import { decodeStreams } from "./streams.js";
import { listTiles, seenCopies } from "./tile_lists.js";

const slice = 12; // milliseconds

/**
 * @typedef {{extent: Extent, grid: Grid, maxIds: number, rows?: Float32Array}} ListsWanted  rows: see
 *     shapeRows(), of the Gaussians to list; without them those of the file so far
 */
/** @typedef {{type: "bytes", bytes: Uint8Array}} BytesRequest  the next bytes of the file */
/** @typedef {{type: "end"}} EndRequest  no more bytes will come */
/** @typedef {{type: "close"}} CloseRequest  forget the file */
/** @typedef {{type: "lists", request: number} & ListsWanted} ListsRequest */
/**
 * @typedef {{type: "streams", request: number, streams: Stream[]}} StreamsRequest  of a file in parts: answer
 *     it before the next one is posted
 */
/** @typedef {{type: "forget", blocks: number[]}} ForgetRequest  their first layers may be decoded again */
/** @typedef {ListsRequest | StreamsRequest} Question  is answered */
/** @typedef {BytesRequest | EndRequest | CloseRequest | ForgetRequest | Question} FileRequest */
/** @typedef {{type: "open", id: number, options: DecoderOptions, inParts: boolean}} OpenRequest */
/** @typedef {OpenRequest | (FileRequest & {id: number})} Request  id: the number of the file */

/** @typedef {TileLists & {copies: Uint32Array}} Lists  copies: see sceneRows() */
/** @typedef {{type: "done"}} DoneAnswer  the whole file is decoded */
/**
 * @typedef {{type: "more", size: number, lacking: number}} MoreAnswer  size: bytes that have come; lacking:
 *     so many, or more, are needed to go on
 */
/** @typedef {Lists & {type: "lists", request: number}} ListsAnswer */
/** @typedef {{type: "streams", request: number, decoded: DecodedStream[]}} StreamsAnswer */
/** @typedef {ListsAnswer | StreamsAnswer} QuestionAnswer */
/**
 * @template [Kind=PlainError]
 * @typedef {{type: "error", request?: number, error: Kind}} ErrorAnswer  request: the question's number;
 *     without it the file has failed
 */
/** @typedef {Exclude<DecoderEvent, {type: "pause" | "more"}>} FileEvent */
/**
 * @template [Kind=PlainError]
 * @typedef {(FileEvent | MoreAnswer | DoneAnswer | QuestionAnswer | ErrorAnswer<Kind>) & {id: number}} Answer
 */

/**
 * @typedef {object} Scope  of a worker
 * @property {(message: Answer, transfer?: Transferable[]) => void} postMessage
 * @property {((event: MessageEvent<Request>) => void) | null} onmessage
 */

/** @typedef {Generator<DecoderEvent, void>} DecodingSteps */
/**
 * @template Result
 * @typedef {Generator<undefined, Result>} Steps
 */
/** @typedef {{answer: QuestionAnswer, transfer: ArrayBuffer[]}} Made  transfer: what is handed over */
/** @typedef {{copies: Uint32Array, rows: Float32Array}} SceneRows  see sceneRows() */
/**
 * @typedef {object} OpenFile
 * @property {Decoder} decoder
 * @property {boolean} inParts        whether its streams are decoded one by one
 * @property {Float32Array[]} shapes  rows of the layers, see shapeRows()
 * @property {(Extent & SceneRows) | null} scene  of the lists that were made last
 * @property {DecodingJob | null} waiting  the job that goes on when more bytes come
 */
/** @typedef {{id: number, steps: DecodingSteps, request?: undefined}} DecodingJob */
/** @typedef {{id: number, steps: Steps<Made>, request: number}} AnsweringJob */
/** @typedef {DecodingJob | AnsweringJob} Job  id: of the file */

/**
 * Serves the thread at the other end of a scope: gets its requests and posts answers.
 *
 * @param {Scope} scope
 */
export function serveWorker(scope) {
    /** @type {Map<number, OpenFile>} */
    const files = new Map(); // by number
    /** @type {Job[]} */
    const jobs = []; // they take turns, the first one now
    const channel = new MessageChannel(); // its messages come sooner than setTimeout() calls
    channel.port1.onmessage = runSlice;

    scope.onmessage = ({ data }) => {
        if (data.type === "open") return openFile(data);
        const file = files.get(data.id);
        if (file) serve(file, data);
    };

    /** @param {OpenFile} file @param {FileRequest & {id: number}} request */
    function serve(file, request) {
        const { id } = request;
        if (request.type === "close") files.delete(id);
        else if (request.type === "lists" || request.type === "streams")
            start({ id, steps: answering(file, request), request: request.request });
        else if (request.type === "forget")
            for (const block of request.blocks) file.decoder.layers?.forget(block);
        else {
            if (request.type === "bytes") attempt({ id }, () => file.decoder.push(request.bytes));
            else file.decoder.end();
            if (file.waiting) start(file.waiting);
            file.waiting = null;
        }
    }

    /** @param {OpenRequest} request */
    function openFile({ id, options, inParts }) {
        const decoder = new Decoder(options);
        files.set(id, { decoder, inParts, shapes: [], scene: null, waiting: null });
        start({ id, steps: inParts ? decoder.headEvents() : decoder.events() });
    }

    /** Adds a job to those that take turns. @param {Job} job */
    function start(job) {
        if (jobs.push(job) === 1) channel.port2.postMessage(null);
    }

    /** Goes on with the first job for a slice of time. */
    function runSlice() {
        const job = /** @type {Job} */ (jobs.shift()),
            end = performance.now() + slice;
        let again = files.has(job.id);
        while (again && performance.now() < end)
            again =
                attempt(job, () => (job.request === undefined ? decodeStep(job) : answerStep(job))) ?? false;
        if (again) jobs.push(job);
        if (jobs.length) channel.port2.postMessage(null);
    }

    /** Makes a step of an answer. @param {AnsweringJob} job @returns {boolean} whether there is more to do */
    function answerStep({ id, steps }) {
        const step = steps.next();
        if (!step.done) return true;
        const { answer, transfer } = step.value;
        scope.postMessage({ ...answer, id }, transfer);
        return false;
    }

    /**
     * Makes one step of decoding.
     *
     * @param {DecodingJob} job
     * @returns {boolean} whether there is more to do now
     */
    function decodeStep(job) {
        const { id, steps } = job,
            file = /** @type {OpenFile} */ (files.get(id)),
            step = steps.next();
        if (step.done) {
            scope.postMessage({ type: "done", id });
            return false;
        }
        const event = step.value;
        if (event.type === "more") wait(file, job);
        else if (event.type === "layer") handOver(id, file, event);
        else if (event.type !== "pause") scope.postMessage({ ...event, id });
        return event.type !== "more";
    }

    /** Lets a job wait for more bytes. @param {OpenFile} file @param {DecodingJob} job */
    function wait(file, job) {
        file.waiting = job;
        const { size, lacking } = file.decoder.container;
        if (file.inParts) scope.postMessage({ type: "more", size, lacking, id: job.id });
    }

    /**
     * Posts a layer. Its arrays belong to the other thread from then on; the rows for the lists stay here.
     *
     * @param {number} id
     * @param {OpenFile} file
     * @param {LayerEvent} layer
     */
    function handOver(id, file, layer) {
        const { arrays } = layer,
            header = /** @type {Header} */ (file.decoder.header);
        file.shapes.push(shapeRows(arrays, header, arrays.angle.length));
        scope.postMessage({ ...layer, id }, buffersOf(arrays));
    }

    /**
     * Does something for a job. An error is posted; then the result is undefined.
     *
     * @template Result
     * @param {{id: number, request?: number}} job
     * @param {() => Result} action
     * @returns {Result | undefined}
     */
    function attempt({ id, request }, action) {
        try {
            return action();
        } catch (error) {
            scope.postMessage({ type: "error", id, request, error: plainError(error) });
            if (request === undefined) files.delete(id); // a damaged file is not decoded any further
        }
    }
}

/** @param {Arrays} arrays */
const buffersOf = (arrays) => Object.values(arrays).map((array) => /** @type {ArrayBuffer} */ (array.buffer));

/**
 * Answers a question about a file. Yields now and then.
 *
 * @param {OpenFile} file
 * @param {Question} question
 * @returns {Steps<Made>}
 */
function* answering(file, question) {
    const { type, request } = question;
    if (type === "lists") {
        const lists = yield* makeLists(file, question);
        const transfer = [lists.tiles, lists.ids].map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer));
        return { answer: { ...lists, type, request }, transfer };
    }
    const decoded = yield* decodeStreams(file.decoder, question.streams);
    const transfer = decoded.flatMap(({ arrays }) => (arrays ? buffersOf(arrays) : []));
    return { answer: { type, request, decoded }, transfer };
}

/**
 * Makes the lists of a grid.
 *
 * @param {OpenFile} file
 * @param {ListsWanted} wanted
 * @returns {Steps<Lists>}
 */
function* makeLists(file, { extent, grid, maxIds, rows }) {
    const header = /** @type {Header} */ (file.decoder.header);
    const scene = rows ? sceneOf(rows, header, extent) : yield* sceneOfFile(file, header, extent);
    const { tiles, ids } = yield* listTiles(scene.rows, header, grid, maxIds);
    return { tiles, ids, copies: scene.copies };
}

/**
 * The rows and copies of an extent of the file, which remembers them for other grids.
 *
 * @param {OpenFile} file
 * @param {Header} header
 * @param {Extent} extent
 * @returns {Steps<SceneRows>}
 */
function* sceneOfFile(file, header, extent) {
    const { scene } = file;
    if (scene && scene.n === extent.n && scene.fadeFrom === extent.fadeFrom) return scene;
    if (file.shapes.length > 1) file.shapes = [chained(file.shapes)];
    file.scene = { ...extent, ...sceneOf(file.shapes[0], header, extent) };
    yield;
    return file.scene;
}

/** @param {Float32Array} shapes @param {Header} header @param {Extent} extent @returns {SceneRows} */
function sceneOf(shapes, header, extent) {
    const copies = seenCopies(sceneRows(shapes, header, extent), header);
    return { copies, rows: sceneRows(shapes, header, extent, copies) };
}
