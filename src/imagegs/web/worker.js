// The other thread: decodes files and makes lists of tiles, a slice of time each, so that no file keeps
// others waiting.

import { joined } from "./arrays.js";
import { Decoder } from "./decoder.js";
import { plainError } from "./errors.js";
import { shapeRows } from "./shapes.js";
import { listTiles, seenCopies } from "./tile_lists.js";

const slice = 12; // milliseconds

/** Serves one thread that posts messages and gets ours. @param {DedicatedWorkerGlobalScope} scope */
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
            if (type === "bytes") attempt({ id }, () => file.decoder.push(data.bytes));
            if (type === "end") file.decoder.end();
            if (file.waiting) start(file.waiting);
            file.waiting = null;
        }
    };

    function openFile(id, options) {
        const decoder = new Decoder(options),
            file = { decoder, parts: [], scene: null };
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
        else if (value.type !== "pause") scope.postMessage({ ...value, id });
        if (value?.type === "layer") file.parts.push(value.arrays);
        return !done && value.type !== "more";
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
        file.parts = [joined(file.parts)];
        const copies = seenCopies(file.parts[0], header, extent);
        file.scene = { ...extent, copies, rows: shapeRows(file.parts[0], header, extent, copies) };
        yield;
    }
    const { tiles, ids } = yield* listTiles(file.scene.rows, header, grid, maxIds);
    return { tiles, ids, copies: file.scene.copies };
}
