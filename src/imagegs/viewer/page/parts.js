// A picture of which only the parts in sight are loaded.
const partDelay = 80; // milliseconds between two requests while the picture moves

class Parts {
    /**
     * picture: from openPicture(); viewport, frames: what is in sight, at what size; paint(part): a Painting of a part, as
     * it is to be shown; use(painting): shows one that is prepared.
     */
    constructor(picture, { viewport, frames, paint, use }) {
        Object.assign(this, { picture, viewport, frames, paint, use });
        this.control = new AbortController(); // ends the last request
        this.timer = 0; // of a request that is to come
        this.lod = 1;
        this.shown = null; // the part that is shown
        this.next = null; // the newest part, while another one is prepared
        this.busy = false; // whether one is prepared
    }

    /** Follows a change of the view or of the level of detail. */
    follow(lod) {
        this.lod = lod;
        this.timer ||= setTimeout(() => {
            this.timer = 0;
            this.ask();
        }, partDelay);
    }

    /** Asks for what is in sight. What is not in sight any more is not fetched further. */
    async ask() {
        const { view } = this.viewport, detail = { pixelsAcross: this.frames.size.width, lod: this.lod };
        const old = this.control, { signal } = (this.control = new AbortController());
        const loading = this.shown?.covers?.(view, detail)
            ? null
            : this.picture.gaussiansFor(view, { ...detail, signal, onPart: (part) => this.take(part) });
        old.abort(); // only now, so that what both requests want stays on its way
        try {
            await loading;
        } catch (error) {
            if (!signal.aborted) say(error.message, true);
        }
    }

    /** Shows a part as soon as it is prepared; parts that come meanwhile are left out but for the newest. */
    async take(part) {
        this.next = part;
        if (this.busy) return;
        this.busy = true;
        try {
            while (this.next) {
                const newest = this.next, painting = this.paint(newest);
                this.next = null;
                await painting.prepare(this.frames.size);
                this.shown = newest;
                this.use(painting);
            }
        } catch (error) {
            say(error.message, true);
        } finally {
            this.busy = false;
        }
    }
}
