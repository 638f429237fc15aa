// WebGL2: a context, its programs, and what a draw call needs. `Painting` decides what is drawn.

import { samplesOf, textureRow } from "./constants.js";
import { UnsupportedError } from "./errors.js";
import { fragmentShader, vertexShader } from "./shader.js";
import { modulo } from "./shapes.js";

const workOfDraw = 2 ** 29; // candidates that are looked at before the card may do something else
const mostWork = 2 ** 34; // of a picture: more would keep a card from its other duties

/** @typedef {{x: number, y: number, width: number, height: number}} View of the canvas, in its pixels */
/** @typedef {{width: number, height: number}} Size of the output, pixels */

/**
 * A WebGL2 context on a canvas element. When the context is lost, nothing is drawn until the browser restores
 * it; then `onrestored` is called, and all is to be painted anew.
 */
export class Renderer {
    /**
     * @param {HTMLCanvasElement | OffscreenCanvas} canvas  Throws UnsupportedError where there is no WebGL2.
     */
    constructor(canvas) {
        this.canvas = canvas;
        this.onrestored = () => {};
        this.generation = 0; // of the context: what an earlier one made is gone
        const options = { alpha: true, antialias: false, depth: false, premultipliedAlpha: false };
        this.gl = canvas.getContext("webgl2", options);
        if (!this.gl) throw new UnsupportedError("this browser has no WebGL2, which painting needs");
        canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
        canvas.addEventListener("webglcontextrestored", () => {
            this.start();
            this.onrestored();
        });
        this.start();
    }

    start() {
        this.generation += 1;
        this.programs = new Map();
        const mostRows = this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE) ?? 2048; // null of a lost context
        this.mostSide = Math.min(mostRows, 8192); // of an output, pixels
        this.mostTexels = textureRow * mostRows;
    }

    get lost() {
        return this.gl.isContextLost();
    }

    /** Frees the context itself. */
    release() {
        this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    }

    /** A texture of `row` texels a line with these numbers; kind: "RGBA32F", "RG32UI" or "R32UI". */
    texture(kind, numbers) {
        const { gl } = this,
            [components, format, type] = {
                RGBA32F: [4, gl.RGBA, gl.FLOAT],
                RG32UI: [2, gl.RG_INTEGER, gl.UNSIGNED_INT],
                R32UI: [1, gl.RED_INTEGER, gl.UNSIGNED_INT],
            }[kind];
        const height = Math.max(1, Math.ceil(numbers.length / components / textureRow));
        if (height * textureRow > this.mostTexels && !this.lost)
            throw new UnsupportedError("the picture is too large for this graphics card");
        const whole = new numbers.constructor(height * textureRow * components);
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

    program(blend) {
        const { gl } = this;
        if (this.programs.has(blend)) return this.programs.get(blend);
        const program = gl.createProgram();
        for (const [type, text] of [
            [gl.VERTEX_SHADER, vertexShader],
            [gl.FRAGMENT_SHADER, fragmentShader(blend)],
        ]) {
            const shader = gl.createShader(type);
            gl.shaderSource(shader, text);
            gl.compileShader(shader);
            gl.attachShader(program, shader);
        }
        gl.linkProgram(program);
        if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !this.lost) {
            const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
            throw new UnsupportedError(
                `the shader does not compile here: ${[gl.getProgramInfoLog(program), ...logs].join(" ")}`,
            );
        }
        const places = {},
            count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) ?? 0;
        for (let i = 0; i < count; ++i) {
            const { name } = gl.getActiveUniform(program, i);
            places[name] = gl.getUniformLocation(program, name);
        }
        this.programs.set(blend, { program, places });
        return this.programs.get(blend);
    }

    /**
     * Draws a view of a scene, row by row, into the lower left corner of the drawing buffer, or into a
     * framebuffer, where the first row is the lowest. Throws UnsupportedError where that is too much work,
     * RangeError beyond `mostSide`.
     *
     * @param {object} scene {blend, textures: {tiles, ids, shapes, colors}, grid, tiles, uniforms}: see
     *     Painting
     * @param {View} view
     * @param {Size} size
     */
    draw(scene, view, size, { filtered = true, flipped = true } = {}) {
        if (!(size.width <= this.mostSide && size.height <= this.mostSide))
            throw new RangeError(`at most ${this.mostSide} pixels a side can be painted at once`);
        const { gl } = this,
            { program, places } = this.program(scene.blend);
        const step = [view.width / size.width, view.height / size.height];
        const samples = step.map((s) => (filtered ? samplesOf(s) : 1));
        const cost = rowCost(scene, view, size) * samples[0] * samples[1];
        if (cost * size.height > mostWork)
            throw new UnsupportedError("the Gaussians overlap too much to be painted here");
        gl.useProgram(program);
        Object.entries(scene.textures).forEach(([name, texture], unit) => {
            gl.activeTexture(gl.TEXTURE0 + unit);
            gl.bindTexture(gl.TEXTURE_2D, texture);
            gl.uniform1i(places[name], unit);
        });
        setUniforms(gl, places, { ...scene.uniforms, ...viewUniforms(scene, view, step) });
        gl.uniform2i(places.gridSize, scene.grid.columns, scene.grid.rows);
        gl.uniform2i(places.samples, ...samples);
        gl.uniform1f(places.height, size.height);
        gl.uniform1i(places.flipped, flipped ? 1 : 0);
        gl.viewport(0, 0, size.width, size.height);
        gl.enable(gl.SCISSOR_TEST);
        const rows = Math.max(1, Math.floor(workOfDraw / Math.max(cost, 1)));
        for (let y = 0; y < size.height; y += rows) {
            gl.scissor(0, y, size.width, Math.min(rows, size.height - y));
            gl.drawArrays(gl.TRIANGLES, 0, 3);
            gl.flush();
        }
        gl.disable(gl.SCISSOR_TEST);
    }

    /**
     * The pixels of a view, straight RGBA, the top row first; null while the context is lost.
     * @returns {Uint8ClampedArray | null}
     */
    read(scene, view, size, options) {
        const { gl } = this,
            buffer = gl.createRenderbuffer(),
            frame = gl.createFramebuffer();
        gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
        gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, size.width, size.height);
        gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
        gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, buffer);
        const pixels = new Uint8Array(4 * size.width * size.height);
        try {
            this.draw(scene, view, size, { ...options, flipped: false });
            gl.readPixels(0, 0, size.width, size.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
        } finally {
            gl.bindFramebuffer(gl.FRAMEBUFFER, null);
            gl.deleteFramebuffer(frame);
            gl.deleteRenderbuffer(buffer);
        }
        return this.lost ? null : new Uint8ClampedArray(pixels.buffer);
    }
}

