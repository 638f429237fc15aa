// A picture on a renderer: which level and map of it is shown, and the lists of tiles that a view needs.

import { LimitError } from "./errors.js";
import { grainDeviations, grainFactor, shownGrain } from "./grain.js";
import { levelOf } from "./levels.js";
import { mapsOf } from "./maps.js";
import { Sampler } from "./sampler.js";
import { copiesOfOne, sceneRows, shapeRows } from "./shapes.js";
import { gridFor } from "./tile_lists.js";

const margin = 0.5; // of a view's sides, that lists are made for around it
const mostIds = 2 ** 24;

/** @typedef {import("./views.js").View} View */
/** @typedef {import("./views.js").Size} Size */
/**
 * @typedef {object} Level  of detail that is shown
 * @property {number} layers
 * @property {number} fade  nats, added to the log-weights of the last layer
 * @property {string} key   of the lists for it
 */
/**
 * @typedef {object} Lists  of the tiles of a grid
 * @property {Uint32Array} tiles  tile t, row by row, sees the ids from tiles[2 t], tiles[2 t + 1] of them
 * @property {Uint32Array} ids    ascending; those from extent.n on are of copies
 * @property {Uint32Array} copies see sceneRows()
 * @property {{n: number, fadeFrom: number}} extent
 * @property {import("./tile_lists.js").Grid} grid
 * @property {Level} level
 * @property {string} key         the level's
 * @property {number} [number]    those of the canvas: when they were asked for
 * @property {import("./tile_lists.js").Region} [region] that they are for, if not the canvas
 */

/**
 * Paints views of a picture. The lists of a grid over the whole canvas are enough for any view; where one
 * shows so little that shorter lists are worth it, they are made for it and used from the next draw on. Both
 * give the same pixels.
 */
export class Painting {
    /**
     * @param {import("./renderer.js").Renderer} renderer another one may take its place at any time
     * @param {import("./picture.js").Picture} picture with one layer at least
     * @param {object} [options]
     * @param {number} [options.lod] level of detail, 0..1
     * @param {number} [options.map] number of the map that is shown, see mapsOf()
     * @param {boolean} [options.filtered] whether pixels larger than the canvas' are means over their areas
     * @param {number} [options.grain] 0 to 2, a factor on the strength of the file's grain
     */
    constructor(renderer, picture, { lod = 1, map = 0, filtered = true, grain = 1 } = {}) {
        this.renderer = renderer;
        this.picture = picture;
        this.filtered = filtered;
        /** @type {Lists | null} over the canvas */
        this.whole = null;
        /** @type {Lists | null} over a part of it */
        this.near = null;
        /** @type {{key: string, promise: Promise<void>} | null} lists over the canvas, asked for last */
        this.asked = null;
        /** @type {Sampler | null} */
        this.sampler = null;
        this.asking = false; // for lists over a part
        /** @type {string | null} of the lists whose parts are too much work */
        this.nearRefused = null;
        this.askedSoFar = 0;
        this.uploads = new Map(); // what was made from which numbers
        this.detail = this.lod = lod;
        this.mapNumber = this.map = map;
        this.grainStrength = this.grain = grain;
    }

    /** Level of detail, 0..1; else RangeError. @param {number} lod */
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

    /** Number of the map that is shown; RangeError where there is none. @param {number} number */
    set map(number) {
        const map = mapsOf(this.picture)[number];
        if (!map) throw new RangeError(`there is no map number ${number}`);
        this.mapNumber = number;
        /** @type {import("./maps.js").TextureMap} */
        this.shown = map;
    }

    /** @returns {number} */
    get map() {
        return this.mapNumber;
    }

    /**
     * What is to be shown. Until all has come, no more than is sure.
     *
     * @returns {Level}
     */
    level() {
        const { picture, lod } = this,
            count = picture.layers.length;
        const level = picture.complete ? levelOf(lod, count) : { layers: lod < 1 ? 1 : count, fade: 0 };
        return { ...level, key: `${level.layers}${level.fade ? " fading" : ""}` };
    }

    /** The lists over the canvas, where `prepare` has made them. */
    get prepared() {
        return /** @type {Lists} */ (this.whole);
    }

    /** What the lists at hand can show: that, or what was to be shown when they were asked for. */
    shownLevel() {
        const level = this.level();
        return this.prepared.key === level.key ? level : this.prepared.level;
    }

    /** Makes ready for `draw` at the level of detail that is set. @param {Size} size of the output */
    async prepare(size) {
        await Promise.all([this.renderer.ready(this.picture.blend), this.prepareLists(size)]);
    }

    async prepareLists(size) {
        const level = this.level();
        if (this.whole?.key === level.key) return;
        if (this.asked?.key !== level.key) {
            const whole = canvasOf(this.picture),
                number = ++this.askedSoFar;
            const grid = gridFor(whole, [whole.width / size.width, whole.height / size.height]);
            const promise = this.lists(level, grid).then((lists) => this.use({ ...lists, number }));
            this.asked = { key: level.key, promise };
        }
        await this.asked.promise;
    }

    use(lists) {
        if ((this.whole?.number ?? 0) > lists.number) return; // it was overtaken
        this.whole = lists;
        this.near = null;
        this.sampler = null;
    }

    /**
     * @param {Level} level
     * @param {import("./tile_lists.js").Grid} grid
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

    /** The shortest lists that cover a view; asks for shorter ones where they are worth it. */
    bestLists(view, size) {
        const { near, prepared: whole, picture } = this,
            step = [view.width / size.width, view.height / size.height];
        const region = within(picture, view, 0),
            beyond = picture.wrap && !contains(canvasOf(picture), view);
        if (!region || beyond || this.nearRefused === whole.key) return whole;
        const covers = near && near.key === whole.key && contains(near.region, region);
        const worth = ({ grid }) => Math.max(...gridFor(region, step).side) < Math.max(...grid.side) / 2;
        if (worth(covers ? near : whole) && !this.asking) this.askNear(within(picture, view, margin), step);
        return covers ? near : whole;
    }

