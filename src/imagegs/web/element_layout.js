// What of <image-gs> is not about pictures: its box, its size on the screen, its text for those who do not
// see it.

import { UnsupportedError } from "./errors.js";

const rules = `
:host { display: inline-block; position: relative; overflow: hidden; }
:host([hidden]) { display: none; }
canvas {
    position: absolute; inset: 0; width: 100%; height: 100%; padding: inherit; box-sizing: border-box;
    object-fit: inherit; object-position: inherit;
}
`;

const commonSheets = new WeakMap();

/** The shadow tree of an element, and what it knows about its size. */
export class ElementLayout {
    #host;
    #internals;
    #canvas = document.createElement("canvas");
    #filler = document.createElement("div"); // as wide as the picture, where nothing else says how wide
    #text = document.createElement("span");
    #root;
    /** @type {CSSStyleSheet | null} */
    #sizes = null; // a style sheet of its own
    /** @type {{width: number, height: number} | null} */
    #natural = null;
    #onrepaint;
    #resizing;
    /** @type {MediaQueryList | null} */
    #density = null; // a MediaQueryList, true while the screen's density is what it was

    /** onrepaint: called when what is shown has another size on the screen, or is lost. */
    constructor(host, onrepaint) {
        this.#host = host;
        this.#onrepaint = onrepaint;
        this.#internals = host.attachInternals();
        this.#root = host.attachShadow({ mode: "open" });
        this.#text.part = "alt";
        this.#text.hidden = true;
        this.#root.append(this.#filler, this.#canvas, this.#text);
        this.dress();
        this.#resizing = new ResizeObserver(() => onrepaint());
        this.#canvas.addEventListener("contextrestored", () => onrepaint());
    }

    /**
     * Style sheets are adopted, which a page's policy allows where it forbids <style>. They are of one
     * document, so another one needs others.
     */
    dress() {
        const view = this.#host.ownerDocument.defaultView;
        if (!view) return;
        this.#sizes = new view.CSSStyleSheet();
        this.#root.adoptedStyleSheets = [commonSheet(view), this.#sizes];
        this.update();
    }

    connect() {
        this.#resizing.observe(this.#host);
        this.#watchDensity();
        this.update();
    }

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

    setNaturalSize(width, height) {
        this.#natural = { width, height };
        this.update();
    }

    /** As before a picture came. */
    forget() {
        this.#natural = null;
        this.#canvas.width = this.#canvas.height = 0;
        this.#text.hidden = true;
        this.update();
    }

    showAlt() {
        this.#text.hidden = false;
    }

    /** Follows the attributes and the picture's size. */
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

    /** The "width" or "height" of the content, or, without a box, of the attribute; null without both. */
    side(name) {
        const shown = Math.round(contentBox(this.#host)[name]);
        if (shown >= 0) return shown;
        const length = lengthOf(this.#host.getAttribute(name));
        return length.endsWith("px") ? Math.trunc(parseFloat(length)) : null;
    }

    /**
     * How large the picture is to be painted, in pixels of the screen and at most `most` a side; null if not
     * at all.
     */
    pixels(most) {
        const box = this.#fitted(contentBox(this.#host));
        if (!(box.width > 0 && box.height > 0)) return null;
        const scale = Math.min(devicePixelRatio, most / box.width, most / box.height);
        const side = (length) => Math.max(1, Math.round(length * scale));
        return { width: side(box.width), height: side(box.height) };
    }

    /** The size of the whole picture in a box of this size, CSS pixels, by the element's object-fit. */
    #fitted({ width, height }) {
        const fit = getComputedStyle(this.#host).objectFit,
            { width: w, height: h } = this.#natural ?? { width, height };
        if (!fit || fit === "fill" || !width || !height) return { width, height };
        const contain = Math.min(width / w, height / h),
            cover = Math.max(width / w, height / h);
        const scale = { contain, cover, none: 1, "scale-down": Math.min(1, contain) }[fit];
        return { width: w * scale, height: h * scale };
    }

    /** Shows the lower left corner of another canvas. */
    show(from, { width, height }) {
        if (this.#canvas.width !== width || this.#canvas.height !== height)
            Object.assign(this.#canvas, { width, height });
        const context = this.#canvas.getContext("2d");
        if (!context) throw new UnsupportedError("this browser gives no canvas to show pictures on");
        context.globalCompositeOperation = "copy";
        context.drawImage(from, 0, from.height - height, width, height, 0, 0, width, height);
    }
}

/** The rules of all elements of a window's document. */
function commonSheet(view) {
    if (!commonSheets.has(view.document)) {
        const sheet = new view.CSSStyleSheet();
        sheet.replaceSync(rules);
        commonSheets.set(view.document, sheet);
    }
    return commonSheets.get(view.document);
}

/** The size of an element's content, CSS pixels; NaN where it has no box. */
function contentBox(element) {
    const style = getComputedStyle(element),
        sum = (...names) => names.reduce((n, name) => n + parseFloat(style[name]), 0);
    const width = parseFloat(style.width),
        height = parseFloat(style.height);
    if (style.boxSizing !== "border-box") return { width, height };
    return {
        width: width - sum("paddingLeft", "paddingRight", "borderLeftWidth", "borderRightWidth"),
        height: height - sum("paddingTop", "paddingBottom", "borderTopWidth", "borderBottomWidth"),
    };
}

/** A length as <img width> has them: pixels, or a percentage; else "". */
function lengthOf(text) {
    const [, number, percent] = /^\s*(\d+(?:\.\d*)?)\s*(%?)/.exec(text ?? "") ?? [];
    return number === undefined ? "" : `${number}${percent || "px"}`;
}
