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

const mostSide = 1.25; // canvas pixels of a footprint that one point paints

/**
 * The functions `gsimg_look(uv)`, which gives a `gsimg_Look`, and `gsimg_map(look, number)`. Small footprints
 * are painted from the Gaussians at one point or four, large ones from textures of the maps at a quarter of
 * the size, `gsimg_coarse0` and so on: docs/shaders.md, "Mip levels", has the rule.
 *
 * @param {"paper" | "softmax"} blend
 * @param {TextureMap[]} maps
 * @param {[Wrapping, Wrapping]} wrapping of texture coordinates, across and down
 */
export function mapGLSL(blend, maps, [wrapS, wrapT]) {
    const covered =
        maps.flatMap((map, i) => (hasAlpha(map) ? [`number == ${i}`] : [])).join(" || ") || "false";
    const text = `${samplingGLSL(blend, maps.length)}
${linearGLSL}
${maps.map((_, i) => `uniform sampler2D coarse${i};`).join("\n")}

// What the footprint of a pixel is painted with, and the share of the coarse textures.
struct Look {
    Kept kept[4];
    int points;
    float coarse;
    vec2 uv, dx, dy;
};

// Texture coordinates have (0, 0) at the top left corner of the canvas.
Look look(vec2 uv) {
    Look found;
    found.uv = uv; found.dx = dFdx(uv); found.dy = dFdy(uv);
    float side = max(length(found.dx * canvas), length(found.dy * canvas));
    found.coarse = clamp(log2(max(side, 1e-9)) - 1.0, 0.0, 1.0);
    found.points = found.coarse == 1.0 ? 0 : side > ${mostSide} ? 4 : 1;
    for (int i = 0; i < found.points; ++i) {
        vec2 part = found.points == 1 ? vec2(0.0) : 0.5 * vec2(i & 1, i >> 1) - 0.25;
        vec2 p = uv + part.x * found.dx + part.y * found.dy;
        found.kept[i] = keep(vec2(${addressed[wrapS]("p.x")}, ${addressed[wrapT]("p.y")}) * canvas);
    }
    return found;
}

// A map at one point, all four channels as a texture of it has them.
vec4 at(Kept kept, int number) {
    vec4 color = colorOf(kept, number);
${maps.map(readOf).join("\n")}
    return color;
}

// A map as a texture of it would be read, colours in linear light.
vec4 map(Look found, int number) {
    vec4 plain = vec4(0.0), weighed = vec4(0.0), texel = vec4(0.0);
    for (int i = 0; i < found.points; ++i) {
        vec4 color = at(found.kept[i], number);
        float alpha = ${covered} ? color.w : 1.0;
        plain += color; weighed += alpha * vec4(color.xyz, 1.0);
    }
    vec4 color = plain / float(max(found.points, 1));
    if (weighed.w > 0.0) color.xyz = weighed.xyz / weighed.w;
${maps.map(lightOf).join("\n")}
    return mix(color, texel, found.coarse);
}
`;
    const names = [...samplingNames, "linearOf", "Look", "look", "at", "map", "coarse\\d+"].join("|");
    return text.replace(new RegExp(`(?<![.\\w])(${names})\\b`, "g"), `${prefix}$1`);
}

/** Whether the last channel covers the others. @param {TextureMap} map */
const hasAlpha = ({ columns, colorSpace }) => colorSpace === "srgb" && columns.length % 2 === 0;

/** How the colour of a map gets to linear light. @param {TextureMap} map @param {number} i its number */
function lightOf({ colorSpace }, i) {
    const texel = `if (found.coarse > 0.0) texel = textureGrad(coarse${i}, found.uv, found.dx, found.dy);`;
    const steps = [...(colorSpace === "srgb" ? ["color.xyz = linearOf(color.xyz);"] : []), texel];
    return `    if (number == ${i}) { ${steps.join(" ")} }`;
}

/** What is done with the colour in a map. @param {TextureMap} map @param {number} i its number */
function readOf({ columns, unitLength }, i) {
    const steps = [
        ...(unitLength ? ["color = withUnitLength(color);"] : []),
        "color = clamp(color, 0.0, 1.0);",
        `color = vec4(${channelsRead[columns.length - 1]});`,
    ];
    return `    if (number == ${i}) { ${steps.join(" ")} }`;
}
