// The decoder on the conformance files: the same numbers and the same messages as the native one.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
    FormatError,
    LimitError,
    GrainSampler,
    decode,
    defaultLimits,
    levelOf,
    mapsOf,
} from "../../src/imagegs/web/imagegs.js";
import { invalid, invalidNames, valid, validNames } from "./files.mjs";

const facts = {
    width: "width",
    height: "height",
    n_gaussians: "nGaussians",
    blend: "blend",
    bit_depth: "bitDepth",
    wrap: "wrap",
    channels: "channels",
    metadata: "metadata",
};
const arrays = {
    integers: "integers",
    position: "xy",
    scale: "scale",
    angle: "angle",
    weight: "logWeight",
};

/** Neighbouring float32 of a number, how far apart they are. */
const unit = (value) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -126) - 23);

for (const name of validNames)
    test(`${name} has the numbers of its table`, () => {
        const { bytes, expected } = valid(name);
        const found = decode(bytes, { integers: true });
        for (const [field, own] of Object.entries(facts))
            assert.deepEqual(found[own], expected[field], field);
        for (const [field, own] of Object.entries(arrays)) {
            const kind = found[own].constructor;
            assert.deepEqual(found[own], kind.from(expected[field].flat()), field);
        }
        const colors = expected.color.flat();
        assert.equal(found.color.length, colors.length);
        for (const [i, value] of colors.entries())
            assert.ok(Math.abs(found.color[i] - value) <= unit(value), `colour ${i} is ${found.color[i]}`);
    });

for (const name of validNames)
    test(`${name} has the grain of its table`, () => {
        const { bytes, expected } = valid(name);
        const found = decode(bytes);
        assert.equal(Boolean(found.grain), "grain" in expected);
        if (!found.grain) return;
        const sampler = new GrainSampler(found);
        assert.deepEqual([...sampler.deviations], expected.grain_deviations.flat());
        for (const view of ["grain", "grain_smaller", "grain_larger"]) {
            const size = { width: expected[view][0].length, height: expected[view].length };
            const rows = expected[view].map((row, y) => row.map((_, x) => sampler.ofPixel(x, y, size)));
            assert.deepEqual(rows, expected[view], view);
        }
        const rows = expected.grain.map((row, y) => row.map((_, x) => sampler.at(x, y)));
        assert.deepEqual(rows, expected.grain);
    });

test("grain has a factor", () => {
    const found = decode(valid("grain-coded").bytes);
    const half = new GrainSampler(found, { strength: 0.5 });
    assert.deepEqual(
        half.deviations,
        new GrainSampler(found).deviations.map((each) => (each + 1) >> 1),
    );
    for (const strength of [-0.1, 2.1, NaN])
        assert.throws(() => new GrainSampler(found, { strength }), RangeError);
    assert.equal(half.ofPixel(0, 0, { width: 2, height: 2 }), 0); // pixels are too large
});

for (const [name, message] of invalidNames)
    test(`${name} is refused`, () => {
        assert.throws(
            () => decode(invalid(name)),
            (error) => error instanceof FormatError && error.message === message,
        );
    });

const layered = "coded-four-layers";

test("bytes may come as an ArrayBuffer, or within a larger one", () => {
    const { bytes, expected } = valid(layered);
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 7);
    for (const each of [bytes.slice().buffer, larger.subarray(7, 7 + bytes.length)])
        assert.equal(decode(each).nGaussians, expected.n_gaussians);
});

for (const name of [layered, "blocks-empty-in-layers"])
    test(`${name} is refused where it ends early, or decoded as far as its layers go`, () => {
        const { bytes } = valid(name),
            whole = decode(bytes);
        const [first, second, third] = whole.layers;
        for (const end of [second.bytes, second.bytes + 3, third.bytes - 1]) {
            const cut = bytes.subarray(0, end);
            assert.throws(() => decode(cut), FormatError);
            const found = decode(cut, { partial: true });
            assert.deepEqual(found.layers, [first, second]);
            assert.equal(found.nGaussians, first.n + second.n);
            assert.deepEqual(found.xy, whole.xy.slice(0, 2 * found.nGaussians));
        }
        assert.throws(() => decode(bytes.subarray(0, first.bytes - 1), { partial: true }), FormatError);
    });