/** Candidates of a row of pixels, one sample each, on average. */
function rowCost({ grid, tiles }, view, size) {
    const column = (x) => Math.min(Math.max(Math.floor((x - grid.x) / grid.side[0]), 0), grid.columns - 1);
    const row = (y) => Math.min(Math.max(Math.floor((y - grid.y) / grid.side[1]), 0), grid.rows - 1);
    const left = column(view.x),
        right = column(view.x + view.width),
        top = row(view.y),
        bottom = row(view.y + view.height);
    let sum = 0;
    for (let y = top; y <= bottom; ++y)
        for (let x = left; x <= right; ++x) sum += tiles[2 * (y * grid.columns + x) + 1];
    return (sum / ((right - left + 1) * (bottom - top + 1))) * size.width;
}

function viewUniforms({ grid, uniforms }, view, step) {
    const [width, height] = uniforms.canvas;
    const [x, y] = uniforms.wraps ? [modulo(view.x, width), modulo(view.y, height)] : [view.x, view.y];
    const corner = [Math.fround(x), Math.fround(y)];
    return {
        corner,
        rest: [x - corner[0], y - corner[1]],
        pixelSize: step,
        canvasStart: [-x, -y],
        canvasEnd: [width - x, height - y],
        fromGrid: [x - grid.x, y - grid.y],
        tileSide: grid.side,
    };
}

function setUniforms(gl, places, values) {
    for (const [name, value] of Object.entries(values)) {
        if (places[name] === undefined) continue; // the compiler found it unused
        if (Array.isArray(value)) gl.uniform2f(places[name], ...value);
        else if (typeof value === "boolean" || name === "channels") gl.uniform1i(places[name], Number(value));
        else gl.uniform1f(places[name], value);
    }
}
