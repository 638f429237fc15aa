// A picture on a renderer: the level of detail and the map that are shown, and the lists of tiles that a view
// needs.

/** @import { Filtered } from "./constants.js" */
/** @import { TextureMap } from "./maps.js" */
/** @import { Picture } from "./picture.js" */
/** @import { PicturePart } from "./picture_part.js" */
/** @import { Renderer, UploadKind, UploadNumbers } from "./renderer.js" */
/** @import { Extent } from "./shapes.js" */
/** @import { Grid, Region } from "./tile_lists.js" */
/** @import { DrawOptions, SceneOf, SceneUniforms, Size, View } from "./views.js" */

import { LimitError } from "./errors.js";
import { grainDeviations, grainFactor, shownGrain } from "./grain.js";
import { levelOf } from "./levels.js";
import { mapsOf } from "./maps.js";
import { canvasOf, contains, within } from "./regions.js";
import { Sampler } from "./sampler.js";
import { copiesOfOne, sceneRows, shapeRows } from "./shapes.js";
import { gridFor } from "./tile_lists.js";

const margin = 0.5; // lists for a view also cover this share of its sides around it
const mostIds = 2 ** 24;

/**
 * @typedef {object} Level  a level of detail
 * @property {number} layers
 * @property {number} fade  nats, added to the log-weights of the last layer
 * @property {string} key   the same for levels that need the same lists
 */
/**
 * @typedef {object} Lists  of the tiles of a grid
 * @property {Uint32Array} tiles  tile t, row by row, has tiles[2 t + 1] ids, from ids[tiles[2 t]] on
 * @property {Uint32Array} ids    ascending within a tile; those from extent.n on are ids of copies
 * @property {Uint32Array} copies see sceneRows()
 * @property {Extent} extent
 * @property {Grid} grid
 * @property {Level} level
 * @property {string} key         the level's
 */
/** @typedef {Lists & {number: number}} CanvasLists  over the picture's region; number: of the request */
/** @typedef {Lists & {region: Region}} RegionLists  over a part of the canvas */
/** @typedef {WebGLTexture | GPUBuffer} Upload  numbers in the card's memory */
/**
 * @typedef {{
 *     generation: object,
 *     canDraw(blend: "paper" | "softmax"): boolean,
 *     upload(kind: UploadKind, numbers: UploadNumbers): Upload,
 *     free(upload: Upload): void,
 *     draw(scene: SceneOf<Upload>, view: View, size: Size, options: DrawOptions): void,
 *     read(scene: SceneOf<Upload>, view: View, size: Size, options: DrawOptions): Promise<Pixels | null>,
 * }} AnyRenderer  a renderer of either kind, which gets back the uploads that it made
 */
/** @typedef {Uint8ClampedArray} Pixels  straight RGBA */
/** @typedef {{source: unknown, also: string, generation: object, upload: Upload}} Uploaded  see uploaded() */

/**
 * Paints views of a picture. The lists of a grid over the whole canvas are enough for any view. Where a view
 * shows so little that shorter lists are worth it, they are made meanwhile and used from then on. Both give
 * the same pixels.
 */
export class Painting {
    /**
     * @param {Renderer} renderer another one may take its place at any time
     * @param {Picture | PicturePart} picture with one layer at least
     * @param {object} [options]
     * @param {number} [options.lod] level of detail, 0..1
     * @param {number} [options.map] number of the map that is shown, see mapsOf()
     * @param {Filtered} [options.filtered]
     * @param {number} [options.grain] 0 to 2, a factor on the strength of the file's grain
     */
    constructor(renderer, picture, { lod = 1, map = 0, filtered = true, grain = 1 } = {}) {
        this.renderer = renderer;
        this.picture = picture;
        /** @type {Filtered} */
        this.filtered = filtered;
        /** @type {CanvasLists | null} */
        this.whole = null;
        /** @type {RegionLists | null} */
        this.near = null;
        /** @type {{key: string, promise: Promise<void>} | null} the last request for lists of the canvas */
        this.asked = null;
        /** @type {Sampler | null} */
        this.sampler = null;
        this.asking = false; // whether lists over a part are being made
        /** @type {string | null} the key of a level whose lists over parts are too much work */
        this.nearRefused = null;
        this.askedSoFar = 0; // requests for lists over the whole canvas
        /** @type {Map<string, Uploaded>} */
        this.uploads = new Map(); // by name
        this.detail = this.lod = lod;
        this.mapNumber = this.map = map;
        this.grainStrength = this.grain = grain;
    }

