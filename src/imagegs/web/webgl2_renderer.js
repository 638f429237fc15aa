// The renderer for WebGL2; renderer.js lists its members. `Painting` decides what is drawn.

/** @import { UploadKind, UploadNumbers } from "./renderer.js" */
/** @import { DrawOptions, SceneOf, Size, UniformType, UniformValue, View } from "./views.js" */

import { textureRow } from "./constants.js";
import { UnsupportedError } from "./errors.js";
import { fragmentShader, vertexShader } from "./glsl.js";
import { largestSide, planOf, renewDrawingBuffer, requireRoom, uniformTypes } from "./views.js";

/** @typedef {SceneOf<WebGLTexture>} Scene */
/** @typedef {Record<string, WebGLUniformLocation | null>} UniformLocations  by name */
/** @typedef {{program: WebGLProgram, places: UniformLocations}} Program */

/**
 * A WebGL2 context on a canvas. When the context is lost, nothing is drawn until the browser restores it;
 * then `onrestored` is called, and everything must be painted again.
 */
export class WebGL2Renderer {
    api = "webgl2";

    /**
     * @param {HTMLCanvasElement | OffscreenCanvas} canvas  Throws UnsupportedError where there is no WebGL2.
     */
    constructor(canvas) {
        this.canvas = canvas;
        this.onrestored = () => {};
        const options = { alpha: true, antialias: false, depth: false, premultipliedAlpha: false };
        const gl = /** @type {WebGL2RenderingContext | null} */ (canvas.getContext("webgl2", options));
        if (!gl) throw new UnsupportedError("this browser has no WebGL2, which painting needs");
        this.gl = gl;
        canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
        canvas.addEventListener("webglcontextrestored", () => {
            renewDrawingBuffer(canvas);
            this.start();
            this.onrestored();
        });
        this.generation = {}; // another object after each loss
        /** @type {Map<string, Program>} */
        this.programs = new Map(); // by blend
        this.mostRows = this.mostSide = this.mostIds = 0;
        this.start();
    }

