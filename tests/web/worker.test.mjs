// The worker's side of the messages, with a thread that is only played: what it sends is handed over.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { LimitError, Sampler, decode, serveWorker } from "../../src/imagegs/web/imagegs.js";
import { revived } from "../../src/imagegs/web/errors.js";
import { chained } from "../../src/imagegs/web/arrays.js";
import { sceneRows, shapeRows } from "../../src/imagegs/web/shapes.js";
import { listTiles } from "../../src/imagegs/web/tile_lists.js";
import { valid } from "./files.mjs";

// Each worker waits on a channel, which keeps Node alive until it is closed.
const channels = [];
const { MessageChannel } = globalThis;
globalThis.MessageChannel = function recorded() {
    channels.push(new MessageChannel());
    return channels.at(-1);
};
after(() => channels.forEach(({ port1 }) => port1.close()));

/** What the other thread gets, as by postMessage(), and, of the sender's side, what it sent. */
class PlayedThread {
    sent = [];
    received = [];
    #waiting = null;

    constructor() {
        serveWorker(this);
    }

    postMessage(message, transfer = []) {
        this.received.push(structuredClone(message, { transfer }));
        this.sent.push(message);
        this.#waiting?.();
    }

    send(message) {
        this.onmessage({ data: message });
    }

    /** Resolves when another message has come. */
    more() {
        return new Promise((resolve) => (this.#waiting = resolve));
    }

    /** The first message of this type that has come or comes. */
    async first(type) {
        for (;;) {
            const found = this.received.find((message) => message.type === type);
            if (found) return found;
            await this.more();
        }
    }
}

/** Sends a file in pieces; resolves when it is decoded. */
async function opened(bytes, options = {}) {
    const thread = new PlayedThread();
    thread.send({ type: "open", id: 1, options });
    for (let at = 0; at < bytes.length; at += 100)
        thread.send({ type: "bytes", id: 1, bytes: bytes.subarray(at, at + 100) });
    thread.send({ type: "end", id: 1 });
    await thread.first("done");
    return thread;
}

/** Tiles of so many pixels over the canvas. */
const gridOf = ({ width, height }, side) => ({
    x: 0,
    y: 0,
    side: [side, side],
    columns: Math.ceil(width / side),
    rows: Math.ceil(height / side),
});

for (const name of ["coded-four-layers", "coded-wrapping", "fixed-paper"])
    test(`layers of ${name} are handed over, none of their arrays is copied`, async () => {
        const { bytes } = valid(name),
            whole = decode(bytes),
            thread = await opened(bytes);
        const layers = thread.sent.filter(({ type }) => type === "layer");
        assert.equal(layers.length, whole.layers.length);
        for (const { arrays } of layers)
            for (const [name, array] of Object.entries(arrays))
                assert.equal(array.buffer.byteLength, 0, name);
        const received = thread.received.filter(({ type }) => type === "layer");
        for (const field of ["xy", "scale", "angle", "logWeight", "color"])
            assert.deepEqual(chained(received.map(({ arrays }) => arrays[field])), whole[field], field);
    });

/** The lists that a whole file's arrays give. */
function listsOf(decoded, extent, grid) {
    const rows = sceneRows(shapeRows(decoded, decoded, extent.n), decoded, extent);
    const steps = listTiles(rows, decoded, grid, 1e6);
    for (;;) {
        const { value, done } = steps.next();
        if (done) return value;
    }
}

test("lists are made and handed over when the arrays are gone", async () => {
    const { bytes } = valid("coded-four-layers"),
        whole = decode(bytes),
        n = whole.nGaussians,
        thread = await opened(bytes);
    const extent = { n, fadeFrom: n },
        grid = gridOf(whole, 8);
    thread.send({ type: "lists", id: 1, request: 1, extent, grid, maxIds: 1e6 });
    const { ids, tiles, copies } = await thread.first("lists"),
        expected = listsOf(whole, extent, grid);
    assert.deepEqual({ ids, tiles }, expected);
    assert.ok(new Set(ids).size === n, "each Gaussian matters somewhere");
    assert.equal(copies.length, 0);
    const sent = thread.sent.find(({ type }) => type === "lists");
    assert.equal(sent.ids.length + sent.tiles.length, 0);
});

test("lists of a level that fades do not change those of another", async () => {
    const { bytes } = valid("coded-four-layers"),
        whole = decode(bytes),
        thread = await opened(bytes);
    const n = whole.nGaussians,
        fadeFrom = n - whole.layers[3].n;
    const fine = gridOf(whole, 4);
    const ask = (request, extent) =>
        thread.send({ type: "lists", id: 1, request, extent, grid: fine, maxIds: 1e6 });
    ask(1, { n, fadeFrom: n });
    ask(2, { n, fadeFrom });
    ask(3, { n, fadeFrom: n });
    while (thread.received.filter(({ type }) => type === "lists").length < 3) await thread.more();
    const [first, fading, again] = [1, 2, 3].map((number) =>
        thread.received.find(({ request }) => request === number),
    );
    assert.deepEqual(again.ids, first.ids);
    assert.deepEqual(fading.ids, listsOf(whole, { n, fadeFrom }, fine).ids);
});

test("what is wrong with a file is told by name and message", async () => {
    const thread = new PlayedThread();
    thread.send({ type: "open", id: 1, options: { maxBytes: 5 } });
    thread.send({ type: "bytes", id: 1, bytes: new Uint8Array(6) });
    const { error } = await thread.first("error");
    assert.ok(revived(error) instanceof LimitError);
});

test("points are sampled without a card", () => {
    const decoded = decode(valid("coded-four-layers").bytes);
    const { values, kept } = Sampler.of(decoded).at(decoded.width / 2, decoded.height / 2);
    assert.equal(values.length, decoded.channels.length);
    assert.ok(Math.abs(kept.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-12);
});
