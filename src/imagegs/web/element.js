// The element <image-gs>: an import of this module defines it.
/// <reference path="./tag_names.d.ts" preserve="true" />

export { ImageGSElement } from "./image_gs_element.js";