for (const [name, limit, what] of [
    ["maxBytes", (bytes) => bytes.length - 1, /bytes/],
    ["maxPixels", (_, { width, height }) => width * height - 1, /pixels/],
    ["maxGaussians", (_, { n_gaussians: n }) => n - 1, /Gaussians are over the limit of/],
    ["maxValues", (_, { n_gaussians: n, channels }) => n * channels.length - 1, /colour values are over/],
])
    test(`${name} is a limit, which a file may reach and not go beyond`, () => {
        const { bytes, expected } = valid(layered),
            most = limit(bytes, expected);
        assert.equal(decode(bytes, { [name]: most + 1 }).nGaussians, expected.n_gaussians);
        assert.throws(
            () => decode(bytes, { [name]: most }),
            (error) => error instanceof LimitError && what.test(error.message),
        );
        assert.throws(() => decode(bytes, { [name]: -1 }), RangeError);
        assert.ok(defaultLimits[name] > most);
    });

test("levels of detail are the first layers, the last of which may fade", () => {
    assert.deepEqual(levelOf(0, 4), { layers: 1, fade: 0 });
    assert.deepEqual(levelOf(1, 4), { layers: 4, fade: 0 });
    assert.deepEqual(levelOf(0.5, 3), { layers: 2, fade: 0 });
    assert.deepEqual(levelOf(0.5, 4), { layers: 3, fade: 3 * Math.log(0.5) });
    assert.deepEqual(levelOf(0.3, 1), { layers: 1, fade: 0 });
    for (const lod of [-0.1, 1.1, NaN, "much"]) assert.throws(() => levelOf(lod, 4), RangeError);
});

test("a level of a file has its first Gaussians", () => {
    const { bytes } = valid(layered),
        whole = decode(bytes),
        found = decode(bytes, { lod: 0.5 });
    assert.equal(found.layers.length, 3);
    assert.equal(found.fade, 3 * Math.log(0.5));
    assert.deepEqual(found.color, whole.color.slice(0, 3 * found.nGaussians));
});

test("a level of a file in blocks has its first Gaussians", () => {
    const { bytes } = valid("blocks-empty-in-layers"),
        whole = decode(bytes),
        found = decode(bytes, { lod: 0.5 });
    assert.deepEqual(found.layers, whole.layers.slice(0, 2));
    assert.equal(found.fade, 0);
    assert.deepEqual(found.color, whole.color.slice(0, 3 * found.nGaussians));
});

test("streams beyond the layers that are wanted are not read, but what chunk BLKS says of them is", () => {
    assert.equal(decode(invalid("blks-checksum-of-a-stream"), { layers: 1 }).layers.length, 1);
    const messages = Object.fromEntries(invalidNames);
    for (const name of [
        "blks-gaussians-of-a-layer",
        "blks-bytes-of-a-layer",
        "blks-fewer-layers",
        "blks-more-layers",
    ])
        assert.throws(() => decode(invalid(name), { layers: 1 }), { message: messages[name] });
});

test("a picture without a list of maps is one map, other channels are one each", () => {
    const names = (channels) => mapsOf({ channels, metadata: null }).map((map) => map.name);
    assert.deepEqual(names(["R", "G", "B"]), ["Picture"]);
    assert.deepEqual(names(["Y", "A"]), ["Picture"]);
    assert.deepEqual(names(["height", "roughness"]), ["height", "roughness"]);
    assert.throws(() => mapsOf({ channels: ["R"], metadata: { maps: [] } }), FormatError);
});

test("a map may say that it is a cutout", () => {
    const entry = { name: "M", file: "M.png", kind: "opacity", bit_depth: 8, channels: 1 };
    const map = { ...entry, color_space: "linear", unit_length: false };
    const listed = (cutout) => mapsOf({ channels: ["M.Y"], metadata: { maps: [{ ...map, ...cutout }] } });
    assert.equal(listed({}).length, 1);
    assert.equal(listed({ cutout: true }).length, 1);
    const color = { ...map, name: "C", channels: 3, cutout: true };
    const channels = ["C.R", "C.G", "C.B"];
    assert.throws(() => mapsOf({ channels, metadata: { maps: [color] } }), /no channel for a mask/);
    for (const cutout of [null, 1, "true"]) assert.throws(() => listed({ cutout }), /no valid cutout/);
});

test("a list of maps may have its whole numbers with decimal points", () => {
    const found = mapsOf(decode(valid("fixed-maps-with-decimal-points").bytes));
    assert.deepEqual(found, [
        {
            name: "Normal",
            columns: [0, 1, 2],
            channels: ["R", "G", "B"],
            colorSpace: "linear",
            unitLength: true,
        },
    ]);
});
