// A renderer of three.js as one that a `Painting` draws on: renderer.js lists its members. It draws into the
// render target that is given, in the texture memory that three.js looks after.

/** @import { WebGLRenderer, WebGLRenderTarget } from "three" */
/** @import { UploadKind, UploadNumbers } from "../renderer.js" */
/** @import { DrawOptions, SceneOf, Size, View } from "../views.js" */

import {
    BufferGeometry,
    Camera,
    DataTexture,
    FloatType,
    GLSL3,
    Mesh,
    NoBlending,
    RGBAFormat,
    RGIntegerFormat,
    RawShaderMaterial,
    RedIntegerFormat,
    UnsignedIntType,
} from "three";

import { textureRow } from "../constants.js";
import { UnsupportedError } from "../errors.js";
import { fragmentMain, vertexMain } from "../glsl.js";
import { largestSide, planOf } from "../views.js";

/** @typedef {SceneOf<DataTexture>} Scene */

const formats = {
    RGBA32F: /** @type {const} */ ([4, RGBAFormat, FloatType]),
    RG32UI: /** @type {const} */ ([2, RGIntegerFormat, UnsignedIntType]),
    R32UI: /** @type {const} */ ([1, RedIntegerFormat, UnsignedIntType]),
};

/**
 * Numbers as a texture whose rows have `textureRow` texels.
 *
 * @param {UploadKind} kind
 * @param {UploadNumbers | Float32Array | Uint32Array} numbers
 * @param {number} mostRows of a texture; UnsupportedError beyond
 * @returns {DataTexture}
 */
export function dataTexture(kind, numbers, mostRows) {
    const [components, format, type] = formats[kind];
    const height = Math.max(1, Math.ceil(numbers.length / components / textureRow));
    if (height > mostRows) throw new UnsupportedError("the picture is too large for this graphics card");
    const Numbers = numbers instanceof Float32Array ? Float32Array : Uint32Array;
    const whole = new Numbers(height * textureRow * components);
    whole.set(numbers);
    const texture = new DataTexture(whole, textureRow, height, format, type);
    texture.internalFormat = kind;
    texture.needsUpdate = true;
    return texture;
}

export class ThreeRenderer {
    api = "three";
    generation = {}; // nothing that was uploaded is kept from one painting to the next

    /** @param {WebGLRenderer} renderer */
    constructor(renderer) {
        this.renderer = renderer;
        this.mostRows = renderer.capabilities.maxTextureSize;
        this.mostSide = Math.min(this.mostRows, largestSide);
        this.mostIds = textureRow * this.mostRows;
        /** @type {WebGLRenderTarget | null} */
        this.target = null;
        this.linear = false; // whether the target encodes sRGB
        /** @type {Map<string, Mesh<BufferGeometry, RawShaderMaterial>>} */
        this.meshes = new Map(); // by shader
        this.camera = new Camera();
    }

    canDraw() {
        return !this.renderer.getContext().isContextLost();
    }

    /** Nothing to wait for: the first draw compiles the shaders. */
    async ready() {}

    /** @param {UploadKind} kind @param {UploadNumbers} numbers */
    upload(kind, numbers) {
        return dataTexture(kind, numbers, this.mostRows);
    }

    /** @param {DataTexture} texture */
    free(texture) {
        texture.dispose();
    }

    /**
     * Draws into the target, whose first row is the top one of the view.
     *
     * @param {Scene} scene
     * @param {View} view
     * @param {Size} size that of the target
     * @param {DrawOptions} [options]
     */
    draw(scene, view, size, { filtered = true } = {}) {
        const target = /** @type {WebGLRenderTarget} */ (this.target),
            { uniforms, rows } = planOf(scene, view, size, this.mostSide, filtered);
        const mesh = this.mesh(scene.blend);
        const values = { ...uniforms, ...scene.uploads, height: size.height, flipped: false };
        for (const [name, value] of Object.entries(values))
            (mesh.material.uniforms[name] ??= { value: null }).value = value;
        mesh.material.uniformsNeedUpdate = true;
        target.scissorTest = true;
        for (let y = 0; y < size.height; y += rows) {
            target.scissor.set(0, y, size.width, Math.min(rows, size.height - y));
            this.render(mesh, target);
        }
        for (const name of Object.keys(scene.uploads)) mesh.material.uniforms[name].value = null;
    }

    /**
     * Renders into a target, and leaves the renderer's settings as they were.
     *
     * @param {Mesh} mesh
     * @param {WebGLRenderTarget} target
     */
    render(mesh, target) {
        const { renderer, camera } = this,
            { autoClear } = renderer,
            old = renderer.getRenderTarget(),
            face = renderer.getActiveCubeFace(),
            level = renderer.getActiveMipmapLevel(),
            xr = renderer.xr.enabled,
            shadows = renderer.shadowMap.autoUpdate;
        renderer.autoClear = renderer.xr.enabled = renderer.shadowMap.autoUpdate = false;
        try {
            renderer.setRenderTarget(target);
            renderer.render(mesh, camera);
        } finally {
            renderer.setRenderTarget(old, face, level);
            Object.assign(renderer, { autoClear });
            renderer.xr.enabled = xr;
            renderer.shadowMap.autoUpdate = shadows;
        }
    }

    /** The triangle with the shader of a blend, compiled at its first use. @param {Scene["blend"]} blend */
    mesh(blend) {
        const key = `${blend} ${this.linear}`;
        let mesh = this.meshes.get(key);
        if (!mesh) {
            const material = new RawShaderMaterial({
                glslVersion: GLSL3,
                vertexShader: vertexMain,
                fragmentShader: fragmentMain(blend, { linear: this.linear }),
                blending: NoBlending,
                depthTest: false,
                depthWrite: false,
            });
            const geometry = new BufferGeometry();
            geometry.setDrawRange(0, 3); // the shader knows its three corners
            mesh = new Mesh(geometry, material);
            mesh.frustumCulled = false;
            this.meshes.set(key, mesh);
        }
        return mesh;
    }
}
