// <image-gs src="photo.gsimg">: behaves like <img>.

import { loadPicture } from "./picture.js";
import { ElementLayout } from "./element_layout.js";
import { Painting } from "./painting.js";
import { inTurn, leaveRenderer, sharedRenderer, useRenderer } from "./shared_renderer.js";
import { levelOf } from "./levels.js";
import { mapsOf } from "./maps.js";

const ahead = "1250px"; // from the window, at which a lazy picture is loaded: as browsers do with <img>

/**
 * The element. Attributes and events are in docs/web.md.
 */
export class ImageGSElement extends (globalThis.HTMLElement ?? Object) {
    static observedAttributes = ["src", "alt", "lod", "map", "width", "height", "loading"];

    /** What all elements of the page are painted by: see makeRenderer(). To be set before the first one. */
    static api = undefined;

    #layout = new ElementLayout(this, () => this.repaint());
    #picture = null;
    #painting = null;
    #loading = null; // AbortController of what is being loaded
    #observer = null; // of a lazy element that has not been near the window yet
    #stale = false; // what is painted is not what is to be seen
    #repainting = null; // a promise, while that is being mended
    #complete = true;
    #failure = null;
    #promise = null; // of decode()

    connectedCallback() {
        useRenderer(this);
        this.#layout.connect();
        if (!this.#picture && !this.#loading) this.#start();
    }

    disconnectedCallback() {
        leaveRenderer(this);
        this.#layout.disconnect();
        this.#observer?.disconnect();
        this.#observer = null;
        this.#painting?.release();
    }

    attributeChangedCallback(name, before, after) {
        if (name === "src") return this.isConnected && this.#start();
        if (name === "loading") return after !== "lazy" && this.#observer && this.#load();
        this.#layout.update();
        if (name === "lod" || name === "map") this.repaint();
    }

    /**
     * Whether there is nothing left to wait for: the picture is painted in full, it failed, or there is no
     * src.
     */
    get complete() {
        return this.#complete;
    }

    /** Of the canvas, pixels; 0 before they are known. */
    get naturalWidth() {
        return this.#picture?.width ?? 0;
    }

    get naturalHeight() {
        return this.#picture?.height ?? 0;
    }

    /** The picture, once its header has come: see Picture; else null. */
    get picture() {
        return this.#picture;
    }

    /** How many layers have been painted. */
    get paintedLayers() {
        return this.#painting?.whole?.level.layers ?? 0;
    }

    /** Resolves when the picture is painted in full, as img.decode() does; rejects with what went wrong. */
    decode() {
        if (!this.#promise) return Promise.reject(new DOMException("there is no src", "EncodingError"));
        if (this.#observer) this.#load();
        return this.#promise.done;
    }

    #start() {
        this.#abandon();
        this.#layout.forget();
        const src = this.getAttribute("src");
        this.#complete = src === null;
        if (src === null) return;
        this.#promise = {};
        this.#promise.done = new Promise((resolve, reject) =>
            Object.assign(this.#promise, { resolve, reject }),
        );
        this.#promise.done.catch(() => {});
        if (this.loading !== "lazy" || !globalThis.IntersectionObserver) return this.#load();
        this.#observer = new IntersectionObserver(
            (entries) => entries.at(-1).isIntersecting && this.#load(),
            { rootMargin: ahead },
        );
        this.#observer.observe(this);
    }

    /** Lets go of what is shown or under way. */
    #abandon() {
        const reason = new DOMException("another picture took its place", "AbortError");
        this.#observer?.disconnect();
        this.#loading?.abort(reason);
        this.#promise?.reject(reason);
        this.#painting?.release();
        this.#picture?.close();
        this.#observer =
            this.#loading =
            this.#promise =
            this.#painting =
            this.#picture =
            this.#failure =
                null;
    }