    /** Begins with a new context, or with one that was restored. */
    start() {
        this.generation = {}; // the card has nothing from before
        this.programs.clear();
        this.mostRows = this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE) ?? 2048; // null of a lost context
        this.mostSide = Math.min(this.mostRows, largestSide);
        this.mostIds = textureRow * this.mostRows;
    }

    get lost() {
        return this.gl.isContextLost();
    }

    canDraw() {
        return !this.lost;
    }

    /** Nothing to wait for: the first draw compiles the shaders, and would wait for them anyway. */
    async ready() {}

    /** Frees the context itself. */
    release() {
        this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    }

    /**
     * Makes a texture whose rows have `textureRow` texels.
     *
     * @param {UploadKind} kind
     * @param {UploadNumbers} numbers
     * @returns {WebGLTexture}
     */
    upload(kind, numbers) {
        const { gl } = this,
            [components, format, type] = {
                RGBA32F: [4, gl.RGBA, gl.FLOAT],
                RG32UI: [2, gl.RG_INTEGER, gl.UNSIGNED_INT],
                R32UI: [1, gl.RED_INTEGER, gl.UNSIGNED_INT],
            }[kind];
        const height = Math.max(1, Math.ceil(numbers.length / components / textureRow));
        if (height > this.mostRows && !this.lost)
            throw new UnsupportedError("the picture is too large for this graphics card");
        const Numbers = numbers instanceof Float32Array ? Float32Array : Uint32Array;
        const whole = new Numbers(height * textureRow * components);
        whole.set(numbers);
        const texture = gl.createTexture();
        gl.bindTexture(gl.TEXTURE_2D, texture);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
        gl.texImage2D(gl.TEXTURE_2D, 0, gl[kind], textureRow, height, 0, format, type, whole);
        if (gl.getError() === gl.OUT_OF_MEMORY)
            throw new UnsupportedError("the graphics card's memory is full");
        return texture;
    }

    /** @param {WebGLTexture} texture */
    free(texture) {
        this.gl.deleteTexture(texture);
    }

    /** The program for a blend, which is compiled at its first use. @param {"paper" | "softmax"} blend */
    program(blend) {
        const { gl } = this,
            old = this.programs.get(blend);
        if (old) return old;
        const program = gl.createProgram();
        const shaders = /** @type {[number, string][]} */ ([
            [gl.VERTEX_SHADER, vertexShader],
            [gl.FRAGMENT_SHADER, fragmentShader(blend)],
        ]);
        for (const [type, text] of shaders) {
            const shader = /** @type {WebGLShader} */ (gl.createShader(type));
            gl.shaderSource(shader, text);
            gl.compileShader(shader);
            gl.attachShader(program, shader);
        }
        gl.linkProgram(program);
        if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !this.lost) {
            const logs = (gl.getAttachedShaders(program) ?? []).map((shader) => gl.getShaderInfoLog(shader));
            throw new UnsupportedError(
                `the shader does not compile here: ${[gl.getProgramInfoLog(program), ...logs].join(" ")}`,
            );
        }
        /** @type {UniformLocations} */
        const places = {};
        const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) ?? 0;
        for (let i = 0; i < count; ++i) {
            const { name } = /** @type {WebGLActiveInfo} */ (gl.getActiveUniform(program, i));
            places[name] = gl.getUniformLocation(program, name);
        }
        const made = { program, places };
        this.programs.set(blend, made);
        return made;
    }

    /** The canvas only grows, because a new drawing buffer takes time. @param {Size} size */
    makeRoom({ width, height }) {
        const { canvas } = this;
        if (canvas.width < width) canvas.width = width;
        if (canvas.height < height) canvas.height = height;
    }

    /** @param {Scene} scene @param {View} view @param {Size} size @param {DrawOptions} [options] */
    draw(scene, view, size, options) {
        requireRoom(this.canvas, size);
        this.fill(scene, view, size, true, options);
    }

    /**
     * Fills the framebuffer, some rows at a time.
     *
     * @param {Scene} scene
     * @param {View} view
     * @param {Size} size
     * @param {boolean} flipped whether the first row of memory is the lowest row of the view
     * @param {DrawOptions} [options]
     */
    fill(scene, view, size, flipped, { filtered = true } = {}) {
        const { uniforms, rows } = planOf(scene, view, size, this.mostSide, filtered);
        const { gl } = this,
            { program, places } = this.program(scene.blend);
        gl.useProgram(program);
        Object.entries(scene.uploads).forEach(([name, texture], unit) => {
            gl.activeTexture(gl.TEXTURE0 + unit);
            gl.bindTexture(gl.TEXTURE_2D, texture);
            gl.uniform1i(places[name], unit);
        });
        setUniforms(gl, places, uniforms);
        gl.uniform1f(places.height, size.height);
        gl.uniform1i(places.flipped, flipped ? 1 : 0);
        gl.viewport(0, 0, size.width, size.height);
        gl.enable(gl.SCISSOR_TEST);
        for (let y = 0; y < size.height; y += rows) {
            gl.scissor(0, y, size.width, Math.min(rows, size.height - y));
            gl.drawArrays(gl.TRIANGLES, 0, 3);
            gl.flush();
        }
        gl.disable(gl.SCISSOR_TEST);
    }

    /** Nothing to tell: `upload` and `draw` threw their errors at once. */
    async check() {}

    /** Reading a pixel waits for the card. */
    async finish() {
        this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
    }

    /**
     * @param {Scene} scene
     * @param {View} view
     * @param {Size} size
     * @param {DrawOptions} [options]
     * @returns {Promise<Uint8ClampedArray | null>}
     */
    async read(scene, view, size, options) {
        const { gl } = this,
            buffer = gl.createRenderbuffer(),
            frame = gl.createFramebuffer();
        gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
        gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, size.width, size.height);
        gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
        gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, buffer);
        const pixels = new Uint8Array(4 * size.width * size.height);
        try {
            this.fill(scene, view, size, false, options);
            gl.readPixels(0, 0, size.width, size.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
        } finally {
            gl.bindFramebuffer(gl.FRAMEBUFFER, null);
            gl.deleteFramebuffer(frame);
            gl.deleteRenderbuffer(buffer);
        }
        return this.lost ? null : new Uint8ClampedArray(pixels.buffer);
    }
}

/**
 * Sets uniforms. The compiler drops those that the shader does not use; their place is undefined, which WebGL
 * ignores.
 *
 * @param {WebGL2RenderingContext} gl
 * @param {UniformLocations} places
 * @param {Record<string, UniformValue>} values
 */
function setUniforms(gl, places, values) {
    /** @type {Record<UniformType, (place: WebGLUniformLocation | null, ...numbers: number[]) => void>} */
    const setters = {
        vec2f: (place, x, y) => gl.uniform2f(place, x, y),
        vec2i: (place, x, y) => gl.uniform2i(place, x, y),
        f32: (place, x) => gl.uniform1f(place, x),
        i32: (place, x) => gl.uniform1i(place, x),
        bool: (place, x) => gl.uniform1i(place, x),
    };
    for (const [name, type] of Object.entries(uniformTypes))
        setters[type](places[name], ...[values[name]].flat().map(Number));
}
