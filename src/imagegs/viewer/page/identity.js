// The picture with another colour for each Gaussian, to tell them apart.

/** A picture that shares everything but the colours with another one. */
function identityOf(picture) {
    let source = null, arrays = null;
    return Object.create(picture, {
        channels: { value: ["R", "G", "B"] },
        metadata: { value: null },
        grain: { value: null },
        arrays: {
            get() {
                if (source !== picture.arrays) {
                    source = picture.arrays;
                    arrays = { ...source, color: identityColors(source.angle.length) };
                }
                return arrays;
            },
        },
    });
}

/** (n, 3) colours that look random. */
function identityColors(n) {
    const colors = new Float32Array(3 * n);
    for (let i = 0; i < n; ++i) colors.set(hueColor(hash(i) / 2 ** 32, 0.55 + 0.4 * (hash(~i) / 2 ** 32)), 3 * i);
    return colors;
}

/** (r, g, b) in 0..1 of a hue in 0..1; `value` in 0..1 is the largest of the three, a fifth of it the least. */
function hueColor(hue, value) {
    const part = (shift) => value * (1 - 0.8 * Math.max(0, Math.min(1, 2 - Math.abs(((6 * hue + shift) % 6) - 3))));
    return [part(0), part(4), part(2)];
}
