// The element <image-gs>: who imports this module has it.
/// <reference path="./tag_names.d.ts" preserve="true" />

export { ImageGSElement } from "./image_gs_element.js";