    /** The level of detail, 0..1; else RangeError. @param {number} lod */
    set lod(lod) {
        levelOf(lod, 2); // or RangeError
        this.detail = lod;
    }

    /** @returns {number} */
    get lod() {
        return this.detail;
    }

    /** A factor on the strength of the file's grain, 0 to 2; else RangeError. @param {number} strength */
    set grain(strength) {
        grainFactor(strength); // or RangeError
        this.grainStrength = strength;
    }

    /** @returns {number} */
    get grain() {
        return this.grainStrength;
    }

    /** The number of the map that is shown; RangeError where there is none. @param {number} number */
    set map(number) {
        const map = mapsOf(this.picture)[number];
        if (!map) throw new RangeError(`there is no map number ${number}`);
        this.mapNumber = number;
        /** @type {TextureMap} */
        this.shown = map;
    }

    /** @returns {number} */
    get map() {
        return this.mapNumber;
    }

    /** The level to show, see Picture.levelAt(). @returns {Level} */
    level() {
        const level = this.picture.levelAt(this.lod);
        return { ...level, key: `${level.layers}${level.fade ? " fading" : ""}` };
    }

    /** The lists over the canvas, once `prepare` has made them. */
    get prepared() {
        return /** @type {CanvasLists} */ (this.whole);
    }

    /** The level that the current lists can show: level(), or the level for which they were made. */
    shownLevel() {
        const level = this.level();
        return this.prepared.key === level.key ? level : this.prepared.level;
    }

    /** Prepares `draw` for the level of detail that is set. @param {Size} size of the output */
    async prepare(size) {
        await Promise.all([this.renderer.ready(this.picture.blend), this.prepareLists(size)]);
    }

    /** @param {Size} size */
    async prepareLists(size) {
        const level = this.level();
        if (this.whole?.key === level.key) return;
        if (this.asked?.key !== level.key) {
            const { view, region } = this.picture,
                number = ++this.askedSoFar;
            const grid = gridFor(region, [view.width / size.width, view.height / size.height], this.filtered);
            const promise = this.lists(level, grid).then((lists) => this.use({ ...lists, number }));
            this.asked = { key: level.key, promise };
        }
        await this.asked.promise;
    }

    /** Takes new lists over the canvas. @param {CanvasLists} lists */
    use(lists) {
        if ((this.whole?.number ?? 0) > lists.number) return; // lists of a later request came first
        this.whole = lists;
        this.near = null;
        this.sampler = null;
    }

    /**
     * Asks for the lists of a grid.
     *
     * @param {Level} level
     * @param {Grid} grid
     * @returns {Promise<Lists>}
     */
    async lists(level, grid) {
        const { picture, renderer } = this,
            ends = picture.ends;
        const extent = {
            n: ends[level.layers - 1],
            fadeFrom: level.fade ? ends[level.layers - 2] : ends[level.layers - 1],
        };
        const lists = await picture.lists({ extent, grid, maxIds: Math.min(mostIds, renderer.mostIds) });
        return { ...lists, level, key: level.key, extent, grid };
    }

