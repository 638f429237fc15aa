// The element <image-gs src="photo.gsimg">, which behaves like <img>.

/** @import { BlockPicture } from "./block_picture.js" */
/** @import { Picture } from "./picture.js" */
/** @import { PicturePart } from "./picture_part.js" */
/** @import { Renderer } from "./renderer.js" */
/** @import { Size } from "./views.js" */

import { loadPicture, requireOk } from "./picture.js";
import { asError } from "./errors.js";
import { isWorthParts, openPicture } from "./open_picture.js";
import { ElementPart } from "./element_part.js";
import { ElementLayout } from "./element_layout.js";
import { SourceRequest, encodingError } from "./element_request.js";
import { Painting } from "./painting.js";
import { grainFactor, grainOfText } from "./grain.js";
import { leaveRenderer, queueDrawing, sharedRenderer, useRenderer } from "./shared_renderer.js";
import { levelOf } from "./levels.js";
import { mapsOf } from "./maps.js";

const ahead = "1250px"; // a lazy picture is loaded so far from the window, as browsers do with <img>

/**
 * @template {unknown[]} Values
 * @typedef {(...values: Values) => void} Action
 */
/** @typedef {<Values extends unknown[]>(action: Action<Values>) => Action<Values>} Guard */

/**
 * The element. docs/web.md has its attributes and events.
 */
export class ImageGSElement extends (globalThis.HTMLElement ?? Object) {
    static observedAttributes = ["src", "alt", "lod", "map", "grain", "width", "height", "loading"];

    /**
     * The kind of renderer for all elements of the page, see makeRenderer(). Set it before the first element
     * is there.
     */
    static api = /** @type {"webgpu" | "webgl2" | undefined} */ (undefined);

