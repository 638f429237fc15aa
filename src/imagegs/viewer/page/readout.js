// The values of the picture under the pointer.

/** A text and a colour for a point in canvas pixels; null where there is no picture. */
function describePoint(painting, x, y) {
    const { picture, shown } = painting;
    if (!picture.wrap && (x < 0 || y < 0 || x > picture.width || y > picture.height)) return null;
    const point = painting.sample(x, y);
    if (!point) return null;
    const values = shown.columns.map((column, k) => `${shown.channels[k]} ${point.values[column].toFixed(3)}`);
    const digits = Math.min(6, Math.max(1, Math.ceil(Math.log10(devicePixelRatio * point.values.length + 1))));
    const position = `x ${x.toFixed(digits)}, y ${y.toFixed(digits)}`;
    const cost = `${point.kept.length} of ${point.candidates} Gaussians, ${point.multiplyAdds.toLocaleString("en")} multiply-adds`;
    const bytes = shown.columns.map((column) => Math.round(255 * Math.min(Math.max(point.values[column], 0), 1)));
    const color = bytes.length < 3 ? [bytes[0], bytes[0], bytes[0]] : bytes.slice(0, 3);
    return { text: [position, values.join("  "), cost].join(" · "), color: `rgb(${color.join(" ")})` };
}

/** Shows what describePoint() returned. */
function showReadout(place, described) {
    if (!described) return place.replaceChildren();
    place.replaceChildren(element("i", { style: `background:${described.color}` }), described.text);
}