    /**
     * The shortest lists that cover a view. Asks for shorter ones where they are worth it.
     *
     * @param {View} view
     * @param {Size} size
     * @returns {Lists}
     */
    bestLists(view, size) {
        const { near, prepared: whole, picture } = this;
        /** @type {[number, number]} */
        const step = [view.width / size.width, view.height / size.height];
        const region = within(picture, view, 0),
            beyond = picture.wrap && !contains(canvasOf(picture), view); // the canvas repeats there
        if (!region || beyond || this.nearRefused === whole.key) return whole;
        const best = near && near.key === whole.key && contains(near.region, region) ? near : whole;
        const isLong =
            Math.max(...gridFor(region, step, this.filtered).side) < Math.max(...best.grid.side) / 2;
        if (isLong && !this.asking) this.askNear(within(picture, view, margin) ?? region, step);
        return best;
    }

    /** Makes lists over a region. @param {Region} region @param {[number, number]} step see gridFor() */
    async askNear(region, step) {
        this.asking = true;
        try {
            const level = this.shownLevel(),
                lists = await this.lists(level, gridFor(region, step, this.filtered));
            const { key, copies } = this.prepared;
            if (key === level.key) this.near = { ...lists, copies, region };
        } catch (error) {
            if (error instanceof LimitError)
                this.nearRefused = this.prepared.key; // the lists over the canvas give the same pixels
            else if (!this.picture.closed) throw error;
        } finally {
            this.asking = false;
        }
    }

    /**
     * Draws a view into the lower left corner of the canvas.
     *
     * @param {View} view
     * @param {Size} size
     * @returns {boolean} false before `prepare`, and while the context is lost
     */
    draw(view, size) {
        const { filtered, picture } = this,
            renderer = /** @type {AnyRenderer} */ (this.renderer);
        if (!this.whole || !renderer.canDraw(picture.blend)) return false;
        renderer.draw(this.scene(this.bestLists(view, size)), view, size, { filtered });
        return true;
    }

    /**
     * Prepares and draws a view, on a canvas that gets this size.
     *
     * @param {View} view
     * @param {Size} size
     * @returns {Promise<boolean>} see draw(). Rejects with UnsupportedError where the card refuses.
     */
    async paint(view, size) {
        await this.prepare(size);
        const { canvas } = this.renderer;
        if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
        const drawn = this.draw(view, size);
        await this.renderer.check();
        return drawn;
    }

    /**
     * The pixels of a view: straight RGBA, row by row from the top, 0 beyond the canvas; null while the
     * context is lost.
     *
     * @param {View} view
     * @param {Size} size
     * @param {object} [options]
     * @param {boolean} [options.grained] false: without grain, as who measures the picture wants it
     * @returns {Promise<Uint8ClampedArray | null>}
     */
    async readPixels(view, size, { grained = true } = {}) {
        await this.prepare(size);
        const { filtered } = this,
            renderer = /** @type {AnyRenderer} */ (this.renderer);
        return renderer.read(this.scene(this.bestLists(view, size), grained), view, size, { filtered });
    }

    /**
     * The picture at a point, all channels; `candidates` counts the Gaussians of the point's tile.
     *
     * @param {number} x canvas pixels
     * @param {number} y
     * @returns {import("./sampler.js").PointSample | null} null before `prepare`
     */
    sample(x, y) {
        if (!this.whole) return null;
        const { picture, whole: lists } = this,
            { grid, tiles, ids, extent, copies } = lists,
            { fade } = this.shownLevel();
        this.sampler ??= new Sampler(
            this.rows(lists),
            picture,
            picture.arrays,
            { n: extent.n, fade },
            copies,
        );
        this.sampler.fade = fade;
        /** @param {number} v @param {number} side */
        const on = (v, side) =>
            picture.wrap ? v - Math.floor(v / side) * side : Math.min(Math.max(v, 0), side);
        /** @param {number} v @param {number} side @param {number} n */
        const tile = (v, side, n) => Math.min(Math.max(Math.floor(v / side), 0), n - 1);
        const column = tile(on(x, picture.width) - grid.x, grid.side[0], grid.columns);
        const t = 2 * (tile(on(y, picture.height) - grid.y, grid.side[1], grid.rows) * grid.columns + column);
        return this.sampler.at(x, y, ids.subarray(tiles[t], tiles[t] + tiles[t + 1]));
    }

