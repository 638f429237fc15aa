// Files in blocks that are read in parts: which streams a view needs, where they lie, when they are fetched.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FormatError, LimitError, decode } from "../../src/imagegs/web/imagegs.js";
import { BlockCache } from "../../src/imagegs/web/block_cache.js";
import { BlockGrid, BlockIndex } from "../../src/imagegs/web/blocks.js";
import { samplesOf } from "../../src/imagegs/web/constants.js";
import { Decoder } from "../../src/imagegs/web/decoder.js";
import { FileLayout, layerStarts } from "../../src/imagegs/web/file_layout.js";
import { defaultLimits } from "../../src/imagegs/web/limits.js";
import { StreamLoader } from "../../src/imagegs/web/stream_loader.js";
import { decodeStreams } from "../../src/imagegs/web/streams.js";
import { gridFor } from "../../src/imagegs/web/tile_lists.js";
import { pixelsPerGaussian, planView } from "../../src/imagegs/web/view_plan.js";
import { valid, validNames } from "./files.mjs";

const header = { width: 64, height: 48, wrap: false, channels: ["Y"] };
const grid = new BlockGrid(header, 4); // 4 x 3 blocks

/** An index whose streams have the numbers of Gaussians and of bytes that the functions tell. */
function indexOf(layers, n, bytes = n, reach = () => 0) {
    const table = [];
    for (let layer = 0; layer < layers; ++layer)
        for (let block = 0; block < grid.size; ++block) table.push(n(layer, block), bytes(layer, block), 0);
    const reaches = Uint16Array.from({ length: layers * grid.size }, (_, stream) =>
        reach(Math.floor(stream / grid.size), stream % grid.size),
    );
    return new BlockIndex(grid, layers, Uint32Array.from(table), reaches);
}

/** What a view wants that needs the same number of layers of some blocks. */
const layersOf = (layers, blocks) => ({ blocks: new Map(blocks.map((block) => [block, layers])), layers });

/** Reads the head of a file; its decoder and its last event. */
function headOf(bytes, size = bytes.length) {
    const decoder = new Decoder();
    decoder.push(bytes.subarray(0, size));
    for (const event of decoder.headEvents())
        if (event.type === "index") return { decoder, ...event };
        else if (event.type === "more") return { decoder, lacking: decoder.container.lacking };
    return null;
}

const finished = (steps) => {
    for (;;) {
        const { value, done } = steps.next();
        if (done) return value;
    }
};

test("the layers near a region are those up to the last one whose reach comes to it", () => {
    const reach = (layer, block) => [0, 1, 2, 65535][(block + 3 * layer) % 4];
    const index = indexOf(3, () => 1, undefined, reach);
    for (const wrap of [false, true])
        for (const region of [
            { x: 17, y: 17, width: 5, height: 5 },
            { x: 0, y: 0, width: 1, height: 1 },
            { x: 60, y: 40, width: 4, height: 8 },
        ]) {
            const expected = new Map();
            for (let block = 0; block < grid.size; ++block) {
                const { left, top, width, height } = grid.rectangle(block);
                let least = Infinity;
                for (const dx of wrap ? [-64, 0, 64] : [0])
                    for (const dy of wrap ? [-48, 0, 48] : [0]) {
                        const across = Math.max(
                            left + dx - region.x - region.width,
                            region.x - left - dx - width,
                        );
                        const down = Math.max(
                            top + dy - region.y - region.height,
                            region.y - top - dy - height,
                        );
                        least = Math.min(least, Math.max(across, down));
                    }
                const reached = [0, 1, 2].filter((layer) => {
                    const units = reach(layer, block);
                    return units === 65535 || least <= 16 * units;
                });
                if (reached.length) expected.set(block, reached.at(-1) + 1);
            }
            assert.deepEqual(index.near(region, wrap), expected);
        }
});

