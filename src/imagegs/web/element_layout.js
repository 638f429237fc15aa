// The layout of <image-gs>: its box, its size on the screen, and its text for those who do not see the
// picture.

/** @import { Size } from "./views.js" */

import { UnsupportedError } from "./errors.js";

const rules = `
:host { display: inline-block; position: relative; overflow: hidden; }
:host([hidden]) { display: none; }
canvas {
    position: absolute; inset: 0; width: 100%; height: 100%; padding: inherit; box-sizing: border-box;
    object-fit: inherit; object-position: inherit;
}
`;

/** @typedef {Window & typeof globalThis} View  the window of a document */

/** @type {WeakMap<Document, CSSStyleSheet>} */
const commonSheets = new WeakMap();

/** The shadow tree and the size of an element. */
export class ElementLayout {
    #host;
    #internals;
    #canvas = document.createElement("canvas");
    #filler = document.createElement("div"); // as wide as the picture, for an element without a width
    #text = document.createElement("span");
    #root;
    /** @type {CSSStyleSheet | null} */
    #sizes = null; // the style sheet of this element alone
    /** @type {Size | null} */
    #natural = null; // of the picture
    #onrepaint;
    #resizing;
    /** @type {MediaQueryList | null} */
    #density = null; // matches while the screen has the same density

    /**
     * @param {HTMLElement} host the element
     * @param {() => void} onrepaint called when the picture has another size on the screen, or is lost
     */
    constructor(host, onrepaint) {
        this.#host = host;
        this.#onrepaint = onrepaint;
        this.#internals = host.attachInternals();
        this.#root = host.attachShadow({ mode: "open" });
        this.#text.part = "alt";
        this.#text.hidden = true;
        this.#root.append(this.#filler, this.#canvas, this.#text);
        this.adoptStyles();
        this.#resizing = new ResizeObserver(() => onrepaint());
        this.#canvas.addEventListener("contextrestored", () => onrepaint());
    }

    /**
     * Gives the shadow tree its style sheets. They are adopted, because a page's policy may forbid <style>. A
     * sheet belongs to one document, so the element needs others when it moves to another document.
     */
    adoptStyles() {
        const view = this.#host.ownerDocument.defaultView;
        if (!view) return;
        this.#sizes = new view.CSSStyleSheet();
        this.#root.adoptedStyleSheets = [commonSheet(view), this.#sizes];
        this.update();
    }

    /** Begins to watch sizes: the element is in a document. */
    connect() {
        this.#resizing.observe(this.#host);
        this.#watchDensity();
        this.update();
    }

    /** Ends that. */
    disconnect() {
        this.#resizing.disconnect();
        this.#density?.removeEventListener("change", this.#densityChanged);
        this.#density = null;
    }