    async #load() {
        this.#observer?.disconnect();
        this.#observer = null;
        const loading = (this.#loading = new AbortController());
        const current =
            (action) =>
            (...values) => {
                if (this.#loading === loading) action(...values);
            };
        try {
            const picture = await loadPicture(new URL(this.getAttribute("src"), this.baseURI).href, {
                signal: loading.signal,
                onHeader: current((picture) => this.#begin(picture)),
                onLayer: current(() => this.repaint()),
                onProgress: current((_, loaded, total) => this.#tell(loaded, total)),
            });
            if (this.#loading !== loading) return;
            await this.#repaint();
            if (this.#loading !== loading) return;
            this.#complete = true;
            this.#promise.resolve();
            this.dispatchEvent(new Event("load"));
        } catch (error) {
            if (this.#loading === loading) this.#fail(error);
        }
    }

    #begin(picture) {
        this.#picture = picture;
        this.#layout.setNaturalSize(picture.width, picture.height);
        const start = sharedRenderer(ImageGSElement.api).then((renderer) => renderer.ready(picture.blend));
        start.catch(() => {}); // whatever it is, painting will meet it too
    }

    #tell(loaded, total) {
        this.dispatchEvent(new ProgressEvent("progress", { lengthComputable: total > 0, loaded, total }));
    }

    #fail(error) {
        if (this.#failure) return;
        this.#loading?.abort(error);
        this.#picture?.close(error);
        this.#complete = true;
        this.#failure = error;
        this.#layout.showAlt();
        this.#promise.reject(error);
        this.dispatchEvent(new ErrorEvent("error", { error, message: error.message }));
    }

    /** Paints anew what the element's size, level or map has changed; many calls at once are one. */
    repaint() {
        if (!this.#failure && this.#picture?.layers.length)
            this.#repaint().catch((error) => this.#fail(error));
    }

    #repaint() {
        this.#stale = true;
        this.#repainting ??= this.#repaintUntilRight().finally(() => (this.#repainting = null));
        return this.#repainting;
    }

    async #repaintUntilRight() {
        while (this.#stale) {
            this.#stale = false;
            const picture = this.#picture;
            try {
                await this.#paint(picture);
            } catch (error) {
                if (picture === this.#picture && !picture.closed) throw error;
            }
        }
    }

    async #paint(picture) {
        const renderer = await sharedRenderer(ImageGSElement.api);
        if (picture !== this.#picture) return;
        const size = this.#layout.pixels(renderer.mostSide);
        if (!size) return; // not shown, or empty
        const painting = (this.#painting ??= new Painting(renderer, picture)),
            { width, height } = picture;
        painting.renderer = renderer;
        painting.map = this.#mapNumber(picture);
        painting.lod = this.lod;
        await painting.prepare(size);
        await inTurn(async () => {
            if (picture !== this.#picture) return;
            renderer.makeRoom(size);
            if (painting.draw({ x: 0, y: 0, width, height }, size)) this.#layout.show(renderer.canvas, size);
            if (picture.complete) painting.release(); // other elements need the card's memory more
            await renderer.check();
        });
    }

    #mapNumber(picture) {
        const name = this.getAttribute("map");
        if (name === null) return 0;
        const number = mapsOf(picture).findIndex((map) => map.name === name);
        if (number < 0) throw new RangeError(`there is no map ${JSON.stringify(name)}`);
        return number;
    }

    /** Level of detail, 0..1; of an attribute that is not, 1. */
    get lod() {
        const text = this.getAttribute("lod"),
            lod = Number(text ?? 1);
        return text !== "" && lod >= 0 && lod <= 1 ? lod : 1;
    }

    set lod(lod) {
        levelOf(lod, 2); // or RangeError
        this.setAttribute("lod", lod);
    }

    get width() {
        return Math.round(this.getBoundingClientRect().width) || this.naturalWidth;
    }

    set width(pixels) {
        this.setAttribute("width", pixels);
    }

    get height() {
        return Math.round(this.getBoundingClientRect().height) || this.naturalHeight;
    }

    set height(pixels) {
        this.setAttribute("height", pixels);
    }

    get loading() {
        return this.getAttribute("loading") === "lazy" ? "lazy" : "eager";
    }

    set loading(value) {
        this.setAttribute("loading", value);
    }
}

for (const name of ["src", "alt", "map"])
    Object.defineProperty(ImageGSElement.prototype, name, {
        get() {
            return this.getAttribute(name) ?? "";
        },
        set(value) {
            this.setAttribute(name, value);
        },
        enumerable: true,
        configurable: true,
    });

if (globalThis.customElements && !customElements.get("image-gs"))
    customElements.define("image-gs", ImageGSElement);