test("a view has as few layers as look alike, and all where pixels are large", () => {
    const index = indexOf(4, (layer) => 2 * 4 ** layer),
        view = { x: 0, y: 0, width: 64, height: 48 };
    const layers = (pixelsAcross) => planView(index, header, view, { pixelsAcross }, defaultLimits).layers;
    const enough = (n) => Math.sqrt((64 / 48) * n * pixelsPerGaussian); // pixels across for n Gaussians
    assert.equal(layers(enough(24) - 0.1), 1);
    assert.equal(layers(enough(24) + 0.1), 2);
    assert.equal(layers(enough(24 * 5) + 0.1), 3);
    assert.equal(layers(64), 4);
    assert.equal(layers(1000), 4);
    const half = { x: 8, y: 8, width: 32, height: 24 };
    assert.equal(
        planView(index, header, half, { pixelsAcross: enough(24) / 2 - 0.1 }, defaultLimits).layers,
        1,
    );
    const { layers: most, fade } = planView(index, header, view, { lod: 0.5 }, defaultLimits);
    assert.equal(most, 3);
    assert.ok(fade < 0);
    assert.equal(planView(index, header, view, {}, defaultLimits).layers, 4);
});

test("a view without limits for its pixels has limits for its Gaussians", () => {
    const index = indexOf(2, () => 10),
        view = { x: 0, y: 0, width: 64, height: 48 };
    const limits = { ...defaultLimits, maxPixels: 1, maxBytes: 1, maxGaussians: 120 };
    assert.equal(planView(index, header, view, { pixelsAcross: 64 }, limits).layers, 1);
    assert.throws(() => planView(index, header, view, {}, limits), LimitError);
    assert.equal(planView(index, header, { ...view, width: 10, height: 10 }, {}, limits).layers, 2);
    const none = { ...limits, maxValues: 119 };
    assert.throws(() => planView(index, header, view, { pixelsAcross: 64 }, none), LimitError);
});

test("a view beyond the canvas is that of its nearest point, or of all where the canvas wraps", () => {
    const index = indexOf(1, () => 1),
        beyond = { x: 90, y: -60, width: 10, height: 10 };
    assert.deepEqual(planView(index, header, beyond, {}, defaultLimits).blocks, new Map([[3, 1]]));
    const all = planView(index, { ...header, wrap: true }, beyond, {}, defaultLimits).blocks;
    assert.equal(all.size, grid.size);
});

test("a view needs of the blocks beside it no more layers than reach it", () => {
    const index = indexOf(
            3,
            () => 10,
            undefined,
            (layer) => 2 - layer,
        ),
        view = { x: 0, y: 0, width: 16, height: 16 };
    const near = (detail, limits) => [...planView(index, header, view, detail, limits).blocks];
    const expected = [
        [0, 3],
        [1, 3], // adjacent: its last layer's reach of 0 pixels comes to the border
        [2, 2],
        [3, 1],
    ];
    const row = [4, 3, 2, 1].map((_, i) => [4 + i, [3, 3, 2, 1][i]]);
    const last = [8, 9, 10, 11].map((block, i) => [block, [2, 2, 2, 1][i]]);
    assert.deepEqual(near({}, defaultLimits), [...expected, ...row, ...last]);
    const total = 10 * (3 + 3 + 2 + 1 + 3 + 3 + 2 + 1 + 2 + 2 + 2 + 1);
    assert.equal(near({}, { ...defaultLimits, maxGaussians: total }).length, 12);
    assert.throws(() => near({}, { ...defaultLimits, maxGaussians: total - 1 }), LimitError);
    const fewer = near({ lod: 0.5 }, defaultLimits);
    assert.deepEqual(
        fewer.map(([, layers]) => layers),
        [2, 2, 2, 1, 2, 2, 2, 1, 2, 2, 2, 1],
    );
});

