// The page as a whole: connects the picture, the panel and the gestures.
const show = { painting: null, plain: null, identity: null }; // painting: the one that is shown, plain or identity
const state = { map: "0", lod: 1, grain: true, ellipses: "off", centers: false, identity: false, load: false, mode: "off", gain: 4 };
const viewport = new Viewport(at("stage"));
const frames = new Frames(show, viewport);
const overlays = new Overlays(at("overlay"), show, viewport);
const reference = new Reference(at("reference"), at("divider"), show, viewport);
const measureDelay = 200; // milliseconds after the last change, when errors are measured
const parts = { keys: {}, notes: null, pointer: null, renderer: null, measuring: 0, loader: null };

/** Draws everything for the current view. moving: whether another view will follow soon. */
function draw(moving = false) {
    const [left, top] = viewport.toWindow(0, 0), { zoom, picture } = viewport;
    const box = { left, top, width: picture.width * zoom, height: picture.height * zoom };
    for (const [name, value] of Object.entries(box)) at("paper").style[name] = `${value}px`;
    frames.ask(moving);
    parts.loader?.follow(state.lod);
    overlays.draw();
    reference.draw();
    noteOverlay();
    clearTimeout(parts.measuring);
    if (reference.original) parts.measuring = setTimeout(() => reference.measure(), measureDelay);
}

/** Follows a change of `state` by the panel. name: the field that has changed. */
function changed(name) {
    Object.assign(overlays, { ellipses: state.ellipses, centers: state.centers, load: state.load });
    Object.assign(reference, { mode: state.mode, gain: state.gain });
    if (!show.plain) return;
    if (name === "identity" || name === "map") choosePainting();
    show.painting.lod = state.lod;
    show.plain.grain = Number(state.grain);
    noteLevel();
    draw(name === "lod");
    if (name === "mode" || name === "map") reference.load().then(draw, (error) => say(error.message, true));
}

/** Chooses the painting for the map and for the colours that `state` has. */
function choosePainting() {
    show.plain.map = Number(state.map);
    if (state.identity) show.identity ??= new Painting(parts.renderer, identityOf(show.plain.picture));
    show.painting = state.identity ? show.identity : show.plain;
}

/** Writes the level of detail into the panel. */
function noteLevel() {
    const { painting } = show, { layers, ends } = painting.picture, level = painting.level();
    const bytes = layers[level.layers - 1].bytes, n = ends[level.layers - 1], fading = level.fade ? ", the last fading in" : "";
    const all = (parts.loader?.picture ?? painting.picture).layers.length;
    parts.notes.lod.textContent = `${level.layers} of ${all} layers${fading}: ${n.toLocaleString("en")} Gaussians, ${bytesText(bytes)}`;
}

/** Writes into the panel what the overlay shows. */
function noteOverlay() {
    if (parts.notes) parts.notes.overlay.textContent = overlays.note;
}

/** Writes the PSNR into the panel. */
function notePsnr() {
    const { psnr } = reference;
    const text = psnr === null ? "" : `${psnr === Infinity ? "no error" : `${psnr.toFixed(2)} dB PSNR`} of the part in sight`;
    if (parts.notes) parts.notes.reference.textContent = text;
}

/** Writes size, Gaussians and bytes of the picture above it. */
function showFacts(picture) {
    const bytes = picture.layers.at(-1).bytes, bpp = (8 * bytes) / (picture.width * picture.height);
    const n = picture.ends.at(-1).toLocaleString("en");
    at("facts").textContent = `${picture.width} × ${picture.height} · ${n} Gaussians · ${bytesText(bytes)} · ${bpp.toFixed(3)} bpp`;
}

/** Shows a painting in place of the one before. file: the picture that it is of, or is a part of. */
function use(painting, file) {
    const { picture } = painting, old = show.plain;
    show.plain = painting;
    show.identity?.release();
    show.identity = null;
    if (!parts.notes) {
        const facts = { maps: mapsOf(picture), hasGrain: Boolean(picture.grain), hasReference: Object.keys(config.references ?? {}).length > 0 };
        Object.assign(parts, makePanel(at("panel"), state, facts, viewport, changed));
    }
    viewport.setPicture(picture);
    showFacts(file);
    changed("map");
    say("");
    old?.release();
    return old;
}

/** A painting of a picture, or of a part of one, as it is to be shown. */
function paintingOf(picture) {
    const options = { lod: state.lod, map: Number(state.map), grain: Number(state.grain), filtered: picture.filtered };
    return new Painting(parts.renderer, picture, options);
}

/** Paints with another renderer from now on. */
function useRenderer(renderer) {
    parts.renderer = renderer;
    for (const painting of [show.plain, show.identity]) if (painting) painting.renderer = renderer;
    if (show.painting) draw();
}

/** Makes the renderer when it is needed first. */
async function needRenderer() {
    parts.renderer ??= await startRenderer({ repaint: () => draw(), replace: useRenderer });
}

/** Loads and shows a picture. source: its address or bytes. */
async function load(source) {
    const picture = await loadPicture(source, { partial: Boolean(config.partial) });
    await needRenderer();
    use(paintingOf(picture), picture)?.picture.close();
}

/** Opens a picture, of which only the parts in sight are loaded. address: its own */
async function open(address) {
    const picture = await openPicture(address);
    await needRenderer();
    parts.loader = new Parts(picture, { viewport, frames, paint: paintingOf, use: (painting) => use(painting, picture) });
    viewport.setPicture(picture);
    draw();
}

/** The picture of the page: its address, or the bytes in the page itself. */
function sourceOf(config) {
    if (!config.data) return config.picture;
    return Uint8Array.from(atob(config.data), (letter) => letter.charCodeAt(0));
}

/** Listens to everything that the user does. */
function listen() {
    viewport.addEventListener("change", () => draw(true));
    reference.addEventListener("measured", notePsnr);
    frames.addEventListener("painted", () => {
        if (overlays.drawnFrom === show.painting.whole) return;
        overlays.draw();
        noteOverlay();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
    for (const name of ["overlay", "reference"]) at(name).addEventListener("contextrestored", () => draw());
    const stage = at("stage");
    stage.addEventListener("pointermove", (event) => {
        parts.pointer = viewport.toCanvas(event.clientX, event.clientY);
        if (show.painting) showReadout(at("readout"), describePoint(show.painting, ...parts.pointer));
    });
    stage.addEventListener("pointerleave", () => showReadout(at("readout"), null));
    const toggle = () => {
        at("panel").hidden = !at("panel").hidden;
        at("toggle").setAttribute("aria-expanded", !at("panel").hidden);
    };
    at("toggle").addEventListener("click", toggle);
    const fullScreen = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
    const keys = new Proxy({ h: toggle, f: fullScreen }, { get: (own, key) => own[key] ?? parts.keys[key] });
    listenToGestures(stage, viewport, keys);
}

at("name").textContent = document.title = config.name;
if (matchMedia("(max-width: 640px)").matches) at("toggle").setAttribute("aria-expanded", !(at("panel").hidden = true));
listen();
say(config.events ? "waiting for the fit…" : "loading…");
globalThis.viewer = { show, viewport, frames, overlays, reference, state, parts }; // for tests and for the browser's console
if (config.events) followFit(load);
else (config.inParts ? open(config.picture) : load(sourceOf(config))).catch((error) => say(error.message, true));
