// A loader of three.js for .gsimg files.

/** @import { LoadingManager, WebGLRenderer } from "three" */
/** @import { Source } from "../picture.js" */
/** @import { TextureSettings } from "./gsimg_file.js" */

import { Loader } from "three";

import { loadPicture } from "../picture.js";
import { GsimgFile } from "./gsimg_file.js";

/**
 * Loads files as `GsimgFile`: `load` and `loadAsync` work as those of other loaders.
 *
 * @extends {Loader<GsimgFile>}
 */
export class GsimgLoader extends Loader {
    /** @param {LoadingManager} [manager] by default DefaultLoadingManager */
    constructor(manager) {
        super(manager);
        /** @type {WebGLRenderer | null} */
        this.renderer = null;
        /** @type {string[] | null} */
        this.names = null;
        /** @type {TextureSettings} */
        this.settings = {};
        this.transfers = new AbortController();
    }

    /**
     * Sets the renderer that is to show the textures, so that they are painted in its memory. Without one, or
     * with another than a WebGLRenderer, they are painted by the library's own and handed over as pixels.
     *
     * @param {object | null} renderer
     * @returns {this}
     */
    setRenderer(renderer) {
        const isWebGL = Boolean(/** @type {any} */ (renderer)?.isWebGLRenderer);
        this.renderer = isWebGL ? /** @type {WebGLRenderer} */ (renderer) : null;
        return this;
    }

    /**
     * Sets which maps are painted when a file has come: none for `[]`, as patchMaterial() needs none. By
     * default all are.
     *
     * @param {string[] | null} names of which those count that a file has
     * @returns {this}
     */
    setMaps(names) {
        this.names = names;
        return this;
    }

    /** Sets what the textures are to have: anisotropy, wrapS, ... @param {TextureSettings} settings */
    setTextureSettings(settings) {
        this.settings = settings;
        return this;
    }

    /**
     * @param {string} url
     * @param {(file: GsimgFile) => void} [onLoad]
     * @param {(event: ProgressEvent) => void} [onProgress]
     * @param {(error: unknown) => void} [onError] by default the error goes to the console
     */
    load(url, onLoad, onProgress, onError) {
        const { manager } = this,
            address = manager.resolveURL(this.path + url);
        manager.itemStart(address);
        this.fetched(address, onProgress)
            .then(onLoad, (error) => {
                manager.itemError(address);
                if (onError) onError(error);
                else console.error(error);
            })
            .finally(() => manager.itemEnd(address));
    }

    /**
     * @param {string} address
     * @param {((event: ProgressEvent) => void) | undefined} onProgress
     */
    async fetched(address, onProgress) {
        const request = new Request(address, {
            headers: this.requestHeader,
            credentials: this.withCredentials ? "include" : "same-origin",
        });
        return this.parsed(request, onProgress);
    }

    /**
     * Reads a file whose bytes are there.
     *
     * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} bytes
     * @returns {Promise<GsimgFile>} Rejects as loadPicture() does.
     */
    parseAsync(bytes) {
        return this.parsed(bytes, undefined);
    }

    /**
     * @param {Source} source
     * @param {((event: ProgressEvent) => void) | undefined} onProgress
     */
    async parsed(source, onProgress) {
        const { signal } = this.transfers,
            { renderer, names, settings } = this;
        const picture = await loadPicture(source, {
            signal,
            onProgress: (_, loaded, total) =>
                onProgress?.(new ProgressEvent("progress", { lengthComputable: total > 0, loaded, total })),
        });
        const file = new GsimgFile(picture, renderer);
        try {
            for (const name of file.names) {
                if (names && !names.includes(name)) continue;
                file.maps[name] = await file.texture(name, settings);
                signal.throwIfAborted();
            }
        } catch (error) {
            file.dispose();
            throw error;
        }
        return file;
    }

    /** Ends all transfers of this loader, which reject with an AbortError. */
    abort() {
        this.transfers.abort();
        this.transfers = new AbortController();
        return this;
    }
}
