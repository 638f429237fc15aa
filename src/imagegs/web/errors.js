// What can be wrong with a file, and with the place where it is to be shown.

/**
 * The bytes are not a valid .gsimg file; the message says which rule of docs/format.md they break.
 * `truncated`: they only end too early.
 */
export class FormatError extends Error {
    /** Whether the bytes only end too early. */
    truncated = false;

    get name() {
        return "FormatError";
    }
}

/** The file is valid so far, but larger or more work than the limits allow. */
export class LimitError extends Error {
    get name() {
        return "LimitError";
    }
}

/** The browser lacks what painting needs, as WebGL2, or has lost it. */
export class UnsupportedError extends Error {
    get name() {
        return "UnsupportedError";
    }
}

/** @typedef {(condition: unknown, message: string | (() => string)) => void} Check  throws unless it holds */

/**
 * Throws FormatError(message) unless the condition holds.
 *
 * @param {unknown} condition
 * @param {string | (() => string)} message
 * @returns {asserts condition}
 */
export function require(condition, message) {
    if (!condition) throw new FormatError(typeof message === "function" ? message() : message);
}

/** Throws FormatError(message) unless the bytes go on so far. */
export function requireMore(condition, message) {
    if (!condition) throw Object.assign(new FormatError(message), { truncated: true });
}

const kinds = { FormatError, LimitError, UnsupportedError };

/** An error as something that one thread can post to another, and back: see `revived`. */
export function plainError(error) {
    return { name: error.name, message: error.message };
}

/** The error that plainError() took apart. */
export function revived({ name, message }) {
    return kinds[name] ? new kinds[name](message) : Object.assign(new Error(message), { name });
}