    async askNear(region, step) {
        this.asking = true;
        try {
            const level = this.shownLevel(),
                lists = await this.lists(level, gridFor(region, step));
            const { key, copies } = this.prepared;
            if (key === level.key) this.near = { ...lists, copies, region };
        } catch (error) {
            if (error instanceof LimitError)
                this.nearRefused = this.prepared.key; // those of the canvas are right too
            else if (!this.picture.closed) throw error;
        } finally {
            this.asking = false;
        }
    }

    /**
     * Draws a view into the lower left corner of the drawing buffer; false where `prepare` or the context is
     * missing.
     *
     * @param {View} view
     * @param {Size} size
     */
    draw(view, size) {
        if (!this.whole || !this.renderer.canDraw(this.picture.blend)) return false;
        this.renderer.draw(this.scene(this.bestLists(view, size)), view, size, { filtered: this.filtered });
        return true;
    }

    /**
     * `prepare`, then `draw` into a canvas of this size. Rejects with what the card refuses to do.
     *
     * @param {View} view
     * @param {Size} size
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
     * The pixels of a view as they are shown: straight RGBA, row by row from the top, 0 beyond the canvas;
     * null while the context is lost.
     *
     * @param {View} view
     * @param {Size} size
     * @param {object} [options]
     * @param {boolean} [options.grained] false: without grain, as who measures the picture wants it
     * @returns {Promise<Uint8ClampedArray | null>}
     */
    async readPixels(view, size, { grained = true } = {}) {
        await this.prepare(size);
        return this.renderer.read(this.scene(this.bestLists(view, size), grained), view, size, {
            filtered: this.filtered,
        });
    }

    /**
     * The picture at a point in canvas pixels, all channels; `candidates` are those of the tile.
     * @param {number} x
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
        const on = (v, side) =>
            picture.wrap ? v - Math.floor(v / side) * side : Math.min(Math.max(v, 0), side);
        const tile = (v, side, n) => Math.min(Math.floor(v / side), n - 1);
        const column = tile(on(x, picture.width), grid.side[0], grid.columns);
        const t = 2 * (tile(on(y, picture.height), grid.side[1], grid.rows) * grid.columns + column);
        return this.sampler.at(x, y, ids.subarray(tiles[t], tiles[t] + tiles[t + 1]));
    }

    scene(lists, grained = true) {
        const { picture, shown, prepared: whole } = this,
            grain = grained ? shownGrain(picture, shown, this.grain) : null;
        const uploads = {
            tiles: this.uploaded(
                "RG32UI",
                `${lists === whole ? "whole" : "near"} tiles`,
                lists.tiles,
                () => lists.tiles,
            ),
            ids: this.uploaded(
                "R32UI",
                `${lists === whole ? "whole" : "near"} ids`,
                lists.ids,
                () => lists.ids,
            ),
            shapes: this.uploaded("RGBA32F", "shapes", whole, () => this.rows(whole)),
            colors: this.uploaded(
                "RGBA32F",
                "colors",
                whole.copies,
                () => this.colors(whole),
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
     * What of this name the card has, made from these numbers; the old one, if they and `also` are those that
     * it was made from.
     */
    uploaded(kind, name, source, numbers, also = "") {
        const { renderer } = this,
            { generation } = renderer,
            old = this.uploads.get(name);
        if (old?.source === source && old.also === also && old.generation === generation) return old.upload;
        if (old?.generation === generation) renderer.free(old.upload);
        const upload = renderer.upload(kind, numbers());
        this.uploads.set(name, { upload, source, also, generation });
        return upload;
    }

    rows({ extent, copies }) {
        const { picture } = this;
        return sceneRows(shapeRows(picture.arrays, picture, extent.n), picture, extent, copies);
    }

    /** (N + copies, 4): the channels of the map that is shown. */
    colors({ extent: { n }, copies }) {
        const { picture, shown } = this,
            { color } = picture.arrays,
            channels = picture.channels.length;
        const rows = new Float32Array(4 * (n + copies.length));
        for (let i = 0; i < n + copies.length; ++i) {
            const owner = i < n ? i : Math.floor(copies[i - n] / copiesOfOne);
            shown.columns.forEach((column, k) => (rows[4 * i + k] = color[owner * channels + column]));
        }
        return rows;
    }

    /** Frees the card's memory; the next draw fills it again. */
    release() {
        const { renderer } = this;
        for (const { upload, generation } of this.uploads.values())
            if (generation === renderer.generation) renderer.free(upload);
        this.uploads.clear();
    }
}

const canvasOf = ({ width, height }) => ({ x: 0, y: 0, width, height });

/** The part of a view, wider by a share of its sides, that lies on the canvas; null where nothing does. */
function within({ width, height }, view, share) {
    const left = Math.max(0, view.x - share * view.width),
        right = Math.min(width, view.x + (1 + share) * view.width);
    const top = Math.max(0, view.y - share * view.height),
        bottom = Math.min(height, view.y + (1 + share) * view.height);
    return left < right && top < bottom
        ? { x: left, y: top, width: right - left, height: bottom - top }
        : null;
}

function contains(outer, inner) {
    const { x, y, width, height } = outer;
    return (
        x <= inner.x &&
        y <= inner.y &&
        x + width >= inner.x + inner.width &&
        y + height >= inner.y + inner.height
    );
}