    #layout = new ElementLayout(this, () => this.repaint());
    /** @type {SourceRequest | null} */
    #request = null; // for the current src; null without src
    /** @type {IntersectionObserver | null} */
    #observer = null; // while a lazy element waits until it is near the window
    /** @type {Picture | BlockPicture | null} */
    #picture = null; // the one that is shown
    /** @type {ElementPart | null} */
    #part = null; // of that picture, where only a part of the file is fetched
    /** @type {SourceRequest | null} */
    #shownBy = null; // the request for that picture: an earlier one, until the new one has a layer
    /** @type {Painting | null} */
    #painting = null;
    #stale = false; // the picture must be painted again
    /** @type {Promise<void> | null} */
    #repainting = null; // while that is being done

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
        this.#layout.adoptStyles();
        this.#proceed(this.#request);
    }

    /** @param {string} name */
    attributeChangedCallback(name) {
        if (name === "src") return this.#start();
        if (name === "loading") return this.#proceed(this.#request);
        this.#layout.update();
        const wasWrong = this.#request?.failure instanceof RangeError; // a map that the file does not have
        if (name === "map" && wasWrong) this.#start();
        if (["lod", "map", "grain"].includes(name)) this.repaint();
    }

    /**
     * Whether there is nothing to wait for: the picture is painted in full, has failed, or there is no src.
     */
    get complete() {
        return !this.#request || this.#request.over || !this.#address;
    }

    /** The absolute address of the file that is shown or loaded; "" where there is none. */
    get currentSrc() {
        return this.#request?.url ?? "";
    }

    /** The width of the picture's canvas, pixels; 0 before it is known. */
    get naturalWidth() {
        return this.#picture?.width ?? 0;
    }

    /** The height of the picture's canvas, pixels; 0 before it is known. */
    get naturalHeight() {
        return this.#picture?.height ?? 0;
    }

    /** The picture, see Picture; null before its header has come. */
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

    /** The attribute src, without spaces around it. */
    get #address() {
        return (this.getAttribute("src") ?? "").trim();
    }

    /** Begins a request for the new src. */
    #start() {
        this.#stopWatching();
        this.#request?.fail(new DOMException("another picture took its place", "AbortError"));
        const request = (this.#request = this.hasAttribute("src") ? new SourceRequest() : null);
        if (!request) this.#forget();
        // Not at once, as with <img>: several changes may follow, and `loading` may be set after `src`.
        else queueMicrotask(() => this.#proceed(request));
    }

    /**
     * Loads the file, or waits until the element is near the window.
     *
     * @param {SourceRequest | null} request
     */
    #proceed(request) {
        if (!request || request.started || request !== this.#request) return;
        if (!this.ownerDocument.defaultView) return; // the document has no window
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

    /** Loads and shows the file of a request. @param {SourceRequest} request */
    async #load(request) {
        if (request.started) return;
        request.started = true;
        this.#stopWatching();
        await null; // no event comes before the call that caused it has returned
        const isCurrent = () => this.#request === request && !request.over;
        try {
            await this.#fetch(request, (action) => (...values) => {
                if (isCurrent()) action(...values);
            });
            if (isCurrent()) await this.#loadPart();
            if (isCurrent()) await this.#repaint();
            if (isCurrent()) this.#finish(request);
        } catch (error) {
            if (isCurrent()) this.#fail(error, request);
        }
    }

    /**
     * Fetches the file of a request and shows the picture while it comes.
     *
     * @param {SourceRequest} request
     * @param {Guard} current makes functions that do nothing once the request is over or another one has come
     */
    async #fetch(request, current) {
        if (request.over) return;
        if (!this.#address) throw new Error("src is empty");
        request.url = new URL(this.#address, this.baseURI).href;
        const { url, signal } = request,
            response = requireOk(await fetch(url, { signal }));
        if (isWorthParts(response)) {
            await response.body?.cancel();
            return this.#open(request, current);
        }
        const picture = await loadPicture(response, {
            signal,
            onHeader: current((picture) => this.#picture || this.#take(picture, request)),
            onLayer: current((picture) => {
                this.#take(picture, request);
                this.repaint();
            }),
            onProgress: current((_, loaded, total) => this.#reportProgress(loaded, total)),
        });
        current(() => this.#take(picture, request))();
    }

    /**
     * Opens the file of a request, of which only parts are fetched.
     *
     * @param {SourceRequest} request
     * @param {Guard} current see #fetch()
     */
    async #open(request, current) {
        const { url, signal } = request,
            picture = await openPicture(url, { signal });
        const take = current(() => this.#take(picture, request, part)),
            part = new ElementPart(picture, () => (take(), this.repaint()));
        if (!this.#picture) take();
        await this.#loadPart(part);
    }

    /** Loads what the element's size needs of a picture in parts. @param {ElementPart | null} [part] */
    async #loadPart(part = this.#part) {
        if (!part) return;
        const { mostSide } = await sharedRenderer(ImageGSElement.api),
            size = this.#layout.pixels(mostSide);
        if (size) await part.load(size, this.lod);
    }

    /**
     * Shows a picture, from its header or first layer on.
     *
     * @param {Picture | BlockPicture} picture
     * @param {SourceRequest} request
     * @param {ElementPart | null} [part] of a picture that is fetched in parts
     */
    #take(picture, request, part = null) {
        if (picture === this.#picture) return;
        const { width, height } = picture;
        if (this.naturalWidth !== width || this.naturalHeight !== height) this.#forget();
        this.#drop();
        this.#picture = picture;
        this.#part = part;
        this.#shownBy = request;
        this.#layout.setNaturalSize(width, height);
        const start = sharedRenderer(ImageGSElement.api).then((renderer) => renderer.ready(picture.blend));
        start.catch(() => {}); // painting will report the same error
    }

    /** Closes the picture that is shown. @param {unknown} [reason] */
    #drop(reason) {
        this.#painting?.release();
        this.#picture?.close(reason);
        this.#painting = this.#picture = this.#part = this.#shownBy = null;
    }

    /** Shows nothing. @param {unknown} [reason] */
    #forget(reason) {
        this.#drop(reason);
        this.#layout.forget();
    }

    /** @param {number} loaded bytes @param {number} total bytes; 0 if unknown */
    #reportProgress(loaded, total) {
        this.dispatchEvent(new ProgressEvent("progress", { lengthComputable: total > 0, loaded, total }));
    }

    /** @param {SourceRequest} request */
    #finish(request) {
        request.succeed();
        this.dispatchEvent(new Event("load"));
    }

    /** @param {unknown} error @param {SourceRequest | null} request */
    #fail(error, request) {
        if (!request || request !== this.#request || request.failure) return;
        request.fail(error);
        this.#forget(error);
        this.#layout.showAlt();
        this.dispatchEvent(new ErrorEvent("error", { error, message: asError(error).message }));
    }

    /**
     * Paints again, because the element's size, level or map has changed. Calls in quick succession count as
     * one.
     */
    repaint() {
        const request = this.#shownBy;
        if (this.#picture?.layers.length) this.#repaint().catch((error) => this.#fail(error, request));
    }

    /** Paints again; resolves when the latest state is painted. */
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

    /**
     * What to paint of the picture; null before there is anything. Where the element's size or its level have
     * changed, newer parts follow.
     *
     * @param {Size} size
     */
    #painted(size) {
        const part = this.#part,
            request = this.#shownBy;
        if (!part) return /** @type {Picture} */ (this.#picture);
        part.load(size, this.lod).catch((error) => this.#fail(error, request));
        return part.current;
    }

    /** The painting of what is painted. @param {Renderer} renderer @param {Picture | PicturePart} painted */
    #paintingOf(renderer, painted) {
        if (this.#painting?.picture !== painted) {
            this.#painting?.release();
            this.#painting = new Painting(renderer, painted);
        }
        return this.#painting;
    }

    /** @param {Picture | BlockPicture | null} picture */
    async #paint(picture) {
        const renderer = await sharedRenderer(ImageGSElement.api);
        if (!picture || picture !== this.#picture) return;
        const map = this.#mapNumber(picture),
            size = this.#layout.pixels(renderer.mostSide);
        if (!size) return; // not shown, or empty
        const painted = this.#painted(size);
        if (!painted) return;
        const painting = this.#paintingOf(renderer, painted),
            { width, height } = picture;
        painting.renderer = renderer;
        painting.filtered = painted.filtered;
        painting.map = map;
        painting.lod = this.lod;
        painting.grain = this.grain;
        await painting.prepare(size);
        await queueDrawing(async () => {
            if (picture !== this.#picture) return;
            renderer.makeRoom(size);
            if (painting.draw({ x: 0, y: 0, width, height }, size)) this.#layout.show(renderer.canvas, size);
            if (painted.complete) painting.release(); // other elements need the card's memory
            await renderer.check();
        });
    }

    /**
     * The number of the map to show; RangeError where there is none of that name.
     *
     * @param {Picture | BlockPicture} picture
     */
    #mapNumber(picture) {
        const name = this.getAttribute("map");
        if (name === null) return 0;
        const number = mapsOf(picture).findIndex((map) => map.name === name);
        if (number < 0) throw new RangeError(`there is no map ${JSON.stringify(name)}`);
        return number;
    }

    /** The level of detail, 0..1; 1 where the attribute is no such number. @returns {number} */
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

    /**
     * The width of the content, CSS pixels. Without a box it is that of the attribute, and without that the
     * picture's.
     */
    get width() {
        return this.#layout.side("width") ?? this.naturalWidth;
    }

    set width(pixels) {
        this.setAttribute("width", String(pixels));
    }

    /** The height, likewise. */

    get height() {
        return this.#layout.side("height") ?? this.naturalHeight;
    }

    set height(pixels) {
        this.setAttribute("height", String(pixels));
    }

    /** The absolute address of the file; the attribute itself where that is no address. */
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

    /** The text for those who do not see the picture. */
    get alt() {
        return this.getAttribute("alt") ?? "";
    }

    set alt(text) {
        this.setAttribute("alt", text);
    }

    /** The name of the map that is shown; "" for the first. */
    get map() {
        return this.getAttribute("map") ?? "";
    }

    set map(name) {
        this.setAttribute("map", name);
    }

    /** "lazy": the file is not loaded before the element is near the window. @returns {string} */
    get loading() {
        return this.getAttribute("loading")?.toLowerCase() === "lazy" ? "lazy" : "eager";
    }

    set loading(value) {
        this.setAttribute("loading", value);
    }
}

/**
 * Turns properties that were set on an element before it became an <image-gs> into attributes; they would
 * hide the properties of the class.
 *
 * @param {ImageGSElement} host
 * @returns {boolean} whether src was among them
 */
function adoptProperties(host) {
    const element = /** @type {HTMLElement & Record<string, string>} */ (/** @type {unknown} */ (host));
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
