// WebGPU: a device, its pipelines, and what a draw call needs; renderer.js tells what a renderer has.

import { UnsupportedError } from "./errors.js";
import { largestSide, planOf, renew, requireRoom } from "./views.js";
import { memberBytes, membersSize, shaderText } from "./wgsl.js";

const format = "rgba8unorm"; // of all that is drawn into, so that there is one pipeline a blend
const mostBytes = 2 ** 29; // of a buffer, where the card has room for as much
const mostLosses = 3; // of a device: more are no accident
const rowAlignment = 256; // bytes of a row of pixels that are copied
const problems = ["validation", "out-of-memory", "internal"];

/**
 * A device, with room for large pictures; software: whether one will do that is no graphics card. Throws
 * UnsupportedError where there is none.
 */
async function openDevice(software) {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter();
    const older = /** @type {any} */ (adapter)?.isFallbackAdapter; // where older browsers have it
    const isSoftware = adapter?.info?.isFallbackAdapter ?? older;
    if (!adapter || (!software && isSoftware))
        throw new UnsupportedError("this browser has no WebGPU adapter, which painting by WebGPU needs");
    const names = ["maxBufferSize", "maxStorageBufferBindingSize"];
    const limits = names.map((name) => [name, Math.min(adapter.limits[name], mostBytes)]);
    try {
        return await adapter.requestDevice({ requiredLimits: Object.fromEntries(limits) });
    } catch (error) {
        throw new UnsupportedError(`WebGPU gives no device: ${/** @type {Error} */ (error).message}`);
    }
}

/**
 * A WebGPU context on a canvas element. When the device is lost, another one is asked for, and nothing is
 * drawn until it is there.
 */
export class WebGPURenderer {
    api = "webgpu";
    onrestored = () => {};
    onfailed = (error) => reportError(error);
    #losses = 0;
    #released = false;
    /** @type {GPUError | null} */
    #refusal = null; // what the card refused to do, until somebody is told
    #checked = Promise.resolve();

    /**
     * @param {HTMLCanvasElement | OffscreenCanvas} canvas
     * @param {object} [options]
     * @param {boolean} [options.software] whether software will do in place of a graphics card
     * @returns {Promise<WebGPURenderer>} Rejects with UnsupportedError where there is no WebGPU.
     */
    static async on(canvas, { software = true } = {}) {
        const device = await openDevice(software);
        return new WebGPURenderer(canvas, device, software);
    }

    constructor(canvas, device, software) {
        this.canvas = canvas;
        this.software = software;
        const context = /** @type {GPUCanvasContext | null} */ (canvas.getContext("webgpu"));
        if (!context) {
            device.destroy();
            throw new UnsupportedError("this canvas has no WebGPU context");
        }
        this.context = context;
        this.generation = {}; // another object after each loss
        this.lost = false;
        this.pipelines = new Map(); // by blend
        this.mostBytes = this.mostSide = this.mostIds = 0;
        this.start(device);
    }

