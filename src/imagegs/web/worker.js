// The other thread: decodes files and makes lists of tiles, a slice of time each, so that no file keeps
// others waiting.

import { chained } from "./arrays.js";
import { Decoder } from "./decoder.js";
import { plainError } from "./errors.js";
import { sceneRows, shapeRows } from "./shapes.js";
import { listTiles, seenCopies } from "./tile_lists.js";

const slice = 12; // milliseconds

/**
 * @typedef {object} Scope of a worker
 * @property {(message: any, transfer?: Transferable[]) => void} postMessage
 * @property {((event: MessageEvent) => void) | null} onmessage
 */

/** Serves one thread that posts messages and gets ours. @param {Scope} scope */
export function serveWorker(scope) {
    const files = new Map(); // by number
    const jobs = []; // {id, steps, reply}: generators that take turns
    const channel = new MessageChannel(); // faster than setTimeout, which waits
    channel.port1.onmessage = runSlice;

    scope.onmessage = ({ data }) => {
        const { type, id } = data,
            file = files.get(id);
        if (type === "open") openFile(id, data.options);
        else if (!file) return;
        else if (type === "close") files.delete(id);
        else if (type === "lists") start({ id, steps: makeLists(file, data), reply: data.request });
        else {
            if (type === "bytes") attempt({ id, reply: undefined }, () => file.decoder.push(data.bytes));
            if (type === "end") file.decoder.end();
            if (file.waiting) start(file.waiting);
            file.waiting = null;
        }
    };

    function openFile(id, options) {
        const decoder = new Decoder(options),
            file = { decoder, shapes: [], scene: null }; // shapes: rows of the layers, see shapeRows()
        files.set(id, file);
        start({ id, steps: decoder.events() });
    }

    function start(job) {
        if (jobs.push(job) === 1) channel.port2.postMessage(null);
    }

    function runSlice() {
        const job = jobs.shift(),
            end = performance.now() + slice;
        let again = files.has(job.id);
        while (again && performance.now() < end) again = attempt(job, () => step(job));
        if (again) jobs.push(job);
        if (jobs.length) channel.port2.postMessage(null);
    }

    /** Goes on with a job; whether there is more to do. */
    function step({ id, steps, reply }) {
        const { value, done } = steps.next(),
            file = files.get(id);
        if (reply) {
            if (done)
                scope.postMessage({ ...value, type: "lists", id, request: reply }, [
                    value.tiles.buffer,
                    value.ids.buffer,
                ]);
            return !done;
        }
        if (value?.type === "more") file.waiting = { id, steps };
        else if (done) scope.postMessage({ type: "done", id });
        else if (value.type === "layer") handOver(id, file, value);
        else if (value.type !== "pause") scope.postMessage({ ...value, id });
        return !done && value.type !== "more";
    }

    /** Sends a layer, whose arrays are the other thread's from then on; here stay the rows for the lists. */
    function handOver(id, file, layer) {
        const { arrays } = layer;
        file.shapes.push(shapeRows(arrays, file.decoder.header, arrays.angle.length));
        scope.postMessage(
            { ...layer, id },
            Object.values(arrays).map((array) => array.buffer),
        );
    }

    function attempt({ id, reply }, action) {
        try {
            return action();
        } catch (error) {
            scope.postMessage({ type: "error", id, request: reply, error: plainError(error) });
            if (!reply) files.delete(id); // nothing of a damaged file goes on
            return false;
        }
    }
}

/**
 * The lists of a grid; the rows and the copies that they belong to are remembered, for grids of the same
 * Gaussians.
 */
function* makeLists(file, { extent, grid, maxIds }) {
    const { header } = file.decoder;
    if (file.scene?.n !== extent.n || file.scene.fadeFrom !== extent.fadeFrom) {
        if (file.shapes.length > 1) file.shapes = [chained(file.shapes)];
        const copies = seenCopies(sceneRows(file.shapes[0], header, extent), header);
        file.scene = { ...extent, copies, rows: sceneRows(file.shapes[0], header, extent, copies) };
        yield;
    }
    const { tiles, ids } = yield* listTiles(file.scene.rows, header, grid, maxIds);
    return { tiles, ids, copies: file.scene.copies };
}
