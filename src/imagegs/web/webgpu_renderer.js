// The renderer for WebGPU; renderer.js lists its members. `Painting` decides what is drawn.

/** @import { UploadKind, UploadNumbers } from "./renderer.js" */
/** @import { DrawOptions, Plan, SceneOf, Size, View } from "./views.js" */

import { UnsupportedError } from "./errors.js";
import { largestSide, planOf, renewDrawingBuffer, requireRoom } from "./views.js";
import { memberBytes, membersSize, shaderText } from "./wgsl.js";

const format = "rgba8unorm"; // of every target, so that each blend needs one pipeline
const mostBytes = 2 ** 29; // of a buffer, if the card allows as much
const mostLosses = 3; // of the device; after more the renderer gives up
const rowAlignment = 256; // rows of pixels are copied at multiples of so many bytes
const problems = /** @type {GPUErrorFilter[]} */ (["validation", "out-of-memory", "internal"]);

/** @typedef {SceneOf<GPUBuffer>} Scene */
/** @typedef {"paper" | "softmax"} Blend */
/**
 * @typedef {{target: GPUTexture, firstRow: number, premultiplied: boolean}} Target  firstRow: where the
 *     output starts
 */

/**
 * Opens a device with room for large pictures. Rejects with UnsupportedError where there is none.
 *
 * @param {boolean} software whether software will do in place of a graphics card
 * @returns {Promise<GPUDevice>}
 */
async function openDevice(software) {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter();
    // Older browsers have this property in the adapter itself.
    const older = /** @type {{isFallbackAdapter?: boolean} | undefined} */ (adapter)?.isFallbackAdapter;
    const isSoftware = adapter?.info?.isFallbackAdapter ?? older;
    if (!adapter || (!software && isSoftware))
        throw new UnsupportedError("this browser has no WebGPU adapter, which painting by WebGPU needs");
    const names = /** @type {const} */ (["maxBufferSize", "maxStorageBufferBindingSize"]);
    const limits = names.map((name) => [name, Math.min(adapter.limits[name], mostBytes)]);
    try {
        return await adapter.requestDevice({ requiredLimits: Object.fromEntries(limits) });
    } catch (error) {
        throw new UnsupportedError(`WebGPU gives no device: ${/** @type {Error} */ (error).message}`);
    }
}

/**
 * A WebGPU context on a canvas. When the device is lost, the renderer asks for another one; nothing is drawn
 * until it is there.
 */
export class WebGPURenderer {
    api = "webgpu";
    onrestored = () => {};
    /** @type {(error: unknown) => void} */
    onfailed = (error) => reportError(error);
    #losses = 0;
    #released = false;
    /** @type {GPUError | null} */
    #refusal = null; // an error of the card that check() has not reported yet
    /** @type {Promise<unknown>} */
    #checked = Promise.resolve(); // until the errors so far are known

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

