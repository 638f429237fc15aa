// The errors of the library: faults of a file, and of the browser that is to show it.

/** The bytes are not a valid .gsimg file; the message says which rule of docs/format.md they break. */
export class FormatError extends Error {
    /** Whether the only fault is that the bytes end too early. */
    truncated = false;

    get name() {
        return "FormatError";
    }
}

/** The file is valid so far, but the limits do not allow its size or the work that it takes. */
export class LimitError extends Error {
    get name() {
        return "LimitError";
    }
}

/** The browser lacks something that the library needs, such as WebGL2, or has lost it. */
export class UnsupportedError extends Error {
    get name() {
        return "UnsupportedError";
    }
}

/** A file on a server is not the one that it was when it was opened. */
export class ChangedError extends Error {
    get name() {
        return "ChangedError";
    }
}

/**
 * @typedef {(condition: unknown, message: string | (() => string)) => void} Check  throws FormatError unless
 *     the condition holds
 */

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

/**
 * The same for bytes that end too early: `truncated` of the error is true.
 *
 * @param {unknown} condition
 * @param {string} message
 * @returns {asserts condition}
 */
export function requireMore(condition, message) {
    if (!condition) throw Object.assign(new FormatError(message), { truncated: true });
}

/** @type {Record<string, new (message: string) => Error>} */
const kinds = { FormatError, LimitError, UnsupportedError };

/** @typedef {{name: string, message: string}} PlainError  an error that one thread can post to another */

/** @param {unknown} error @returns {PlainError} */
export function plainError(error) {
    const { name, message } = asError(error);
    return { name, message };
}

/** The error from which plainError() was made. @param {PlainError} plain @returns {Error} */
export function revived({ name, message }) {
    const Kind = kinds[name];
    return Kind ? new Kind(message) : Object.assign(new Error(message), { name });
}

/** What was thrown or rejected, as an error. @param {unknown} thrown @returns {Error} */
export const asError = (thrown) => (thrown instanceof Error ? thrown : new Error(String(thrown)));
