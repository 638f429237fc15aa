// Levels of detail (docs/format.md, section 6): the first layers alone are a picture too.

export const mostLayers = 64; // of a file
export const leastWeight = -128; // nats

/**
 * @typedef {{layers: number, fade: number}} Level  the first layers of a picture; fade: added to the
 *     log-weights of the last one, see levelOf()
 */

/**
 * What a level of detail shows of a picture: its first layers, whose numbers are spread evenly over 0..1.
 * Where the level is between two numbers, the last layer fades in: `fade` (nats, below 0; else 0) is added to
 * its log-weights, which stay at -128 or above.
 *
 * @param {number} lod 0..1; else RangeError
 * @param {number} layers of the picture
 * @returns {Level}
 */
export function levelOf(lod, layers) {
    if (!(lod >= 0 && lod <= 1)) throw new RangeError(`a level of detail is 0 to 1, not ${lod}`);
    if (layers <= 1) return { layers, fade: 0 };
    const place = 1 + lod * (layers - 1),
        whole = Math.floor(place),
        share = place - whole;
    return share ? { layers: whole + 1, fade: 3 * Math.log(share) } : { layers: whole, fade: 0 };
}

/** The log-weight w of a Gaussian in a layer that fades. @param {number} w @param {number} fade */
export const fadedWeight = (w, fade) => (fade ? Math.max(w + fade, leastWeight) : w);
