// The numbers of Gaussians, in one typed array for each attribute.

/**
 * @typedef {object} Arrays  of N Gaussians with C channels
 * @property {Float32Array} xy         (N, 2) centres, canvas pixels, the top left pixel's at (0.5, 0.5)
 * @property {Float32Array} scale      (N, 2) standard deviations along the two axes, canvas pixels
 * @property {Float32Array} angle      (N) of the first axis, radians, from +x towards +y
 * @property {Float32Array} logWeight  (N) added to the exponent; 0 in the paper blend
 * @property {Float32Array} color      (N, C) about 0..1, not clipped
 * @property {Int32Array} [integers]   (N, columns) the integers of the file, if the caller wants them
 */

/** How many numbers of each array one Gaussian has. @param {number} channels */
export function widths(channels) {
    return { xy: 2, scale: 2, angle: 1, logWeight: 1, color: channels };
}

/** Arrays of n Gaussians, all numbers 0. @param {number} n @param {number} channels @returns {Arrays} */
export function makeArrays(n, channels) {
    const arrays = Object.entries(widths(channels)).map(([name, w]) => [name, new Float32Array(n * w)]);
    return Object.fromEntries(arrays);
}

/** The arrays of all parts, in their order. @param {Arrays[]} parts @returns {Arrays} */
export function joined(parts) {
    if (parts.length === 1) return parts[0];
    const names = /** @type {(keyof Arrays)[]} */ (Object.keys(parts[0]));
    const arrays = names.map((name) => [
        name,
        chained(parts.map((part) => /** @type {Float32Array | Int32Array} */ (part[name]))),
    ]);
    return Object.fromEntries(arrays);
}

/**
 * Typed arrays of one kind, one after the other, in a new array.
 *
 * @template {Float32Array | Int32Array} Kind
 * @param {Kind[]} parts one at least
 * @returns {Kind}
 */
export function chained(parts) {
    const Made = /** @type {new (length: number) => Kind} */ (parts[0].constructor);
    const all = new Made(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;
    for (const part of parts) (all.set(part, at), (at += part.length));
    return all;
}

/**
 * 2^x as docs/format.md defines it (section 5): a polynomial, because the last bit of a library's exp2
 * differs from machine to machine.
 *
 * @param {number} x
 * @returns {number}
 */
export function exp2(x) {
    const k = Math.floor(x + 0.5),
        t = (x - k) * 0.6931471805599453; // ln 2 = 0x1.62e42fefa39ef p-1
    let p = 1;
    for (let n = 13; n > 0; --n) p = 1 + (p * t) / n;
    return p * 2 ** k;
}