    start(device) {
        const { maxStorageBufferBindingSize, maxTextureDimension2D } = device.limits;
        this.device = device;
        this.generation = {};
        this.lost = false;
        this.pipelines = new Map();
        this.mostBytes = maxStorageBufferBindingSize;
        this.mostSide = Math.min(maxTextureDimension2D, largestSide);
        this.mostIds = this.mostBytes / Uint32Array.BYTES_PER_ELEMENT;
        this.context.configure({ device, format, alphaMode: "premultiplied" });
        const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
        this.uniforms = device.createBuffer({ size: membersSize, usage });
        device.lost.then(({ message }) => this.#released || this.#restart(message));
    }

    async #restart(message) {
        const blends = [...this.pipelines.keys()];
        this.lost = true;
        try {
            if (++this.#losses > mostLosses)
                throw new UnsupportedError(`the graphics card is lost again and again: ${message}`);
            const device = await openDevice(this.software);
            renew(this.canvas);
            this.start(device);
            await Promise.all(blends.map((blend) => this.ready(blend)));
        } catch (error) {
            this.lost = true;
            return this.onfailed(error);
        }
        this.onrestored();
    }

    canDraw(blend) {
        return !this.lost && this.pipelines.get(blend) instanceof GPURenderPipeline;
    }

    async ready(blend) {
        const { device, pipelines } = this;
        if (this.lost) return;
        if (!pipelines.has(blend)) pipelines.set(blend, compiled(device, shaderText(blend)));
        try {
            pipelines.set(blend, await pipelines.get(blend));
        } catch (error) {
            if (device === this.device && !this.lost) throw error;
        }
    }

    /** Frees the device, its buffers and all else that it has. */
    release() {
        this.#released = this.lost = true;
        this.device.destroy();
    }

    /** A buffer: numbers of what kind is for the shader to know. */
    upload(_, numbers) {
        const size = Math.max(16, numbers.byteLength); // WebGPU knows no empty ones
        if (size > this.mostBytes)
            throw new UnsupportedError("the picture is too large for this graphics card");
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
        return this.#watched(() => {
            const buffer = this.device.createBuffer({ size, usage });
            this.device.queue.writeBuffer(buffer, 0, numbers);
            return buffer;
        });
    }

    free(buffer) {
        buffer.destroy();
    }

    /** Every frame has memory of its own: no more of it than there must be. */
    makeRoom({ width, height }) {
        const { canvas } = this;
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }

    draw(scene, view, size, { filtered = true } = {}) {
        requireRoom(this.canvas, size);
        const plan = planOf(scene, view, size, this.mostSide, filtered);
        this.#watched(() =>
            this.#fill(scene, plan, size, {
                target: this.context.getCurrentTexture(),
                firstRow: this.canvas.height - size.height,
                premultiplied: true, // as canvases are
            }),
        );
    }

    /** Draws from the first row of the target on, some rows at a time: a card has other duties. */
    #fill(scene, { uniforms, rows }, { width, height }, { target, firstRow, premultiplied }) {
        const { device } = this,
            pipeline = this.pipelines.get(scene.blend);
        device.queue.writeBuffer(this.uniforms, 0, memberBytes({ ...uniforms, firstRow, premultiplied }));
        const { tiles, ids, shapes, colors, grain } = scene.uploads;
        const entries = [this.uniforms, tiles, ids, shapes, colors, grain].map((buffer, binding) => ({
            binding,
            resource: { buffer },
        }));
        const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
        const attachment = { view: target.createView(), loadOp: "load", storeOp: "store" };
        for (let y = 0; y < height; y += rows) {
            const encoder = device.createCommandEncoder(),
                pass = encoder.beginRenderPass({ colorAttachments: [attachment] });
            pass.setPipeline(pipeline);
            pass.setBindGroup(0, group);
            pass.setViewport(0, firstRow, width, height, 0, 1);
            pass.setScissorRect(0, firstRow + y, width, Math.min(rows, height - y));
            pass.draw(3);
            pass.end();
            device.queue.submit([encoder.finish()]);
        }
    }

    async read(scene, view, size, { filtered = true } = {}) {
        await this.ready(scene.blend);
        if (this.lost) return null;
        const plan = planOf(scene, view, size, this.mostSide, filtered);
        const { device } = this,
            row = Math.ceil((4 * size.width) / rowAlignment) * rowAlignment;
        const [target, copy] = this.#watched(() => {
            const target = device.createTexture({
                size,
                format,
                usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
            });
            const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
            const copy = device.createBuffer({ size: row * size.height, usage });
            this.#fill(scene, plan, size, { target, firstRow: 0, premultiplied: false });
            const encoder = device.createCommandEncoder();
            encoder.copyTextureToBuffer({ texture: target }, { buffer: copy, bytesPerRow: row }, size);
            device.queue.submit([encoder.finish()]);
            return [target, copy];
        });
        try {
            const mapped = copy.mapAsync(GPUMapMode.READ).then(
                () => true,
                () => false, // the device was lost, or check() tells why
            );
            await this.check();
            return (await mapped) ? withoutGaps(copy.getMappedRange(), row, size) : null;
        } finally {
            target.destroy();
            copy.destroy();
        }
    }

    /** What the action returns; what the card refuses of it comes to light later. */
    #watched(action) {
        const { device } = this;
        for (const problem of problems) device.pushErrorScope(problem);
        try {
            return action();
        } finally {
            const errors = problems.map(() => device.popErrorScope().catch(() => null)); // of a lost device
            const note = (errors) => (this.#refusal ??= errors.find(Boolean) ?? null);
            this.#checked = Promise.all([...errors, this.#checked]).then((all) => note(all.slice(0, -1)));
        }
    }

    async check() {
        await this.#checked;
        const refusal = /** @type {GPUError | null} */ (this.#refusal);
        this.#refusal = null;
        if (refusal instanceof GPUOutOfMemoryError)
            throw new UnsupportedError("the graphics card's memory is full");
        if (refusal) throw new UnsupportedError(`the graphics card refuses to paint: ${refusal.message}`);
    }

    async finish() {
        await this.device.queue.onSubmittedWorkDone().catch(() => {}); // of a lost device
        await this.check();
    }
}

/** A promise of a pipeline. Rejects with UnsupportedError. */
function compiled(device, code) {
    const module = device.createShaderModule({ code });
    const promise = device.createRenderPipelineAsync({
        layout: "auto",
        vertex: { module },
        fragment: { module, targets: [{ format }] },
    });
    return promise.catch((error) => {
        throw new UnsupportedError(`the shader does not compile here: ${error.message}`);
    });
}

/** The rows of pixels without what is between them. */
function withoutGaps(bytes, row, { width, height }) {
    const pixels = new Uint8ClampedArray(4 * width * height);
    for (let y = 0; y < height; ++y)
        pixels.set(new Uint8ClampedArray(bytes, y * row, 4 * width), y * 4 * width);
    return pixels;
}
