// The part of the canvas that the window shows. Canvas pixels are the picture's; window pixels are CSS pixels.
const mostZoom = 2 ** 20; // float64 still tells positions apart at that zoom
const leastShare = 1 / 64; // the least zoom, as a share of the zoom that shows the whole picture

/** Dispatches "change" after each change of the view. */
class Viewport extends EventTarget {
    constructor(stage) {
        super();
        this.stage = stage;
        this.picture = { width: 1, height: 1 };
        this.center = [0.5, 0.5]; // canvas pixels
        this.zoom = 1; // window pixels a canvas pixel
        this.fitted = true; // follows the window's size until somebody moves it
        new ResizeObserver(() => (this.fitted ? this.fit() : this.changed())).observe(stage);
    }

    get width() {
        return Math.max(this.stage.clientWidth, 1);
    }

    get height() {
        return Math.max(this.stage.clientHeight, 1);
    }

    get fittingZoom() {
        return Math.min(this.width / this.picture.width, this.height / this.picture.height);
    }

    /** The rectangle that is shown, canvas pixels; it may reach beyond the canvas. */
    get view() {
        const width = this.width / this.zoom, height = this.height / this.zoom;
        return { x: this.center[0] - width / 2, y: this.center[1] - height / 2, width, height };
    }

    /** Takes the size of a picture. If it is that of the picture before, the view stays. */
    setPicture({ width, height }) {
        const same = width === this.picture.width && height === this.picture.height;
        this.picture = { width, height };
        if (!same) this.fit();
    }

    /** Shows the whole picture. */
    fit() {
        this.zoom = this.fittingZoom;
        this.center = [this.picture.width / 2, this.picture.height / 2];
        this.fitted = true;
        this.changed();
    }

    /** The point of the canvas under a point of the window. */
    toCanvas(x, y) {
        const { view } = this;
        return [view.x + x / this.zoom, view.y + y / this.zoom];
    }

    /** The point of the window over a point of the canvas. */
    toWindow(x, y) {
        const { view } = this;
        return [(x - view.x) * this.zoom, (y - view.y) * this.zoom];
    }

    /** Zooms by a factor about a point of the window, which stays where it is. */
    zoomBy(factor, x = this.width / 2, y = this.height / 2) {
        const [cx, cy] = this.toCanvas(x, y);
        const least = Math.min(this.fittingZoom, 1) * leastShare;
        const zoom = Math.min(Math.max(this.zoom * factor, least), mostZoom);
        this.center = [cx + (this.center[0] - cx) * (this.zoom / zoom), cy + (this.center[1] - cy) * (this.zoom / zoom)];
        this.zoom = zoom;
        this.moved();
    }

    /** Moves the picture by so many window pixels. */
    panBy(dx, dy) {
        const inside = (v, side) => Math.min(Math.max(v, 0), side); // some of it stays in sight
        this.center = [
            inside(this.center[0] - dx / this.zoom, this.picture.width),
            inside(this.center[1] - dy / this.zoom, this.picture.height),
        ];
        this.moved();
    }

    moved() {
        this.fitted = false;
        this.changed();
    }

    changed() {
        this.dispatchEvent(new Event("change"));
    }
}
