// The name of <image-gs> for TypeScript, so that querySelector("image-gs") and the like have its type.

import type { ImageGSElement } from "imagegs/element";

declare global {
    interface HTMLElementTagNameMap {
        "image-gs": ImageGSElement;
    }
}