test("where detail is left out, fewer samples of a pixel are enough", () => {
    const samples = [
        [0.5, 12, 40].map((step) => samplesOf(step)),
        [0.5, 2, 12].map((step) => samplesOf(step, 3)),
        [2, 12].map((step) => samplesOf(step, false)),
    ];
    assert.deepEqual(samples, [
        [1, 12, 16],
        [1, 2, 3],
        [1, 1],
    ]);
    const region = { x: 10, y: 20, width: 960, height: 480 };
    assert.deepEqual(gridFor(region, [12, 12], 3).side, [64, 64]);
});

test("streams next to each other are fetched together, and gaps of some KB with them", () => {
    const index = indexOf(
            2,
            (_, block) => (block === 5 ? 0 : 1),
            (_, block) => (block === 5 ? 0 : 3000),
        ),
        layout = new FileLayout(index, [100, 40000]);
    const first = 100 + 12,
        second = 40000 + 12;
    assert.deepEqual(layout.runs(0, [0, 1, 4, 6]), [
        { layer: 0, blocks: [0, 1], start: first, end: first + 6000 },
        { layer: 0, blocks: [4, 6], start: first + 12000, end: first + 18000 },
    ]);
    assert.deepEqual(layout.runs(1, [2, 4, 5]), [
        { layer: 1, blocks: [2, 4], start: second + 6000, end: second + 15000 },
    ]);
    assert.deepEqual(layout.runs(0, [5]), []);
    assert.equal(layout.bytesUpTo(0), first + 33000 + 4);
});

const inBlocks = validNames.filter((name) => name.startsWith("blocks-"));

for (const name of inBlocks)
    test(`${name}: its streams, one by one, have the Gaussians of the whole`, async () => {
        const { bytes } = valid(name),
            { decoder, index, start } = headOf(bytes);
        const read = async (from, to) => bytes.slice(from, to);
        const layout = new FileLayout(index, await layerStarts(index, start, bytes.length, read));
        const again = new FileLayout(index, await layerStarts(index, start, 0, read));
        assert.deepEqual(again.starts, layout.starts);
        const order = []; // block by block, the last one first
        for (let block = index.grid.size - 1; block >= 0; --block)
            for (let layer = 0; layer < index.layers; ++layer) order.push({ layer, block });
        const streams = order.filter(({ layer, block }) => index.stream(layer, block).n);
        for (const stream of streams) {
            const at = layout.place(stream.layer, stream.block);
            stream.bytes = bytes.slice(at, at + index.stream(stream.layer, stream.block).bytes);
        }
        const decoded = finished(decodeStreams(decoder, streams));
        decoded.sort((a, b) => a.layer - b.layer || a.block - b.block);
        const whole = decode(bytes);
        for (const field of ["xy", "scale", "angle", "logWeight", "color"]) {
            const found = decoded.flatMap(({ arrays }) => [...arrays[field]]);
            assert.deepEqual(found, [...whole[field]], field);
        }
        for (const { block } of streams) decoder.layers.forget(block);
        const [first] = finished(decodeStreams(decoder, streams.slice(0, 1)));
        const same = decoded.find(({ layer, block }) => layer === first.layer && block === first.block);
        assert.deepEqual(first.arrays, same.arrays);
    });

test("chunks between the layers are passed where the size tells of them", async () => {
    const { bytes } = valid("blocks-empty-in-layers"),
        { index, start } = headOf(bytes);
    const starts = await layerStarts(index, start, bytes.length, assert.fail);
    const extra = Uint8Array.from([110, 79, 84, 69, 3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]); // nOTE, wrong CRC
    const longer = Buffer.concat([bytes.subarray(0, starts[1]), extra, bytes.subarray(starts[1])]);
    const read = async (from, to) => longer.subarray(from, to);
    const found = await layerStarts(index, start, longer.length, read);
    assert.deepEqual(found, [starts[0], ...starts.slice(1).map((at) => at + extra.length)]);
    const cut = longer.subarray(0, starts[1]);
    const readCut = async (from, to) => cut.subarray(from, to);
    await assert.rejects(layerStarts(index, start, cut.length, readCut), /the file ends before layer 2/);
    longer[starts[1]] = 78; // NOTE
    await assert.rejects(layerStarts(index, start, longer.length, read), FormatError);
});

