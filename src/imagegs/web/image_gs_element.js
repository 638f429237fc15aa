// <image-gs src="photo.gsimg">: behaves like <img>.

import { loadPicture } from "./picture.js";
import { ElementLayout } from "./element_layout.js";
import { SourceRequest, encodingError } from "./element_request.js";
import { Painting } from "./painting.js";
import { inTurn, leaveRenderer, sharedRenderer, useRenderer } from "./shared_renderer.js";
import { grainFactor, grainOfText } from "./grain.js";
import { levelOf } from "./levels.js";
import { mapsOf } from "./maps.js";

const ahead = "1250px"; // from the window, at which a lazy picture is loaded: as browsers do with <img>

/**
 * The element. Attributes and events are in docs/web.md.
 */
export class ImageGSElement extends (globalThis.HTMLElement ?? Object) {
    static observedAttributes = ["src", "alt", "lod", "map", "grain", "width", "height", "loading"];

    /** What all elements of the page are painted by: see makeRenderer(). To be set before the first one. */
    static api = /** @type {"webgpu" | "webgl2" | undefined} */ (undefined);

    #layout = new ElementLayout(this, () => this.repaint());
    /** @type {SourceRequest | null} */
    #request = null; // what src asks for; null without src
    /** @type {IntersectionObserver | null} */
    #observer = null; // of a lazy element that has not been near the window yet
    /** @type {import("./picture.js").Picture | null} */
    #picture = null; // what is shown
    /** @type {SourceRequest | null} */
    #shownBy = null; // the request for it: an earlier one until the new one has something to show
    /** @type {Painting | null} */
    #painting = null;
    #stale = false; // what is painted is not what is to be seen
    /** @type {Promise<void> | null} */
    #repainting = null; // a promise, while that is being mended

    constructor() {
        super();
        if (adoptProperties(this)) this.#start();
    }

    connectedCallback() {
        useRenderer(this);
        this.#layout.connect();
        this.#proceed(this.#request);
    }

    disconnectedCallback() {
        leaveRenderer(this);
        this.#layout.disconnect();
        this.#stopWatching();
        this.#painting?.release();
    }

    adoptedCallback() {
        this.#layout.dress();
        this.#proceed(this.#request);
    }

    attributeChangedCallback(name) {
        if (name === "src") return this.#start();
        if (name === "loading") return this.#proceed(this.#request);
        this.#layout.update();
        const wasWrong = this.#request?.failure instanceof RangeError; // there was no such map
        if (name === "map" && wasWrong) this.#start();
        if (["lod", "map", "grain"].includes(name)) this.repaint();
    }

    /**
     * Whether there is nothing left to wait for: the picture is painted in full, it failed, or there is no
     * src.
     */
    get complete() {
        return !this.#request || this.#request.over || !this.#address;
    }

    /** The absolute address of what is shown or under way; "" where there is none. */
    get currentSrc() {
        return this.#request?.url ?? "";
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

    /** How many layers have been painted. @returns {number} */
    get paintedLayers() {
        return this.#painting?.whole?.level.layers ?? 0;
    }

    /**
     * Resolves when the picture is decoded in full and, in a document, painted, as img.decode() does. Rejects
     * with an EncodingError, whose `cause` is what went wrong.
     */
    async decode() {
        const request = this.#request;
        if (!request) throw encodingError(new Error("there is no src"));
        if (!this.ownerDocument.defaultView) throw encodingError(new Error("the document is shown nowhere"));
        this.#load(request);
        return request.decoded();
    }

    /** The attribute without spaces around it. */
    get #address() {
        return (this.getAttribute("src") ?? "").trim();
    }

    #start() {
        this.#stopWatching();
        this.#request?.fail(new DOMException("another picture took its place", "AbortError"));
        const request = (this.#request = this.hasAttribute("src") ? new SourceRequest() : null);
        if (!request) this.#forget();
        // Later, as <img> does: many changes at once are one, and `loading` may follow `src`.
        else queueMicrotask(() => this.#proceed(request));
    }

    /** Asks for the file, or waits until that is due. */
    #proceed(request) {
        if (!request || request.started || request !== this.#request) return;
        if (!this.ownerDocument.defaultView) return; // shown nowhere
        if (this.loading !== "lazy" || !globalThis.IntersectionObserver) return this.#load(request);
        if (!this.isConnected || this.#observer) return;
        this.#observer = new IntersectionObserver(
            (entries) => entries[entries.length - 1].isIntersecting && this.#load(request),
            { rootMargin: ahead },
        );
        this.#observer.observe(this);
    }

    #stopWatching() {
        this.#observer?.disconnect();
        this.#observer = null;
    }

