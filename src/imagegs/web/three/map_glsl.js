// The GLSL by which a material of three.js samples the maps of a file. All global names begin with `prefix`.

/** @import { Wrapping } from "three" */
/** @import { TextureMap } from "../maps.js" */

import { ClampToEdgeWrapping, MirroredRepeatWrapping, RepeatWrapping } from "three";

import { linearGLSL } from "../glsl.js";
import { samplingGLSL, samplingNames } from "../sampling_glsl.js";

export const prefix = "gsimg_";

/** By number of channels: all four of a texture. */
const channelsRead = ["color.xxx, 1.0", "color.xxxy", "color.xyz, 1.0", "color"];

/** Where a coordinate v is between 0 and 1. @type {Record<number, (v: string) => string>} */
const addressed = {
    [RepeatWrapping]: (v) => `fract(${v})`,
    [ClampToEdgeWrapping]: (v) => `clamp(${v}, 0.0, 1.0)`,
    [MirroredRepeatWrapping]: (v) => `1.0 - abs(1.0 - mod(${v}, 2.0))`,
};

/**
 * The functions `gsimg_look(uv)`, which gives a `gsimg_Kept`, and `gsimg_map(kept, number)`.
 *
 * @param {"paper" | "softmax"} blend
 * @param {TextureMap[]} maps
 * @param {[Wrapping, Wrapping]} wrapping of texture coordinates, across and down
 */
export function mapGLSL(blend, maps, [wrapS, wrapT]) {
    const text = `${samplingGLSL(blend, maps.length)}
${linearGLSL}
// What the point at texture coordinates is painted with, (0, 0) the top left corner of the canvas. Every
// sample of a map begins here: a filter over the pixel's footprint, dFdx(uv) and dFdy(uv), belongs here.
Kept look(vec2 uv) {
    return keep(vec2(${addressed[wrapS]("uv.x")}, ${addressed[wrapT]("uv.y")}) * canvas);
}

// A map as a texture of it would be read: all four channels, colours in linear light.
vec4 map(Kept kept, int number) {
    vec4 color = colorOf(kept, number);
${maps.map(readOf).join("\n")}
    return color;
}
`;
    const names = [...samplingNames, "linearOf", "look", "map"].join("|");
    return text.replace(new RegExp(`(?<![.\\w])(${names})\\b`, "g"), `${prefix}$1`);
}

/** What is done with the colour in a map. @param {TextureMap} map @param {number} i its number */
function readOf({ columns, colorSpace, unitLength }, i) {
    const steps = [
        ...(unitLength ? ["color = withUnitLength(color);"] : []),
        "color = clamp(color, 0.0, 1.0);",
        `color = vec4(${channelsRead[columns.length - 1]});`,
        ...(colorSpace === "srgb" ? ["color.xyz = linearOf(color.xyz);"] : []),
    ];
    return `    if (number == ${i}) { ${steps.join(" ")} }`;
}
