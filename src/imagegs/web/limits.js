// How much a file may ask of the decoder, unless the caller says otherwise.

/**
 * @typedef {object} Limits
 * @property {number} maxBytes      bytes of a file
 * @property {number} maxPixels     pixels of a canvas
 * @property {number} maxGaussians  Gaussians of a file
 * @property {number} maxValues     colour values of a file, Gaussians x channels
 */

/** @type {Limits} */
export const defaultLimits = Object.freeze({
    maxBytes: 2 ** 28,
    maxPixels: 2 ** 28,
    maxGaussians: 2 ** 21,
    maxValues: 2 ** 24,
});

/**
 * The limits in `options`, and the default for each that is not there. Throws RangeError.
 *
 * @param {Partial<Limits>} [options]
 * @returns {Limits}
 */
export function limitsOf(options = {}) {
    const limits = { ...defaultLimits };
    for (const name of /** @type {(keyof Limits)[]} */ (Object.keys(limits))) {
        const limit = options[name];
        if (limit === undefined) continue;
        if (!(limit >= 0)) throw new RangeError(`${name} must be a number, 0 or more`);
        limits[name] = limit;
    }
    return limits;
}