    async #load(request) {
        if (request.started) return;
        request.started = true;
        this.#stopWatching();
        await null; // events follow what caused them
        const current =
            (action) =>
            (...values) => {
                if (this.#request === request && !request.over) return action(...values);
            };
        const finish = current(() => this.#finish(request)),
            fail = current((error) => this.#fail(error, request));
        try {
            await this.#fetch(request, current);
            await current(() => this.#repaint())();
            finish();
        } catch (error) {
            fail(error);
        }
    }

    async #fetch(request, current) {
        if (request.over) return;
        if (!this.#address) throw new Error("src is empty");
        request.url = new URL(this.#address, this.baseURI).href;
        const picture = await loadPicture(request.url, {
            signal: request.signal,
            onHeader: current((picture) => this.#picture || this.#take(picture, request)),
            onLayer: current((picture) => {
                this.#take(picture, request);
                this.repaint();
            }),
            onProgress: current((_, loaded, total) => this.#tell(loaded, total)),
        });
        current(() => this.#take(picture, request))();
    }

    /** Shows a picture, from its header or first layer on. */
    #take(picture, request) {
        if (picture === this.#picture) return;
        const { width, height } = picture;
        if (this.naturalWidth !== width || this.naturalHeight !== height) this.#forget();
        this.#drop();
        this.#picture = picture;
        this.#shownBy = request;
        this.#layout.setNaturalSize(width, height);
        const start = sharedRenderer(ImageGSElement.api).then((renderer) => renderer.ready(picture.blend));
        start.catch(() => {}); // whatever it is, painting will meet it too
    }

    #drop(reason) {
        this.#painting?.release();
        this.#picture?.close(reason);
        this.#painting = this.#picture = this.#shownBy = null;
    }

    /** Shows nothing. */
    #forget(reason) {
        this.#drop(reason);
        this.#layout.forget();
    }

    #tell(loaded, total) {
        this.dispatchEvent(new ProgressEvent("progress", { lengthComputable: total > 0, loaded, total }));
    }

    #finish(request) {
        request.succeed();
        this.dispatchEvent(new Event("load"));
    }

    #fail(error, request) {
        if (request !== this.#request || request.failure) return;
        request.fail(error);
        this.#forget(error);
        this.#layout.showAlt();
        this.dispatchEvent(new ErrorEvent("error", { error, message: error.message }));
    }

    /** Paints anew what the element's size, level or map has changed; many calls at once are one. */
    repaint() {
        const request = this.#shownBy;
        if (this.#picture?.layers.length) this.#repaint().catch((error) => this.#fail(error, request));
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
                if (picture && picture === this.#picture && !picture.closed) throw error;
            }
        }
    }

    async #paint(picture) {
        const renderer = await sharedRenderer(ImageGSElement.api);
        if (!picture || picture !== this.#picture) return;
        const map = this.#mapNumber(picture),
            size = this.#layout.pixels(renderer.mostSide);
        if (!size) return; // not shown, or empty
        const painting = (this.#painting ??= new Painting(renderer, picture)),
            { width, height } = picture;
        painting.renderer = renderer;
        painting.map = map;
        painting.lod = this.lod;
        painting.grain = this.grain;
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

    /** Level of detail, 0..1; of an attribute that is not, 1. @returns {number} */
    get lod() {
        const text = this.getAttribute("lod"),
            lod = Number(text ?? 1);
        return text !== "" && lod >= 0 && lod <= 1 ? lod : 1;
    }

    set lod(lod) {
        levelOf(lod, 2); // or RangeError
        this.setAttribute("lod", String(lod));
    }

    /** A factor on the file's grain, 0..2; 1 of an attribute that is none. @returns {number} */
    get grain() {
        return grainOfText(this.getAttribute("grain"));
    }

    set grain(strength) {
        grainFactor(strength); // or RangeError
        this.setAttribute("grain", String(strength));
    }

    /** Of the content, CSS pixels; where it has no box that of the attribute, else of the picture. */
    get width() {
        return this.#layout.side("width") ?? this.naturalWidth;
    }

    set width(pixels) {
        this.setAttribute("width", String(pixels));
    }

    get height() {
        return this.#layout.side("height") ?? this.naturalHeight;
    }

    set height(pixels) {
        this.setAttribute("height", String(pixels));
    }

    /** The absolute address; the attribute where it is none. */
    get src() {
        const src = this.getAttribute("src") ?? "";
        try {
            return src ? new URL(src, this.baseURI).href : "";
        } catch {
            return src;
        }
    }

    set src(value) {
        this.setAttribute("src", value);
    }

    get alt() {
        return this.getAttribute("alt") ?? "";
    }

    set alt(text) {
        this.setAttribute("alt", text);
    }

    /** Name of the map that is shown; "" for the first. */
    get map() {
        return this.getAttribute("map") ?? "";
    }

    set map(name) {
        this.setAttribute("map", name);
    }

    get loading() {
        return this.getAttribute("loading")?.toLowerCase() === "lazy" ? "lazy" : "eager";
    }

    set loading(value) {
        this.setAttribute("loading", value);
    }
}

/**
 * Turns what was set on an element before it was one of these, and would hide the class' properties, into
 * attributes. Returns whether src was among it.
 */
function adoptProperties(element) {
    const own = ImageGSElement.observedAttributes.filter((name) => Object.hasOwn(element, name));
    for (const name of own) {
        const value = element[name];
        delete element[name];
        element.setAttribute(name, value);
    }
    return own.includes("src");
}

if (globalThis.customElements && !customElements.get("image-gs"))
    customElements.define("image-gs", ImageGSElement);
