// A texture of three.js that is painted from Gaussians on the card, without a way through the page's memory.

/** @import { WebGLRenderer } from "three" */
/** @import { Painting } from "../painting.js" */

import { SRGBColorSpace, Texture, WebGLRenderTarget } from "three";

import { ThreeRenderer } from "./three_renderer.js";

/** @type {WeakMap<WebGLRenderer, ThreeRenderer>} */
const renderers = new WeakMap();

/** What paints for a renderer of three.js. @param {WebGLRenderer} renderer @returns {ThreeRenderer} */
export function painterFor(renderer) {
    let painter = renderers.get(renderer);
    if (!painter) renderers.set(renderer, (painter = new ThreeRenderer(renderer)));
    return painter;
}

/**
 * A map in the card's memory. Clones share this memory as those of other textures do. Where three.js takes
 * new memory, because a setting has changed or the context was lost and restored, the map is painted again.
 */
export class PaintedTexture extends Texture {
    /**
     * Every argument is undefined in `clone()`, which calls `copy()` then.
     *
     * @param {number} [width] texels
     * @param {number} [height]
     * @param {Painting} [painting] which is prepared; its renderer is a ThreeRenderer
     */
    constructor(width, height, painting) {
        super(/** @type {any} */ ({ width, height }));
        this.isFramebufferTexture = true; // three.js takes memory for it and puts nothing there
        this.painting = painting;
        /** @type {WeakSet<object>} */
        this.painted = new WeakSet(); // memory that holds the map
        this.flipY = false;
        this.onUpdate = () => queueMicrotask(() => this.paint()); // three.js is at work until then
    }

    /** @param {PaintedTexture} source */
    copy(source) {
        super.copy(source);
        this.painting = source.painting;
        this.painted = source.painted;
        return this;
    }

    /** Paints the map if the texture's memory does not hold it. Throws UnsupportedError for too much work. */
    paint() {
        const painting = /** @type {Painting} */ (this.painting),
            painter = /** @type {ThreeRenderer} */ (/** @type {unknown} */ (painting.renderer));
        const { renderer } = painter;
        if (!painter.canDraw()) return;
        const memory = memoryOf(renderer, this);
        if (!memory || this.painted.has(memory)) return;
        const { width, height } = /** @type {{width: number, height: number}} */ (this.image);
        const target = new WebGLRenderTarget(width, height, {
            colorSpace: /** @type {import("three").ColorSpace} */ (this.colorSpace),
            depthBuffer: false,
            generateMipmaps: false,
        });
        painter.linear = this.colorSpace === SRGBColorSpace;
        painter.target = target;
        try {
            const { picture } = painting;
            painting.draw({ x: 0, y: 0, width: picture.width, height: picture.height }, { width, height });
            renderer.copyTextureToTexture(target.texture, this);
            this.painted.add(memory);
        } finally {
            painter.target = null;
            painting.release();
            target.dispose();
        }
    }
}

/**
 * The texture of WebGL that three.js has for one of its own.
 *
 * @param {WebGLRenderer} renderer
 * @param {Texture} texture
 */
const memoryOf = (renderer, texture) =>
    /** @type {{__webglTexture?: object}} */ (renderer.properties.get(texture)).__webglTexture;
