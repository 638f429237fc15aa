// Drawings over the picture: the Gaussians as ellipses, their centres, and how many Gaussians each tile has.
const sigmas = 1.5; // semi-axes of an ellipse, standard deviations
const mostEllipses = 60000; // if more are in sight, only a part of them is drawn, and the panel says so
const shareSteps = 5; // the random share is one Gaussian in so many

/** The canvas over the picture. */
class Overlays {
    constructor(canvas, show, viewport) {
        Object.assign(this, { canvas, show, viewport });
        this.ellipses = "off"; // "all", "share"
        this.centers = this.load = false;
        this.note = "";
    }

    draw() {
        const { canvas, viewport, show } = this, ratio = devicePixelRatio || 1;
        const [width, height] = [Math.round(viewport.width * ratio), Math.round(viewport.height * ratio)];
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
        const context = canvas.getContext("2d");
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, width, height);
        this.note = "";
        this.drawnFrom = show.painting?.whole; // the lists that the picture is painted with now
        if (!this.drawnFrom) return;
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        if (this.load) this.drawLoad(context);
        if (this.ellipses !== "off") this.drawEllipses(context);
        if (this.centers) this.drawCenters(context);
    }

    /** The numbers of those Gaussians of the level of detail that reach into the window. */
    inSight() {
        const { picture, whole } = this.show.painting, { xy, scale } = picture.arrays, { view } = this.viewport;
        const found = [], every = this.ellipses === "share" ? shareSteps : 1;
        for (let i = 0; i < whole.extent.n; ++i) {
            if (every > 1 && hash(i) % every) continue;
            const reach = sigmas * Math.max(scale[2 * i], scale[2 * i + 1]);
            const x = xy[2 * i] - view.x, y = xy[2 * i + 1] - view.y;
            if (x + reach >= 0 && y + reach >= 0 && x - reach <= view.width && y - reach <= view.height) found.push(i);
        }
        return found;
    }

    drawEllipses(context) {
        const { painting } = this.show, { xy, scale, angle } = painting.picture.arrays, { viewport } = this;
        let chosen = this.inSight();
        const all = chosen.length;
        if (all > mostEllipses) chosen = chosen.filter((i) => hash(i) % all < mostEllipses);
        this.note = `${chosen.length.toLocaleString("en")} of ${all.toLocaleString("en")} ellipses in sight`;
        const area = (i) => scale[2 * i] * scale[2 * i + 1];
        chosen.sort((a, b) => area(b) - area(a)); // so that small ones are on top
        context.lineWidth = 1;
        for (const i of chosen) {
            const [x, y] = viewport.toWindow(xy[2 * i], xy[2 * i + 1]);
            const radii = [0, 1].map((k) => Math.max(sigmas * scale[2 * i + k] * viewport.zoom, 0.4));
            context.beginPath();
            context.ellipse(x, y, radii[0], radii[1], angle[i], 0, 2 * Math.PI);
            const [r, g, b] = shownColor(painting, i);
            context.fillStyle = `rgb(${r} ${g} ${b} / 0.85)`;
            context.strokeStyle = r + g + b > 300 ? "#0008" : "#fff8";
            context.fill();
            if (Math.max(...radii) > 3) context.stroke();
        }
    }

    drawCenters(context) {
        const { xy } = this.show.painting.picture.arrays, { viewport } = this;
        context.fillStyle = "#ff2d6f";
        context.strokeStyle = "#fff";
        const size = Math.min(Math.max(viewport.zoom, 1), 3);
        for (const i of this.inSight()) {
            const [x, y] = viewport.toWindow(xy[2 * i], xy[2 * i + 1]);
            context.fillRect(x - size / 2, y - size / 2, size, size);
            if (size === 3) context.strokeRect(x - 2, y - 2, 4, 4);
        }
    }

    /** Draws the number of Gaussians of each tile as a colour, from blue (few) to red (many). */
    drawLoad(context) {
        const { whole } = this.show.painting, { grid, tiles } = whole, { viewport } = this;
        let most = 1;
        for (let t = 1; t < tiles.length; t += 2) most = Math.max(most, tiles[t]);
        for (let row = 0; row < grid.rows; ++row)
            for (let column = 0; column < grid.columns; ++column) {
                const count = tiles[2 * (row * grid.columns + column) + 1];
                const [x, y] = viewport.toWindow(grid.x + column * grid.side[0], grid.y + row * grid.side[1]);
                context.fillStyle = `hsl(${230 - 230 * (count / most)} 90% 50% / 0.55)`;
                context.fillRect(x, y, grid.side[0] * viewport.zoom - 0.5, grid.side[1] * viewport.zoom - 0.5);
            }
        this.note = `tiles: up to ${most} Gaussians (red)`;
    }
}

/** The colour (r, g, b), 0..255, of Gaussian i in the map that is shown. */
function shownColor({ picture, shown }, i) {
    const { color } = picture.arrays, channels = picture.channels.length;
    const value = (column) => Math.round(255 * Math.min(Math.max(color[i * channels + column], 0), 1));
    return (shown.columns.length < 3 ? [0, 0, 0] : [0, 1, 2]).map((k) => value(shown.columns[k]));
}

/** A number that looks random, the same for the same i. */
function hash(i) {
    let h = Math.imul(i ^ 0x9e3779b9, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
}
