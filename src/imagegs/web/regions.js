// Rectangles on the canvas.

/** @import { Region } from "./tile_lists.js" */
/** @import { Size, View } from "./views.js" */

/** All of a canvas. @param {Size} canvas @returns {Region} */
export const canvasOf = ({ width, height }) => ({ x: 0, y: 0, width, height });

/**
 * The part of the canvas that a view shows, with a margin around it; null where it shows nothing of the
 * canvas.
 *
 * @param {Size} canvas
 * @param {View} view
 * @param {number} share the margin, as a share of the view's sides
 * @returns {Region | null}
 */
export function within({ width, height }, view, share) {
    const left = Math.max(0, view.x - share * view.width),
        right = Math.min(width, view.x + (1 + share) * view.width);
    const top = Math.max(0, view.y - share * view.height),
        bottom = Math.min(height, view.y + (1 + share) * view.height);
    return left < right && top < bottom
        ? { x: left, y: top, width: right - left, height: bottom - top }
        : null;
}

/** Whether a region holds all of another one. @param {Region} outer @param {Region} inner */
export function contains(outer, inner) {
    const { x, y, width, height } = outer;
    return (
        x <= inner.x &&
        y <= inner.y &&
        x + width >= inner.x + inner.width &&
        y + height >= inner.y + inner.height
    );
}
