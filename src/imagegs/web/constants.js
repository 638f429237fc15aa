// The numbers that define the two blends (docs/format.md, section 9), and those that painting goes by.

export const topK = 10; // Gaussians that a point keeps
export const cutoff = 7; // softmax: nats below the best that a point still sees
export const paperRadius = 3; // half side of the square that is seen, in standard deviations
export const paperEpsilon = 1e-4; // paper: added to the sum of weights
export const paperTile = 16; // canvas pixels

export const leastLength = 1e-3; // of a vector; a shorter one has no direction
export const sampleSlack = 0.25; // canvas pixels that a pixel may be larger before it gets another sample
export const mostSamples = 16; // of a pixel, across and down
export const tileSamples = 16; // side of a tile that lists are made for, in samples
export const mostTiles = 2 ** 16; // of a grid
export const mostTilesAcross = 2 ** 12; // so that float32 tells them apart
export const textureRow = 2048; // texels; a texture of this width exists everywhere

/** How many samples of a pixel of `step` canvas pixels lie next to each other. */
export const samplesOf = (step) => Math.min(mostSamples, Math.max(1, Math.ceil(step - sampleSlack)));
