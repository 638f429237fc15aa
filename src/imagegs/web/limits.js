// What a decoder is willing to do for a file that it knows nothing about.

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

/** The default limits but for those that `options` names. @returns {Limits} */
export function limitsOf(options = {}) {
    const limits = { ...defaultLimits };
    for (const name of Object.keys(limits)) {
        if (options[name] === undefined) continue;
        if (!(options[name] >= 0)) throw new RangeError(`${name} must be a number, 0 or more`);
        limits[name] = options[name];
    }
    return limits;
}
