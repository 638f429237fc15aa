// The numbers that define the two blends (docs/format.md, section 9), and the numbers that painting uses.

export const topK = 10; // Gaussians that a point is painted with, at most
export const cutoff = 7; // softmax: exponents more than so many nats below the largest do not count
export const paperRadius = 3; // paper: half the side of a Gaussian's square, standard deviations
export const paperEpsilon = 1e-4; // paper: added to the sum of weights
export const paperTile = 16; // paper: side of a tile, canvas pixels

export const leastLength = 1e-3; // a shorter vector keeps its length: it has no direction
export const sampleSlack = 0.25; // canvas pixels by which a pixel may exceed its samples
export const mostSamples = 16; // along one side of a pixel
export const tileSamples = 16; // side of a tile of a grid, samples
export const mostTiles = 2 ** 16; // of a grid
export const mostTilesAcross = 2 ** 12; // so that float32 tells them apart
/**
 * @typedef {boolean | number} Filtered  whether a pixel that is larger than canvas pixels is the mean over
 *     its area; a number: of so many samples along a side at most
 */

export const textureRow = 2048; // texels; a texture of this width exists everywhere

/**
 * How many samples a pixel of the output has along one side.
 *
 * @param {number} step length of that side, canvas pixels
 * @param {Filtered} [filtered]
 * @returns {number}
 */
export const samplesOf = (step, filtered = true) =>
    Math.min(
        filtered === true ? mostSamples : Number(filtered) || 1,
        Math.max(1, Math.ceil(step - sampleSlack)),
    );
