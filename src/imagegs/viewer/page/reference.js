// The original: it is shown behind a divider, and the picture's errors against it are measured.
const mostErrorPixels = 2 ** 21; // of an error map; if the part in sight has more pixels, the map is smaller
const stripPixels = 2 ** 20; // pixels that are measured at a time

/**
 * Loads an original, as ImageData. Its colours and its alpha, if it has one, are two opaque picture files: a browser
 * would change the colours of a file with alpha.
 */
async function loadReference({ color, alpha }) {
    const whole = await pixelsOf(color);
    if (alpha) {
        const { data } = await pixelsOf(alpha);
        for (let i = 0; i < data.length; i += 4) whole.data[i + 3] = data[i];
    }
    return whole;
}

/** The pixels of a picture file, without any conversion of colours. */
async function pixelsOf(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the original cannot be loaded: HTTP ${answer.status}`);
    const image = await createImageBitmap(await answer.blob(), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
}

class Reference extends EventTarget {
    constructor(canvas, divider, show, viewport) {
        super();
        Object.assign(this, { canvas, divider, show, viewport });
        this.mode = "off"; // "split", "error"
        this.share = 0.5; // of the window's width: where the divider is; the original is on its right
        this.gain = 4;
        this.loaded = new Map(); // by map
        this.work = 0; // the number of the last measurement; earlier ones stop
        this.listen();
    }

    /** The original of the map that is shown, {pixels, bitmap}; null where there is none or it is not loaded yet. */
    get original() {
        return this.loaded.get(this.show.plain?.map ?? 0) ?? null;
    }

    /** Loads the original of the map that is shown, if the page has one. */
    async load() {
        const map = this.show.plain.map, files = config.references?.[map];
        if (!files || this.loaded.has(map)) return;
        const pixels = await loadReference(files);
        const { width, height } = this.show.plain.picture;
        if (pixels.width !== width || pixels.height !== height)
            throw new Error(`the original has ${pixels.width} x ${pixels.height} pixels, the picture ${width} x ${height}`);
        this.loaded.set(map, { pixels, bitmap: await createImageBitmap(pixels) });
    }

    draw() {
        const { canvas, divider, mode, original, viewport } = this, ratio = devicePixelRatio || 1;
        Object.assign(canvas, { width: Math.round(viewport.width * ratio), height: Math.round(viewport.height * ratio) });
        divider.hidden = mode !== "split" || !original;
        divider.style.left = `${100 * this.share}%`;
        divider.setAttribute("aria-valuenow", Math.round(100 * this.share));
        if (!original || mode === "off") return;
        const context = canvas.getContext("2d");
        context.scale(ratio, ratio);
        if (mode === "error") return this.drawPart(context, this.errors);
        context.beginPath();
        context.rect(this.share * viewport.width, 0, viewport.width, viewport.height);
        context.clip();
        const { width, height } = viewport.picture;
        this.drawPart(context, { bitmap: original.bitmap, part: { x: 0, y: 0, width, height } });
    }

    /** Draws a bitmap over a part of the picture. drawn: {part: canvas pixels, bitmap} */
    drawPart(context, drawn) {
        if (!drawn) return;
        const { part, bitmap } = drawn, { viewport } = this, [x, y] = viewport.toWindow(part.x, part.y);
        context.imageSmoothingEnabled = viewport.zoom < 2; // pixels that are larger than that are drawn as squares
        context.imageSmoothingQuality = "high";
        context.clearRect(x, y, part.width * viewport.zoom, part.height * viewport.zoom);
        context.drawImage(bitmap, x, y, part.width * viewport.zoom, part.height * viewport.zoom);
    }

    /** Measures the PSNR of the part in sight, and makes its error map if that is shown. */
    async measure() {
        const work = ++this.work, { original, show } = this, part = this.partInSight();
        if (!original || !part || !show.plain) return this.setPsnr(null);
        if (this.mode === "error") await this.makeErrors(part, work);
        let sum = 0;
        const seen = new VisibleChannels(show.plain.shown), rows = Math.max(1, Math.floor(stripPixels / part.width));
        for (let y = part.y; y < part.y + part.height; y += rows) {
            const strip = { ...part, y, height: Math.min(rows, part.y + part.height - y) };
            const painted = await show.plain.readPixels(strip, strip, { grained: false });
            if (work !== this.work || !painted) return;
            sum += seen.squaredErrors(painted, original.pixels, strip);
        }
        const mean = sum / (part.width * part.height * seen.colors.length) / 255 ** 2;
        this.setPsnr(mean ? -10 * Math.log10(mean) : Infinity);
    }

    /** The part of the picture in sight, whole canvas pixels; null where nothing of it is in sight. */
    partInSight() {
        const { view, picture } = this.viewport;
        const x = Math.max(0, Math.floor(view.x)), y = Math.max(0, Math.floor(view.y));
        const width = Math.min(picture.width, Math.ceil(view.x + view.width)) - x;
        const height = Math.min(picture.height, Math.ceil(view.y + view.height)) - y;
        return width > 0 && height > 0 ? { x, y, width, height } : null;
    }

    /** Makes and shows the error map of a part. work: the number of the measurement */
    async makeErrors(part, work) {
        const step = Math.ceil(Math.sqrt((part.width * part.height) / mostErrorPixels));
        const size = { width: Math.max(1, Math.floor(part.width / step)), height: Math.max(1, Math.floor(part.height / step)) };
        const whole = { ...part, width: size.width * step, height: size.height * step };
        const painted = await this.show.plain.readPixels(whole, size, { grained: false });
        if (work !== this.work || !painted) return;
        const bitmap = await createImageBitmap(errorMap(painted, this.original.pixels, whole, size, step, this.gain, new VisibleChannels(this.show.plain.shown)));
        this.errors = { bitmap, part: whole };
        this.draw();
    }

    setPsnr(psnr) {
        this.psnr = psnr;
        this.dispatchEvent(new Event("measured"));
    }

    listen() {
        const { divider } = this;
        const move = (event) => {
            const box = divider.parentElement.getBoundingClientRect();
            this.share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
            this.draw();
        };
        divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
        divider.addEventListener("pointermove", (event) => divider.hasPointerCapture(event.pointerId) && move(event));
        divider.addEventListener("keydown", (event) => {
            const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
            if (!step) return;
            event.preventDefault();
            event.stopPropagation();
            this.share = Math.min(Math.max(this.share + step, 0), 1);
            this.draw();
        });
    }
}

/**
 * The channels of a map in which errors count, as imagegs/pictures/transparency.py defines it; pixels are straight
 * RGBA in bytes. Where the map has an alpha, colours count as far as they are visible.
 */
class VisibleChannels {
    constructor({ channels, colorSpace }) {
        const n = channels.length;
        this.hasAlpha = n % 2 === 0 && colorSpace === "srgb";
        this.colors = { 1: [0], 2: [0], 3: [0, 1, 2], 4: [0, 1, 2] }[n];
        if (n % 2 === 0 && !this.hasAlpha) this.colors.push(3);
    }

    /** Channel k of the pixel at data[i], with an alpha over middle gray. */
    at(data, i, k) {
        return this.hasAlpha ? 127.5 + (data[i + 3] / 255) * (data[i + k] - 127.5) : data[i + k];
    }

    /** The sum of squared errors over a part of the original; with an alpha, the mean of that over black and over white. */
    squaredErrors(painted, original, { x, y, width, height }) {
        let sum = 0;
        for (let row = 0; row < height; ++row)
            for (let column = 0; column < width; ++column) {
                const mine = 4 * (row * width + column), other = 4 * ((y + row) * original.width + x + column);
                for (const k of this.colors) sum += (this.at(painted, mine, k) - this.at(original.data, other, k)) ** 2;
                if (this.hasAlpha) sum += this.colors.length * ((painted[mine + 3] - original.data[other + 3]) / 2) ** 2;
            }
        return sum;
    }
}

/**
 * An opaque picture of the errors: 128 + gain times the difference, where each pixel stands for the mean of step x step
 * pixels of the original.
 */
function errorMap(painted, original, part, { width, height }, step, gain, seen) {
    const map = new ImageData(width, height);
    for (let row = 0; row < height; ++row)
        for (let column = 0; column < width; ++column)
            for (let k = 0; k < 4; ++k) {
                const i = 4 * (row * width + column) + k;
                let sum = 0;
                for (let dy = 0; dy < step; ++dy)
                    for (let dx = 0; dx < step; ++dx)
                        sum += seen.at(original.data, 4 * ((part.y + row * step + dy) * original.width + part.x + column * step + dx), k);
                map.data[i] = k === 3 ? 255 : 128 + gain * (seen.at(painted, i - k, k) - sum / step ** 2);
            }
    return map;
}
