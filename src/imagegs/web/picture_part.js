// The Gaussians that a view of a picture in blocks is painted with.

/** @import { Arrays } from "./arrays.js" */
/** @import { BlockPicture } from "./block_picture.js" */
/** @import { Filtered } from "./constants.js" */
/** @import { Level } from "./levels.js" */
/** @import { Detail, ViewPlan } from "./view_plan.js" */
/** @import { View } from "./views.js" */
/** @import { Lists, ListsWanted } from "./worker.js" */

import { joined, makeArrays } from "./arrays.js";
import { contains, within } from "./regions.js";
import { shapeRows } from "./shapes.js";

const samplesWithoutDetail = 3; // along a side of a pixel, where finer layers are left out
const margin = 0.5; // lists of tiles also cover this share of the view's sides around it

/**
 * A part of a picture, which a Painting paints as it does a Picture: the first layers of the blocks that
 * matter in a view. There the pixels are those of the whole picture; elsewhere Gaussians may be missing.
 */
export class PicturePart {
    /**
     * @param {BlockPicture} source
     * @param {View} view
     * @param {ViewPlan} plan
     * @param {Arrays[][]} layers the blocks' Gaussians, layer by layer
     * @param {boolean} complete whether nothing is missing but what is damaged
     */
    constructor(source, view, plan, layers, complete) {
        const { width, height, blend, bitDepth, wrap, channels, metadata, grain, layout } = source;
        this.source = source;
        this.width = width; // of the canvas, pixels
        this.height = height;
        this.blend = blend;
        this.bitDepth = bitDepth;
        this.wrap = wrap;
        this.channels = channels;
        this.metadata = metadata;
        this.grain = grain;
        this.view = view;
        this.plan = plan;
        const shown = layers.filter((parts) => parts.length);
        /** @type {Arrays} */
        this.arrays = shown.length ? joined(shown.flat()) : makeArrays(0, channels.length);
        /** @type {import("./decoder.js").Layer[]} n: of this part; bytes: of the file */
        this.layers = shown.map((parts, layer) => ({
            n: parts.reduce((n, { angle }) => n + angle.length, 0),
            bytes: layout.bytesUpTo(layer),
        }));
        this.nGaussians = this.arrays.angle.length;
        this.complete = complete;
        /** @type {Float32Array | null} */
        this.rows = null; // see shapeRows()
    }

    get closed() {
        return this.source.closed;
    }

    /** The part of the canvas that lists of tiles must cover. */
    get region() {
        const { wrap, view, plan } = this;
        return (wrap ? null : within(this, view, margin)) ?? plan.region;
    }

    /**
     * Whether another view would be painted with the same Gaussians.
     *
     * @param {View} view
     * @param {Detail} detail
     */
    covers(view, detail) {
        const { blocks, layers, fade, region } = this.source.planFor(view, detail),
            own = this.plan;
        const same = layers === own.layers && fade === own.fade && contains(this.region, region);
        const has = (/** @type {[number, number]} */ [block, n]) => (own.blocks.get(block) ?? 0) >= n;
        return this.complete && same && [...blocks].every(has);
    }

    /**
     * How finely a Painting has to filter a view that is smaller than its part of the canvas: where finer
     * layers are left out, Gaussians are about as large as pixels of the output. Grain is as fine as ever.
     *
     * @returns {Filtered}
     */
    get filtered() {
        const isWhole = this.layers.length === this.source.layout.index.layers;
        return isWhole || this.grain ? true : samplesWithoutDetail;
    }

    /** The number of Gaussians up to the end of each layer. @returns {number[]} */
    get ends() {
        let end = 0;
        return this.layers.map(({ n }) => (end += n));
    }

    /** The level that is shown, whatever the level asked for: all that is here. @returns {Level} */
    levelAt() {
        return { layers: this.layers.length, fade: this.complete ? this.plan.fade : 0 };
    }

    /** Asks the worker for the lists of a grid. @param {ListsWanted} wanted @returns {Promise<Lists>} */
    lists(wanted) {
        this.rows ??= shapeRows(this.arrays, this, this.nGaussians);
        return this.source.lists({ ...wanted, rows: this.rows });
    }
}