    #watchDensity() {
        this.#density?.removeEventListener("change", this.#densityChanged);
        this.#density = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
        this.#density.addEventListener("change", this.#densityChanged);
    }

    #densityChanged = () => {
        this.#watchDensity();
        this.#onrepaint();
    };

    /** Takes the size of the picture. @param {number} width @param {number} height */
    setNaturalSize(width, height) {
        this.#natural = { width, height };
        this.update();
    }

    /** Shows nothing, as before the first picture. */
    forget() {
        this.#natural = null;
        this.#canvas.width = this.#canvas.height = 0;
        this.#text.hidden = true;
        this.update();
    }

    /** Shows the text in place of the picture. */
    showAlt() {
        this.#text.hidden = false;
    }

    /** Brings text, role and styles in line with the attributes and the picture's size. */
    update() {
        const alt = this.#host.getAttribute("alt");
        this.#internals.role = alt === "" ? "presentation" : "img";
        this.#internals.ariaLabel = alt;
        this.#text.textContent = alt ?? "";
        const { width: w = 0, height: h = 0 } = this.#natural ?? {};
        const [width, height] = ["width", "height"].map((name) => lengthOf(this.#host.getAttribute(name)));
        const lengths = /px$/.test(width) && /px$/.test(height);
        const hint = lengths ? `${parseFloat(width)} / ${parseFloat(height)}` : "";
        const ratio = w ? `${w} / ${h}` : hint;
        const given = `${width ? `width: ${width};` : ""} ${height ? `height: ${height};` : ""}`;
        const host = `:host { ${given} aspect-ratio: auto ${ratio}; }`;
        this.#sizes?.replaceSync(`${host} div { width: ${w}px; max-width: 100%; }`);
    }

    /**
     * The width or height of the content, CSS pixels. Without a box it is that of the attribute; null without
     * both.
     *
     * @param {"width" | "height"} name
     * @returns {number | null}
     */
    side(name) {
        const shown = Math.round(contentBox(this.#host)[name]);
        if (shown >= 0) return shown;
        const length = lengthOf(this.#host.getAttribute(name));
        return length.endsWith("px") ? Math.trunc(parseFloat(length)) : null;
    }

    /**
     * The size at which the picture is to be painted, pixels of the screen; null if it is not shown.
     *
     * @param {number} most pixels of a side
     * @returns {Size | null}
     */
    pixels(most) {
        const box = this.#fitted(contentBox(this.#host));
        if (!(box.width > 0 && box.height > 0)) return null;
        const scale = Math.min(devicePixelRatio, most / box.width, most / box.height);
        /** @param {number} length */
        const side = (length) => Math.max(1, Math.round(length * scale));
        return { width: side(box.width), height: side(box.height) };
    }

    /**
     * The size of the whole picture in a box, CSS pixels, by the element's object-fit.
     *
     * @param {Size} box
     * @returns {Size}
     */
    #fitted({ width, height }) {
        const fit = getComputedStyle(this.#host).objectFit,
            { width: w, height: h } = this.#natural ?? { width, height };
        if (!fit || fit === "fill" || !width || !height) return { width, height };
        const contain = Math.min(width / w, height / h),
            cover = Math.max(width / w, height / h);
        /** @type {Record<string, number>} */
        const scales = { contain, cover, none: 1, "scale-down": Math.min(1, contain) };
        const scale = scales[fit];
        return { width: w * scale, height: h * scale };
    }

    /**
     * Shows the lower left corner of another canvas.
     *
     * @param {HTMLCanvasElement | OffscreenCanvas} from
     * @param {Size} size
     */
    show(from, { width, height }) {
        if (this.#canvas.width !== width || this.#canvas.height !== height)
            Object.assign(this.#canvas, { width, height });
        const context = this.#canvas.getContext("2d");
        if (!context) throw new UnsupportedError("this browser gives no canvas to show pictures on");
        context.globalCompositeOperation = "copy";
        context.drawImage(from, 0, from.height - height, width, height, 0, 0, width, height);
    }
}

/**
 * The style sheet that all elements of a window's document share.
 *
 * @param {View} view
 * @returns {CSSStyleSheet}
 */
function commonSheet(view) {
    const old = commonSheets.get(view.document);
    if (old) return old;
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(rules);
    commonSheets.set(view.document, sheet);
    return sheet;
}

/**
 * The size of an element's content, CSS pixels; NaN where it has no box.
 *
 * @param {HTMLElement} element
 * @returns {Size}
 */
function contentBox(element) {
    const style = getComputedStyle(element);
    /** @param {string[]} lengths */
    const sum = (...lengths) => lengths.reduce((n, length) => n + parseFloat(length), 0);
    const width = parseFloat(style.width),
        height = parseFloat(style.height);
    if (style.boxSizing !== "border-box") return { width, height };
    return {
        width:
            width - sum(style.paddingLeft, style.paddingRight, style.borderLeftWidth, style.borderRightWidth),
        height:
            height -
            sum(style.paddingTop, style.paddingBottom, style.borderTopWidth, style.borderBottomWidth),
    };
}

/**
 * A length as in <img width>: pixels or a percentage; else "".
 *
 * @param {string | null} text
 * @returns {string}
 */
function lengthOf(text) {
    const [, number, percent] = /^\s*(\d+(?:\.\d*)?)\s*(%?)/.exec(text ?? "") ?? [];
    return number === undefined ? "" : `${number}${percent || "px"}`;
}