test("the head of a file tells how many bytes it lacks", () => {
    const { bytes } = valid("blocks-metadata-unknown-chunks"),
        { start } = headOf(bytes);
    let size = 1;
    for (let found; (found = headOf(bytes, size)).index === undefined; size += found.lacking)
        assert.ok(size < start + 8, `${size} bytes`);
    assert.ok(size >= start + 8 || headOf(bytes, size).start === start);
    const plain = valid("blocks-one-layer").bytes,
        damaged = plain.slice();
    damaged[headOf(plain).start - 5] ^= 1; // the last byte of chunk BLKS
    assert.throws(() => headOf(damaged), /chunk BLKS: checksum mismatch/);
});

test("the blocks that were not wanted for the longest time are forgotten first", () => {
    const cache = new BlockCache(
        indexOf(2, () => 1),
        1,
        3.5 * 2 ** 15,
    );
    for (const block of [0, 1, 2, 3, 0]) cache.use(block);
    cache.use(5).damaged = true;
    assert.deepEqual(
        cache.shrink((block) => block === 1),
        [2, 3],
    );
    assert.deepEqual([...cache.blocks.keys()], [0, 1, 5]);
    assert.equal(cache.memory, 3 * 2 ** 15);
});

/** A loader of streams that come when `deliver` is called. */
function playedLoader(index, memory = Infinity) {
    const layout = new FileLayout(index, [0, 10000, 20000].slice(0, index.layers));
    const played = { asked: [], decoded: [], forgotten: [], damage: [], broken: new Set() };
    const source = {
        layout,
        read: (start, end, signal) =>
            new Promise((resolve, reject) => {
                const one = {
                    start,
                    end,
                    signal,
                    deliver: () => resolve(new Uint8Array(end - start)),
                    reject,
                };
                signal.addEventListener("abort", () => reject(signal.reason));
                played.asked.push(one);
            }),
        decode: async (streams) =>
            streams.map(({ layer, block, bytes }) => {
                assert.equal(bytes.length, index.stream(layer, block).bytes);
                const place = `${layer}:${block}`,
                    broken = played.broken.has(place);
                if (!broken) played.decoded.push(place);
                const { n } = index.stream(layer, block);
                return {
                    layer,
                    block,
                    arrays: broken ? null : { angle: new Float32Array(n) },
                    error: broken ? { name: "FormatError", message: place } : null,
                };
            }),
        forget: (blocks) => played.forgotten.push(...blocks),
        onDamage: ({ message }) => played.damage.push(message),
    };
    const loader = new StreamLoader(source, new BlockCache(index, 1, memory));
    played.settle = async () => {
        for (let i = 0; i < 20; ++i) await null;
    };
    played.deliver = async () => {
        for (const each of played.asked.splice(0)) each.deliver();
        await played.settle();
    };
    return { loader, played };
}

test("coarse layers come first, each block's one after the other", async () => {
    const { loader, played } = playedLoader(
        indexOf(
            3,
            () => 2,
            () => 500,
        ),
    );
    const told = [],
        options = { onLayer: (layers) => told.push(layers) };
    let done = false;
    loader.load(layersOf(3, [0, 1, 4]), options).then(() => (done = true));
    assert.deepEqual(
        played.asked.map(({ start }) => start),
        [12, 10012, 20012],
    );
    const [coarse, middle, fine] = played.asked;
    fine.deliver();
    await played.settle();
    assert.deepEqual(played.decoded, []);
    coarse.deliver();
    await played.settle();
    assert.deepEqual(told, [1]);
    middle.deliver();
    await played.settle();
    assert.deepEqual(told, [1, 2, 3]);
    assert.ok(done);
    assert.equal(played.decoded.length, 9);
    assert.deepEqual(
        loader.layersOf(layersOf(2, [0, 4])).map((layer) => layer.length),
        [2, 2],
    );
    await loader.load(layersOf(2, [0, 4]), options); // at once, from what is there
    assert.equal(told.at(-1), 2);
});

