// The GLSL that finds what a point is painted with, as docs/format.md, section 9, defines it. The shader of
// glsl.js has it, and so have materials of three.js (three/patch_material.js); wgsl.js does the same for
// WebGPU.

/** @import { UniformType } from "./views.js" */

import { cutoff, leastLength, paperEpsilon, paperTile, textureRow, topK } from "./constants.js";
import { leastWeight } from "./levels.js";
import { uniformTypes } from "./views.js";

/** Places among the Gaussians that are kept. */
const places = Array.from({ length: topK - 1 }, (_, i) => topK - 1 - i); // from the last to the second
/** @type {Record<UniformType, string>} */
const typeNames = { vec2f: "vec2", vec2i: "ivec2", f32: "float", i32: "int", bool: "bool" };

/** The uniforms of views.js that a point is painted by; the others are those of a view. */
export const samplingUniforms = /** @type {const} */ ([
    ...["canvas", "corner", "rest", "fromGrid", "tileSide", "gridSize", "fade", "wraps"],
]);

/** All global names of the text, for who has to put a prefix before them. */
export const samplingNames = [
    ...samplingUniforms,
    ...["tiles", "ids", "shapes", "colors", "TOP_K", "NONE", "MAPS", "STRIDE", "PAPER", "Kept"],
    ...["texel", "seesPoint", "exponent", "keep", "colorOf", "withUnitLength"],
];

/** The declarations of these uniforms. @param {readonly (keyof typeof uniformTypes)[]} names */
export const declared = (names) =>
    names.map((name) => `uniform ${typeNames[uniformTypes[name]]} ${name};`).join("\n");

/**
 * The text, for colours of several maps: those of a Gaussian stand side by side, a texel each.
 *
 * @param {"paper" | "softmax"} blend
 * @param {number} [maps] how many
 */
export const samplingGLSL = (blend, maps = 1) => `
${blend === "paper" ? "#define PAPER" : ""}
uniform highp usampler2D tiles; // RG32UI: first id, how many
uniform highp usampler2D ids; // R32UI
uniform highp sampler2D shapes; // RGBA32F, see shapes.js
uniform highp sampler2D colors; // RGBA32F, of the maps that are shown

${declared(samplingUniforms)}

const int TOP_K = ${topK}; // Gaussians that a point is painted with
const float NONE = -1e30; // exponent of a place that no Gaussian took
const int MAPS = ${maps};

// What a point is painted with; places that are not taken have the weight 0.
struct Kept {
    int id[TOP_K];
    float weight[TOP_K];
    float total; // what the sum of weighted colours is divided by
};

ivec2 texel(int i) { return ivec2(i % ${textureRow}, i / ${textureRow}); }

#ifdef PAPER
const int STRIDE = 3; // texels
bool seesPoint(int id, vec2 tile) {
    vec4 seen = texelFetch(shapes, texel(STRIDE * id + 2), 0);
    return seen.x <= tile.x && tile.x <= seen.y && seen.z <= tile.y && tile.y <= seen.w;
}
#else
const int STRIDE = 2;
#endif

// w - 1/2 d^T Sigma^-1 d at the point p from the view's corner.
float exponent(int id, vec2 p) {
    vec4 center = texelFetch(shapes, texel(STRIDE * id), 0);
    vec4 axes = texelFetch(shapes, texel(STRIDE * id + 1), 0);
    vec2 d = (corner - center.xy) + p;
    vec2 q = vec2(dot(axes.xy, d), dot(axes.zw, d));
    float w = center.w == 0.0 ? center.z : max(center.z + fade, ${leastWeight}.0);
    return w - dot(q, q);
}

// The Gaussians of the largest exponents at a point from the view's corner; of equal ones the lower id is
// first.
Kept keep(vec2 p) {
    if (wraps) p -= floor((corner + p) / canvas) * canvas;
    ivec2 tile = clamp(ivec2(floor((fromGrid + p) / tileSide)), ivec2(0), gridSize - 1);
    uvec2 list = texelFetch(tiles, texel(tile.y * gridSize.x + tile.x), 0).xy;
    p += rest;
#ifdef PAPER
    vec2 seen = min(floor((corner + p) / ${paperTile}.0), floor((canvas - 1.0) / ${paperTile}.0));
#endif
    float best[TOP_K];
    Kept kept;
    for (int k = 0; k < TOP_K; ++k) { best[k] = NONE; kept.id[k] = 0; }
    for (int i = int(list.x); i < int(list.x + list.y); ++i) {
        int id = int(texelFetch(ids, texel(i), 0).x);
        float e = exponent(id, p);
        if (e <= best[${topK - 1}]) continue;
#ifdef PAPER
        if (!seesPoint(id, seen)) continue;
#endif
${places
    .map(
        (k) => `        kept.id[${k}] =
            e > best[${k - 1}] ? kept.id[${k - 1}] : e > best[${k}] ? id : kept.id[${k}];
        best[${k}] = max(best[${k}], min(e, best[${k - 1}]));`,
    )
    .join("\n")}
        kept.id[0] = e > best[0] ? id : kept.id[0];
        best[0] = max(best[0], e);
    }
#ifdef PAPER
    float highest = 0.0, least = NONE;
    kept.total = ${paperEpsilon};
#else
    float highest = best[0], least = best[0] - ${cutoff}.0;
    kept.total = 0.0;
#endif
    for (int k = 0; k < TOP_K; ++k) {
        kept.weight[k] = best[k] <= NONE || best[k] < least ? 0.0 : exp(best[k] - highest);
        kept.total += kept.weight[k];
    }
    return kept;
}

// The colour in a map, not clipped.
vec4 colorOf(Kept kept, int map) {
    vec4 color = vec4(0.0);
    for (int k = 0; k < TOP_K; ++k)
        if (kept.weight[k] > 0.0)
            color += kept.weight[k] * texelFetch(colors, texel(MAPS * kept.id[k] + map), 0);
    return color / kept.total;
}

vec4 withUnitLength(vec4 color) {
    vec3 v = 2.0 * color.xyz - 1.0;
    float size = length(v);
    return vec4(0.5 + 0.5 * v / (size < ${leastLength} ? 1.0 : size), 0.0);
}
`;