    /**
     * What the renderer draws.
     *
     * @param {Lists} lists
     * @param {boolean} [grained] whether with the grain of the file
     * @returns {SceneOf<Upload>}
     */
    scene(lists, grained = true) {
        const { picture, shown, prepared: whole } = this,
            part = lists === whole ? "whole" : "near",
            grain = grained ? shownGrain(picture, shown, this.grain) : null;
        const uploads = {
            tiles: this.uploaded("RG32UI", `${part} tiles`, lists.tiles, () => lists.tiles),
            ids: this.uploaded("R32UI", `${part} ids`, lists.ids, () => lists.ids),
            shapes: this.uploaded("RGBA32F", "shapes", whole, () => this.rows(whole)),
            colors: this.uploaded(
                "RGBA32F",
                "colors",
                whole.copies,
                () => colorRows(picture, whole, [shown]),
                `${this.map} ${whole.key}`,
            ),
            grain: this.uploaded(
                "R32UI",
                "grain",
                grain,
                () => (grain ? grainDeviations(grain, grainFactor(this.grain)) : new Uint32Array(1)),
                String(this.grain),
            ),
        };
        /** @type {SceneUniforms} */
        const uniforms = {
            canvas: [picture.width, picture.height],
            wraps: picture.wrap,
            unitLength: shown.unitLength,
            channels: shown.columns.length,
            fade: this.shownLevel().fade,
            grainCells: grain ? [grain.columns, grain.rows] : [0, 0],
        };
        return { blend: picture.blend, uploads, uniforms, grid: lists.grid, tiles: lists.tiles };
    }

    /**
     * Numbers in the card's memory. They are uploaded only if `source` or `also` has changed since the last
     * call with this name, or the card has lost its memory.
     *
     * @param {UploadKind} kind
     * @param {string} name
     * @param {unknown} source
     * @param {() => Uint32Array | Float32Array} numbers makes the numbers from the source
     * @param {string} [also]
     * @returns {Upload} what `upload` of the renderer returned
     */
    uploaded(kind, name, source, numbers, also = "") {
        const renderer = /** @type {AnyRenderer} */ (this.renderer),
            { generation } = renderer,
            old = this.uploads.get(name);
        const exists = old && old.generation === generation;
        if (exists && old.source === source && old.also === also) return old.upload;
        if (exists) renderer.free(old.upload);
        const upload = renderer.upload(kind, /** @type {UploadNumbers} */ (numbers()));
        this.uploads.set(name, { upload, source, also, generation });
        return upload;
    }

    /** The rows of all Gaussians and copies, see shapes.js. @param {Lists} lists @returns {Float32Array} */
    rows({ extent, copies }) {
        const { picture } = this;
        return sceneRows(shapeRows(picture.arrays, picture, extent.n), picture, extent, copies);
    }

    /** Frees the card's memory; the next draw fills it again. */
    release() {
        const renderer = /** @type {AnyRenderer} */ (this.renderer);
        for (const { upload, generation } of this.uploads.values())
            if (generation === renderer.generation) renderer.free(upload);
        this.uploads.clear();
    }
}

/**
 * The colours of all Gaussians and copies in some maps: (N + copies, maps, 4), 0 behind a map's channels.
 *
 * @param {Picture | PicturePart} picture
 * @param {{extent: Extent, copies: Uint32Array}} lists
 * @param {TextureMap[]} maps
 * @returns {Float32Array}
 */
export function colorRows({ arrays: { color }, channels }, { extent: { n }, copies }, maps) {
    const columns = maps.map((map) => map.columns),
        rows = new Float32Array(4 * maps.length * (n + copies.length));
    for (let i = 0, at = 0; i < n + copies.length; ++i) {
        const owner = i < n ? i : Math.floor(copies[i - n] / copiesOfOne);
        for (const own of columns) {
            own.forEach((column, k) => (rows[at + k] = color[owner * channels.length + column]));
            at += 4;
        }
    }
    return rows;
}
