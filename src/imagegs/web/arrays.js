// The numbers of Gaussians, column by column, as files give them one after the other.

/**
 * @typedef {object} Arrays  of N Gaussians with C channels
 * @property {Float32Array} xy         (N, 2) centres, canvas pixels, the top left pixel's at (0.5, 0.5)
 * @property {Float32Array} scale      (N, 2) standard deviations along the two axes, canvas pixels
 * @property {Float32Array} angle      (N) of the first axis, radians, from +x towards +y
 * @property {Float32Array} logWeight  (N) added to the exponent; 0 in the paper blend
 * @property {Float32Array} color      (N, C) about 0..1, not clipped
 */

/** How many numbers of each array belong to one Gaussian. */
export function widths(channels) {
    return { xy: 2, scale: 2, angle: 1, logWeight: 1, color: channels };
}

/** @returns {Arrays} all 0 */
export function makeArrays(n, channels) {
    return Object.fromEntries(
        Object.entries(widths(channels)).map(([name, w]) => [name, new Float32Array(n * w)]),
    );
}

/** The arrays of all parts, in their order. @param {Arrays[]} parts */
export function joined(parts) {
    if (parts.length === 1) return parts[0];
    const result = {};
    for (const name of Object.keys(parts[0])) {
        const all = new parts[0][name].constructor(parts.reduce((n, part) => n + part[name].length, 0));
        let at = 0;
        for (const part of parts) (all.set(part[name], at), (at += part[name].length));
        result[name] = all;
    }
    return result;
}

/**
 * 2^x as docs/format.md defines it for files (section 5): a polynomial, for the last bit of a library's exp2
 * differs from machine to machine.
 */
export function exp2(x) {
    const k = Math.floor(x + 0.5),
        t = (x - k) * 0.6931471805599453; // ln 2 = 0x1.62e42fefa39ef p-1
    let p = 1;
    for (let n = 13; n > 0; --n) p = 1 + (p * t) / n;
    return p * 2 ** k;
}
