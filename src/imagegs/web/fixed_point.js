// Chunk GAUS: Gaussians in fixed point, as columns of integers (docs/format.md, section 5).

/** @import { Arrays } from "./arrays.js" */
/** @import { Header } from "./header.js" */

import { exp2, makeArrays } from "./arrays.js";
import { require } from "./errors.js";

/** @typedef {"position" | "scale" | "angle" | "weight" | "color"} Attribute */
/** @typedef {[number, number]} Range  low, high */

const attributes = /** @type {Attribute[]} */ (["position", "scale", "angle", "weight", "color"]);
/** @type {Record<Attribute, Range>} */
const limits = {
    position: [-(2 ** 20), 2 ** 20],
    scale: [-10, 20],
    angle: [-1024, 1024],
    weight: [-128, 128],
    color: [-(2 ** 20), 2 ** 20],
};
/** @type {Record<Attribute, Exclude<keyof Arrays, "integers">>} */
const targets = { position: "xy", scale: "scale", angle: "angle", weight: "logWeight", color: "color" };
/** @type {Range} */
const paperScale = [2 ** -20, 2 ** 10]; // of 1 / scale
const paperScaleText = "9.53674e-07 to 1024";

const sliceSize = 2 ** 14; // numbers between two chances to do something else

/** @type {(condition: unknown, message: string) => void} */
const check = (condition, message) => require(condition, () => `chunk GAUS: ${message}`);

/**
 * Reads the Gaussians of a chunk. Yields now and then. Throws FormatError.
 *
 * @param {Uint8Array} payload
 * @param {Header} header
 * @param {boolean} keepIntegers whether the arrays have the file's integers too
 * @returns {Generator<undefined, Arrays>}
 */
export function* readFixedPoint(payload, header, keepIntegers) {
    const paper = header.blend === "paper",
        n = header.nGaussians;
    const bits = readBits(payload, paper);
    /** @type {Record<Attribute, number>} */
    const columns = {
        position: 2,
        scale: 2,
        angle: 1,
        weight: bits[3] ? 1 : 0,
        color: header.channels.length,
    };
    /** @param {Attribute} name */
    const count = (name) => (paper && columns[name] ? 1 : columns[name]); // of ranges
    const bytes = attributes.map((name, i) => 8 * count(name) + columns[name] * Math.ceil((n * bits[i]) / 8));
    const size = 5 + bytes.reduce((a, b) => a + b);
    check(payload.length === size, `${payload.length} bytes, but the header implies ${size}`);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    /** @type {Record<Attribute, Range[]>} */
    const ranges = { position: [], scale: [], angle: [], weight: [], color: [] };
    let offset = 5;
    for (const name of attributes)
        for (let i = 0; i < count(name); ++i, offset += 8)
            ranges[name].push(readRange(view, offset, name, paper));
    const arrays = makeArrays(n, header.channels.length),
        integers = keepIntegers ? /** @type {Int32Array[]} */ ([]) : null;
    for (const [i, name] of attributes.entries()) {
        for (let column = 0; column < columns[name]; ++column) {
            const q = yield* readColumn(payload, offset, n, bits[i], name);
            offset += Math.ceil((n * bits[i]) / 8);
            const range = ranges[name][paper ? 0 : column];
            yield* dequantise(q, bits[i], range, arrays[targets[name]], column, columns[name]);
            integers?.push(q);
        }
    }
    yield* toScales(arrays.scale, paper);
    if (integers) arrays.integers = yield* rows(integers, n);
    return arrays;
}

/** The bits of a number of each attribute. @param {Uint8Array} payload @param {boolean} paper */
function readBits(payload, paper) {
    check(payload.length >= 5, `${payload.length} bytes, at least 5 are needed`);
    const bits = [...payload.subarray(0, 5)];
    attributes.forEach((name, i) => {
        const least = name === "weight" ? 0 : 1,
            right = bits[i] >= least && bits[i] <= 24;
        check(right, `bits of the ${name} must be ${least} to 24, not ${bits[i]}`);
    });
    check(!paper || !bits[3], "the paper blend has no log-weights, so their bits must be 0");
    return bits;
}

/**
 * @param {DataView} view
 * @param {number} offset
 * @param {Attribute} name
 * @param {boolean} paper
 * @returns {Range}
 */
function readRange(view, offset, name, paper) {
    const low = view.getFloat32(offset, true),
        high = view.getFloat32(offset + 4, true);
    const [least, most] = paper && name === "scale" ? paperScale : limits[name];
    const text = paper && name === "scale" ? paperScaleText : `${least} to ${most}`;
    check(Number.isFinite(low) && Number.isFinite(high), `a range of the ${name} is not finite`);
    check(low <= high, `a range of the ${name} ends before it starts`);
    check(least <= low && high <= most, `a range of the ${name} is not within ${text}`);
    return [low, high];
}

/**
 * Reads a column: n integers of b bits each, the lowest bit first. Yields now and then.
 *
 * @param {Uint8Array} payload
 * @param {number} offset bytes
 * @param {number} n
 * @param {number} b
 * @param {Attribute} name
 * @returns {Generator<undefined, Int32Array>}
 */
function* readColumn(payload, offset, n, b, name) {
    const q = new Int32Array(n),
        mask = 2 ** b - 1;
    let held = 0,
        holds = 0; // bits in `held`, read and not used yet: 31 at most
    for (let i = 0; i < n; ++i) {
        while (holds < b) ((held |= payload[offset++] << holds), (holds += 8));
        q[i] = held & mask;
        ((held >>>= b), (holds -= b));
        if (i % sliceSize === 0) yield;
    }
    check(!held, `padding bits after the ${name} are not zero`);
    return q;
}

/**
 * Writes a column to one column of an attribute. Yields now and then. Both products are exact in float64: 24
 * bits of a float32 times 24 bits of q.
 *
 * @param {Int32Array} q
 * @param {number} bits
 * @param {Range} range
 * @param {Float32Array} target (n, stride)
 * @param {number} column of the attribute
 * @param {number} stride columns of the attribute
 * @returns {Generator<undefined, void>}
 */
function* dequantise(q, bits, [low, high], target, column, stride) {
    const levels = 2 ** bits - 1;
    for (let i = 0; i < q.length; ++i) {
        target[i * stride + column] = (low * (levels - q[i]) + high * q[i]) / levels;
        if (i % sliceSize === 0) yield;
    }
}

/** Turns stored scales into standard deviations. @param {Float32Array} scale @param {boolean} paper */
function* toScales(scale, paper) {
    for (let i = 0; i < scale.length; ++i) {
        scale[i] = paper ? 1 / scale[i] : exp2(scale[i]);
        if (i % sliceSize === 0) yield;
    }
}

/**
 * The table (n, columns) of the columns. Yields now and then.
 *
 * @param {Int32Array[]} columns
 * @param {number} n
 * @returns {Generator<undefined, Int32Array>}
 */
function* rows(columns, n) {
    const table = new Int32Array(n * columns.length);
    for (const [c, q] of columns.entries()) {
        q.forEach((value, i) => (table[i * columns.length + c] = value));
        yield;
    }
    return table;
}