test("of a block no more layers are fetched than are wanted of it", async () => {
    const index = indexOf(
            3,
            () => 2,
            () => 500,
        ),
        { loader, played } = playedLoader(index),
        told = [];
    const wanted = {
        blocks: new Map([
            [0, 1],
            [5, 3],
            [6, 2],
        ]),
        layers: 3,
    };
    const loading = loader.load(wanted, { onLayer: (layers) => told.push(layers) });
    await played.deliver();
    await loading;
    assert.deepEqual(played.decoded.sort(), ["0:0", "0:5", "0:6", "1:5", "1:6", "2:5"]);
    assert.deepEqual(told, [1, 2, 3]);
    assert.ok(loader.has(wanted) && !loader.has(layersOf(2, [0])));
    await Promise.all([loader.load(layersOf(3, [0, 6]), { onLayer: () => {} }), played.deliver()]);
    const counts = loader.layersOf(wanted).map((layer) => layer.length); // whatever the cache holds
    assert.deepEqual(counts, [3, 2, 1]);
});

test("what no view wants any more is not fetched; what another one wants stays on its way", async () => {
    const { loader, played } = playedLoader(
            indexOf(
                1,
                () => 2,
                () => 9000,
            ),
        ),
        control = new AbortController();
    const old = loader.load(layersOf(1, [0, 2]), { signal: control.signal, onLayer: () => {} });
    const left = assert.rejects(old, /enough/);
    assert.equal(played.asked.length, 2);
    const young = loader.load(layersOf(1, [2, 3]), { onLayer: () => {} });
    assert.equal(played.asked.length, 3); // block 3 alone: block 2 is on its way
    control.abort(new Error("enough"));
    await left;
    assert.deepEqual(
        played.asked.map(({ signal }) => signal.aborted),
        [true, false, false],
    );
    await played.deliver();
    await young;
    assert.deepEqual(played.decoded.sort(), ["0:2", "0:3"]);
});

test("a damaged block keeps no other one from being shown", async () => {
    const { loader, played } = playedLoader(
        indexOf(
            2,
            () => 2,
            () => 50,
        ),
    );
    played.broken.add("1:1");
    const told = [];
    const loading = loader.load(layersOf(2, [0, 1]), { onLayer: (layers) => told.push(layers) });
    await played.deliver();
    await loading;
    assert.deepEqual(played.damage, ["1:1"]);
    assert.deepEqual(
        loader.layersOf(layersOf(2, [0, 1])).map((layer) => layer.length),
        [2, 1],
    );
    assert.ok(loader.has(layersOf(2, [0, 1]))); // it is not asked for again
});

test("a request that fails ends the views that wait for it", async () => {
    const { loader, played } = playedLoader(
        indexOf(
            1,
            () => 2,
            () => 9000,
        ),
    );
    const failing = loader.load(layersOf(1, [0]), { onLayer: () => {} }),
        other = loader.load(layersOf(1, [7]), { onLayer: () => {} });
    const [first, second] = played.asked;
    first.reject(new TypeError("no network"));
    await assert.rejects(failing, /no network/);
    second.deliver();
    await other;
    const again = loader.load(layersOf(1, [0]), { onLayer: () => {} });
    played.asked.at(-1).deliver();
    await again;
});

test("blocks that are out of sight are forgotten when memory is short", async () => {
    const { loader, played } = playedLoader(
        indexOf(
            1,
            () => 2,
            () => 50,
        ),
        3 * 2 ** 15,
    );
    for (const blocks of [[0, 1], [2, 3], [4]]) {
        const loading = loader.load(layersOf(1, blocks), { onLayer: () => {} });
        await played.deliver();
        await loading;
        await played.settle();
    }
    assert.deepEqual(played.forgotten, [0, 1, 2]);
    assert.ok(!loader.has(layersOf(1, [0])) && loader.has(layersOf(1, [3, 4])));
});
