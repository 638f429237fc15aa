// Paints frames, only when something has changed. If a frame takes long, frames are coarser while the picture moves.
const slowFrame = 60; // milliseconds; if a frame takes longer, moving frames have fewer pixels
const restDelay = 140; // milliseconds after the last change, when a sharp frame is painted
const mostPixels = 2 ** 25; // of a frame

class Frames extends EventTarget {
    /** show: {painting}, which is null before there is a picture; viewport: see Viewport. */
    constructor(show, viewport) {
        super();
        Object.assign(this, { show, viewport, coarseness: 1, asked: false, busy: false, rest: 0, painted: 0 });
    }

    /** Asks for a frame. moving: whether another one will follow soon. */
    ask(moving = false) {
        this.moving = moving && this.coarseness > 1;
        clearTimeout(this.rest);
        if (this.moving) this.rest = setTimeout(() => this.ask(), restDelay);
        if (this.asked) return;
        this.asked = true;
        requestAnimationFrame(() => this.frame());
    }

    /** The size of a sharp frame, pixels. */
    get size() {
        const { width, height } = this.viewport, ratio = devicePixelRatio || 1;
        const less = Math.min(1, Math.sqrt(mostPixels / (width * height * ratio * ratio)));
        return { width: Math.max(1, Math.round(width * ratio * less)), height: Math.max(1, Math.round(height * ratio * less)) };
    }

    /** Paints a frame. */
    async frame() {
        if (this.busy) return requestAnimationFrame(() => this.frame());
        this.asked = false;
        const { painting } = this.show;
        if (!painting) return;
        this.busy = true;
        try {
            const shrink = this.moving ? this.coarseness : 1, { size } = this;
            const used = { width: Math.ceil(size.width / shrink), height: Math.ceil(size.height / shrink) };
            const start = performance.now();
            await painting.paint(this.viewport.view, used);
            await painting.renderer.finish(); // only then is the time of the frame known
            this.adapt((performance.now() - start) * shrink * shrink);
            this.painted += 1;
            this.dispatchEvent(new Event("painted"));
        } catch (error) {
            if (error.name !== "AbortError") say(String(error.message ?? error), true);
        } finally {
            this.busy = false;
        }
    }

    /** Chooses how coarse moving frames are, by the time that a sharp frame takes. */
    adapt(milliseconds) {
        const wanted = Math.sqrt(milliseconds / slowFrame);
        this.coarseness = wanted <= 1 ? 1 : wanted < 2 ? 2 : 4;
    }
}
