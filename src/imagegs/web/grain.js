// Chunk gRAN: grain that is added to what the Gaussians paint (docs/format.md, section 12).

import { FormatError, require } from "./errors.js";

const units = [0, 4, 6, 8, 11, 16, 23, 32]; // of a level's deviation
const levelBits = 3;
const fixedBytes = 3;
const whole = 256; // a factor of 1
const grained = new Set(["R", "G", "B", "Y"]); // channels that it is added to

export const mostGrainFactor = 2;
export const largestGrainStep = 8; // canvas pixels: of larger pixels the mean of the grain is nothing

/**
 * @typedef {object} Grain        what a file tells of it
 * @property {number} columns     of cells over the canvas, 1..255
 * @property {number} rows
 * @property {number} strength    1..255: the deviation of level 7, in 1/2048 of a sample's full range
 * @property {Uint8Array} levels  of the cells, row by row, 0..7
 */

/**
 * Reads a chunk. Throws FormatError.
 *
 * @param {Uint8Array} payload
 * @param {{width: number, height: number}} header
 * @returns {Grain}
 */
export function readGrain(payload, { width, height }) {
    const size = payload.length;
    const check = (/** @type {unknown} */ condition, /** @type {string} */ problem) =>
        require(condition, `chunk gRAN: ${problem}`);
    check(size >= fixedBytes, `${size} bytes, at least ${fixedBytes} are needed`);
    const [columns, rows, strength] = payload;
    const fits = columns >= 1 && columns <= width && rows >= 1 && rows <= height;
    check(fits, `a grid of ${columns} x ${rows} cells on a canvas of ${width} x ${height} pixels`);
    const n = columns * rows,
        needed = fixedBytes + Math.ceil((levelBits * n) / 8);
    check(size === needed, `${size} bytes, ${needed} are needed`);
    const used = (levelBits * n) % 8;
    check(!used || payload[size - 1] >> used === 0, "padding bits after the levels are not zero");
    check(strength, "a strength of 0, only 1 to 255 is possible");
    const levels = Uint8Array.from({ length: n }, (_, i) => levelOfCell(payload, i));
    if (!levels.some(Boolean)) throw new FormatError("chunk gRAN: all levels are 0");
    return { columns, rows, strength, levels };
}

/** @param {Uint8Array} payload @param {number} i */
function levelOfCell(payload, i) {
    let level = 0;
    for (let j = 0; j < levelBits; ++j) {
        const bit = levelBits * i + j;
        level |= ((payload[fixedBytes + (bit >> 3)] >> (bit & 7)) & 1) << j;
    }
    return level;
}

/**
 * A factor on the strength, 0 to 2, in 1/256; else RangeError.
 *
 * @param {number} strength
 */
export function grainFactor(strength) {
    if (!(strength >= 0 && strength <= mostGrainFactor))
        throw new RangeError(`the strength of grain is 0 to ${mostGrainFactor}, not ${strength}`);
    return Math.floor(whole * strength + 0.5);
}

/**
 * The factor that an attribute tells: "off" is 0, and what is no factor 1.
 *
 * @param {string | null} text
 */
export function grainOfText(text) {
    if (text === "off") return 0;
    const strength = Number(text ?? 1);
    return text !== "" && strength >= 0 && strength <= mostGrainFactor ? strength : 1;
}

/**
 * Deviations of the cells, row by row, in 1/65536 of a sample's full range.
 *
 * @param {Grain} grain
 * @param {number} factor  256 for the strength that the file tells
 */
export function grainDeviations({ strength, levels }, factor = whole) {
    return Uint32Array.from(levels, (level) => (strength * units[level] * factor + 128) >> 8);
}

/**
 * The grain of a map of a picture, see mapsOf(); null where it has none, as the maps of a texture stack.
 *
 * @param {{grain: Grain | null, metadata: Record<string, any> | null}} picture
 * @param {{channels: string[]}} map
 * @param {number} strength
 */
export function shownGrain({ grain, metadata }, { channels }, strength) {
    const isStack = metadata !== null && Object.hasOwn(metadata, "maps");
    return strength && !isStack && grained.has(channels[0]) ? grain : null;
}
