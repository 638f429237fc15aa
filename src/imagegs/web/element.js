// The element <image-gs>: who imports this module has it.

export { ImageGSElement } from "./image_gs_element.js";