    /**
     * @param {HTMLCanvasElement | OffscreenCanvas} canvas
     * @param {GPUDevice} device
     * @param {boolean} software
     */
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
        /** @type {Map<Blend, GPURenderPipeline | Promise<GPURenderPipeline>>} */
        this.pipelines = new Map();
        this.mostBytes = this.mostSide = this.mostIds = 0;
        this.device = device;
        this.uniforms = /** @type {GPUBuffer | null} */ (null);
        this.start(device);
    }

    /** Begins with a device. @param {GPUDevice} device */
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
        device.lost.then(({ message }) => {
            if (!this.#released) this.#restart(message);
        });
    }

    /** Opens another device in place of one that was lost. @param {string} message why it was lost */
    async #restart(message) {
        const blends = [...this.pipelines.keys()];
        this.lost = true;
        try {
            if (++this.#losses > mostLosses)
                throw new UnsupportedError(`the graphics card is lost again and again: ${message}`);
            const device = await openDevice(this.software);
            renewDrawingBuffer(this.canvas);
            this.start(device);
            await Promise.all(blends.map((blend) => this.ready(blend)));
        } catch (error) {
            this.lost = true;
            return this.onfailed(error);
        }
        this.onrestored();
    }

    /** @param {Blend} blend */
    canDraw(blend) {
        return !this.lost && this.pipelines.get(blend) instanceof GPURenderPipeline;
    }

    /** @param {Blend} blend @returns {Promise<void>} Rejects with UnsupportedError. */
    async ready(blend) {
        const { device, pipelines } = this;
        if (this.lost) return;
        const pipeline = pipelines.get(blend) ?? compiled(device, shaderText(blend));
        pipelines.set(blend, pipeline);
        try {
            pipelines.set(blend, await pipeline);
        } catch (error) {
            if (device === this.device && !this.lost) throw error;
        }
    }

    /** Frees the device and everything that belongs to it. */
    release() {
        this.#released = this.lost = true;
        this.device.destroy();
    }

    /** Makes a buffer; its type is in the shader. @param {UploadKind} _ @param {UploadNumbers} numbers */
    upload(_, numbers) {
        const size = Math.max(16, numbers.byteLength); // WebGPU has no empty buffers
        if (size > this.mostBytes)
            throw new UnsupportedError("the picture is too large for this graphics card");
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
        return this.#watched(() => {
            const buffer = this.device.createBuffer({ size, usage });
            this.device.queue.writeBuffer(buffer, 0, numbers);
            return buffer;
        });
    }

    /** @param {GPUBuffer} buffer */
    free(buffer) {
        buffer.destroy();
    }

    /** Each frame has memory of its own, so the canvas is no larger than the output. @param {Size} size */
    makeRoom({ width, height }) {
        const { canvas } = this;
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }

    /** @param {Scene} scene @param {View} view @param {Size} size @param {DrawOptions} [options] */
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

    /**
     * Draws some rows at a time, so that the card can do other work in between.
     *
     * @param {Scene} scene
     * @param {Plan} plan
     * @param {Size} size
     * @param {Target} target
     */
    #fill(scene, { uniforms, rows }, { width, height }, { target, firstRow, premultiplied }) {
        const { device } = this,
            pipeline = /** @type {GPURenderPipeline} */ (this.pipelines.get(scene.blend)); // see canDraw()
        const own = /** @type {GPUBuffer} */ (this.uniforms);
        device.queue.writeBuffer(own, 0, memberBytes({ ...uniforms, firstRow, premultiplied }));
        const { tiles, ids, shapes, colors, grain } = scene.uploads;
        const entries = [own, tiles, ids, shapes, colors, grain].map((buffer, binding) => ({
            binding,
            resource: { buffer },
        }));
        const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
        /** @type {GPURenderPassColorAttachment} */
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

    /**
     * @param {Scene} scene
     * @param {View} view
     * @param {Size} size
     * @param {DrawOptions} [options]
     * @returns {Promise<Uint8ClampedArray | null>}
     */
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
            return /** @type {const} */ ([target, copy]);
        });
        try {
            const mapped = copy.mapAsync(GPUMapMode.READ).then(
                () => true,
                () => false, // the device was lost, or check() rejects with the reason
            );
            await this.check();
            return (await mapped) ? withoutGaps(copy.getMappedRange(), row, size) : null;
        } finally {
            target.destroy();
            copy.destroy();
        }
    }

    /**
     * Does something with the device. Errors of the card become known later; check() reports them.
     *
     * @template Result
     * @param {() => Result} action
     * @returns {Result}
     */
    #watched(action) {
        const { device } = this;
        for (const problem of problems) device.pushErrorScope(problem);
        try {
            return action();
        } finally {
            const scopes = problems.map(() => device.popErrorScope().catch(() => null)); // null: it was lost
            const earlier = this.#checked;
            this.#checked = Promise.all(scopes).then(async (errors) => {
                await earlier;
                this.#refusal ??= errors.find(Boolean) ?? null;
            });
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
        await this.device.queue.onSubmittedWorkDone().catch(() => {}); // the device was lost
        await this.check();
    }
}

/**
 * Compiles a shader.
 *
 * @param {GPUDevice} device
 * @param {string} code WGSL
 * @returns {Promise<GPURenderPipeline>} Rejects with UnsupportedError.
 */
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

/**
 * The pixels of a buffer whose rows are padded.
 *
 * @param {ArrayBuffer} bytes
 * @param {number} row bytes from one row to the next
 * @param {Size} size
 */
function withoutGaps(bytes, row, { width, height }) {
    const pixels = new Uint8ClampedArray(4 * width * height);
    for (let y = 0; y < height; ++y)
        pixels.set(new Uint8ClampedArray(bytes, y * row, 4 * width), y * 4 * width);
    return pixels;
}
