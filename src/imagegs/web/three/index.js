// imagegs for three.js: textures out of .gsimg files. docs/three.md tells how to use it.

export { GLTFImagegsExtension } from "./gltf_extension.js";
export { GsimgFile } from "./gsimg_file.js";
export { GsimgLoader } from "./gsimg_loader.js";
export { patchMaterial } from "./patch_material.js";
