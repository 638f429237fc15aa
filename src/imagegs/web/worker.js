// The side of the worker: it decodes files and makes lists of tiles. Each job gets a slice of time after the
// other, so that no file keeps others waiting.

/** @import { Arrays } from "./arrays.js" */
/** @import { DecoderEvent, DecoderOptions, LayerEvent } from "./decoder.js" */
/** @import { PlainError } from "./errors.js" */
/** @import { Header } from "./header.js" */
/** @import { Extent } from "./shapes.js" */
/** @import { Grid, TileLists } from "./tile_lists.js" */

import { chained } from "./arrays.js";
import { Decoder } from "./decoder.js";
import { plainError } from "./errors.js";
import { sceneRows, shapeRows } from "./shapes.js";
import { listTiles, seenCopies } from "./tile_lists.js";

const slice = 12; // milliseconds

/** @typedef {{extent: Extent, grid: Grid, maxIds: number}} ListsWanted */
/** @typedef {{type: "bytes", bytes: Uint8Array}} BytesRequest  the next bytes of the file */
/** @typedef {{type: "end"}} EndRequest  no more bytes will come */
/** @typedef {{type: "close"}} CloseRequest  forget the file */
/** @typedef {{type: "lists", request: number} & ListsWanted} ListsRequest */
/** @typedef {BytesRequest | EndRequest | CloseRequest | ListsRequest} FileRequest */
/** @typedef {{type: "open", id: number, options: DecoderOptions}} OpenRequest */
/** @typedef {OpenRequest | (FileRequest & {id: number})} Request  id: the number of the file */

/** @typedef {TileLists & {copies: Uint32Array}} Lists  copies: see sceneRows() */
/** @typedef {{type: "done"}} DoneAnswer  the whole file is decoded */
/** @typedef {Lists & {type: "lists", request: number}} ListsAnswer */
/**
 * @template [Kind=PlainError]
 * @typedef {{type: "error", request?: number, error: Kind}} ErrorAnswer  request: of the lists; without it
 *     the file has failed
 */
/** @typedef {Exclude<DecoderEvent, {type: "pause" | "more"}>} FileEvent */
/**
 * @template [Kind=PlainError]
 * @typedef {(FileEvent | DoneAnswer | ListsAnswer | ErrorAnswer<Kind>) & {id: number}} Answer
 */

/**
 * @typedef {object} Scope  of a worker
 * @property {(message: Answer, transfer?: Transferable[]) => void} postMessage
 * @property {((event: MessageEvent<Request>) => void) | null} onmessage
 */

/** @typedef {Generator<DecoderEvent, void>} DecodingSteps */
/** @typedef {Generator<undefined, Lists>} ListSteps */
/**
 * @typedef {object} OpenFile
 * @property {Decoder} decoder
 * @property {Float32Array[]} shapes  rows of the layers, see shapeRows()
 * @property {(Extent & {copies: Uint32Array, rows: Float32Array}) | null} scene  of the lists that were made
 *     last
 * @property {DecodingJob | null} waiting  the job that goes on when more bytes come
 */
/** @typedef {{id: number, steps: DecodingSteps, request?: undefined}} DecodingJob */
/** @typedef {{id: number, steps: ListSteps, request: number}} ListJob */
/** @typedef {DecodingJob | ListJob} Job  id: of the file */

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
        if (data.type === "open") return openFile(data.id, data.options);
        const file = files.get(data.id);
        if (file) serve(file, data);
    };

    /** @param {OpenFile} file @param {FileRequest & {id: number}} request */
    function serve(file, request) {
        const { id } = request;
        if (request.type === "close") files.delete(id);
        else if (request.type === "lists")
            start({ id, steps: makeLists(file, request), request: request.request });
        else {
            if (request.type === "bytes") attempt({ id }, () => file.decoder.push(request.bytes));
            else file.decoder.end();
            if (file.waiting) start(file.waiting);
            file.waiting = null;
        }
    }

    /** @param {number} id @param {DecoderOptions} options */
    function openFile(id, options) {
        const decoder = new Decoder(options);
        files.set(id, { decoder, shapes: [], scene: null, waiting: null });
        start({ id, steps: decoder.events() });
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
                attempt(job, () => (job.request === undefined ? decodeStep(job) : listStep(job))) ?? false;
        if (again) jobs.push(job);
        if (jobs.length) channel.port2.postMessage(null);
    }

    /** Makes one step of lists. @param {ListJob} job @returns {boolean} whether there is more to do */
    function listStep({ id, steps, request }) {
        const step = steps.next();
        if (!step.done) return true;
        const { tiles, ids } = step.value;
        const transfer = /** @type {ArrayBuffer[]} */ ([tiles.buffer, ids.buffer]);
        scope.postMessage({ ...step.value, type: "lists", id, request }, transfer);
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
        if (event.type === "more") file.waiting = job;
        else if (event.type === "layer") handOver(id, file, event);
        else if (event.type !== "pause") scope.postMessage({ ...event, id });
        return event.type !== "more";
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
 * Makes the lists of a grid. The file remembers the rows and copies of an extent, for other grids of the same
 * Gaussians.
 *
 * @param {OpenFile} file
 * @param {ListsWanted} wanted
 * @returns {ListSteps}
 */
function* makeLists(file, { extent, grid, maxIds }) {
    const header = /** @type {Header} */ (file.decoder.header);
    let { scene } = file;
    if (scene?.n !== extent.n || scene.fadeFrom !== extent.fadeFrom) {
        if (file.shapes.length > 1) file.shapes = [chained(file.shapes)];
        const copies = seenCopies(sceneRows(file.shapes[0], header, extent), header);
        scene = { ...extent, copies, rows: sceneRows(file.shapes[0], header, extent, copies) };
        file.scene = scene;
        yield;
    }
    const { tiles, ids } = yield* listTiles(scene.rows, header, grid, maxIds);
    return { tiles, ids, copies: scene.copies };
}
