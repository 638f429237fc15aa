// Chunk mETA (docs/format.md, section 4): JSON that is stricter than JSON.parse() alone.

import { FormatError, require } from "./errors.js";
import { utf8 } from "./header.js";

const mostBytes = 65535,
    mostDepth = 16,
    mostDigits = 4300;

/**
 * The object in the chunk. Integers beyond 2^53 lose digits, as always in JavaScript. Throws FormatError.
 *
 * @param {Uint8Array} payload
 * @returns {Record<string, unknown>}
 */
export function readMetadata(payload) {
    require(payload.length <=
        mostBytes, `chunk mETA: ${payload.length} bytes, at most ${mostBytes} are possible`);
    let value, depth;
    try {
        const text = utf8(payload) ?? "not UTF-8";
        value = JSON.parse(text);
        depth = checkedDepth(text);
    } catch {
        throw new FormatError("chunk mETA: not valid JSON in UTF-8");
    }
    require(value !== null &&
        typeof value === "object" &&
        !Array.isArray(value), "chunk mETA: not a JSON object");
    require(depth <= mostDepth, `chunk mETA: nested ${depth} deep, at most ${mostDepth} is possible`);
    return value;
}

/**
 * How deep a text is nested that JSON.parse() took. Throws an error where the text breaks a rule that
 * JSON.parse() does not have.
 *
 * @param {string} text
 * @returns {number}
 */
function checkedDepth(text) {
    /** @type {(Set<string> | null)[]} */
    const open = []; // the keys of each object that is open; null for an array
    let depth = 0;
    for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]|[-+.\w]+/g)) {
        if (token === "{" || token === "[")
            depth = Math.max(depth, open.push(token === "{" ? new Set() : null));
        else if (token === "}" || token === "]") open.pop();
        else if (string) checkString(JSON.parse(string), colon ? (open.at(-1) ?? null) : null);
        else if (/^-?\d/.test(token)) checkNumber(token);
    }
    return depth;
}

/** @param {string} string @param {Set<string> | null} keys of its object, if it is a key */
function checkString(string, keys) {
    const alone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
    if (alone.test(string)) throw new SyntaxError("a lone surrogate");
    if (keys?.has(string)) throw new SyntaxError("a key occurs twice");
    keys?.add(string);
}

/** @param {string} token */
function checkNumber(token) {
    const whole = /^-?\d+$/.test(token);
    if (whole ? token.replace("-", "").length > mostDigits : !Number.isFinite(Number(token)))
        throw new RangeError("a number is out of range");
}
