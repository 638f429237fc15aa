// What TypeScript is to know of <image-gs>, as of the browser's own elements.

import type { ImageGSElement } from "imagegs/element";

declare global {
    interface HTMLElementTagNameMap {
        "image-gs": ImageGSElement;
    }
}
