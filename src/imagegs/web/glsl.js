// The GLSL shaders for WebGL2. They paint a view of any part of the canvas at any size, as docs/format.md,
// section 9, defines the picture; wgsl.js does the same for WebGPU.

/** @import { UniformType } from "./views.js" */

import { cutoff, leastLength, paperEpsilon, paperTile, textureRow, topK } from "./constants.js";
import { grainGLSL } from "./grain_shaders.js";
import { leastWeight } from "./levels.js";
import { uniformTypes } from "./views.js";

/** Places among the Gaussians that are kept. */
const places = Array.from({ length: topK - 1 }, (_, i) => topK - 1 - i); // from the last to the second
/** @type {Record<UniformType, string>} */
const typeNames = { vec2f: "vec2", vec2i: "ivec2", f32: "float", i32: "int", bool: "bool" };
const uniforms = Object.entries(uniformTypes).map(([name, type]) => `uniform ${typeNames[type]} ${name};`);

export const vertexShader = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }
`;

/** @param {"paper" | "softmax"} blend */
export const fragmentShader = (blend) => `#version 300 es
${blend === "paper" ? "#define PAPER" : ""}
precision highp float;
precision highp int;

uniform highp usampler2D tiles; // RG32UI: first id, how many
uniform highp usampler2D ids; // R32UI
uniform highp sampler2D shapes; // RGBA32F, see shapes.js
uniform highp sampler2D colors; // RGBA32F, of the map that is shown

${uniforms.join("\n")}
uniform float height; // of the output, pixels
uniform bool flipped; // the first row is the last one of the output
out vec4 result;

const int TOP_K = ${topK}; // Gaussians that a point is painted with
const float NONE = -1e30; // exponent of a place that no Gaussian took

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

// The color at a point from the view's corner, that of the largest exponents; of equal ones the lower id is
// first.
vec4 paint(vec2 p) {
    if (wraps) p -= floor((corner + p) / canvas) * canvas;
    ivec2 tile = clamp(ivec2(floor((fromGrid + p) / tileSide)), ivec2(0), gridSize - 1);
    uvec2 list = texelFetch(tiles, texel(tile.y * gridSize.x + tile.x), 0).xy;
    p += rest;
#ifdef PAPER
    vec2 seen = min(floor((corner + p) / ${paperTile}.0), floor((canvas - 1.0) / ${paperTile}.0));
#endif
    float best[TOP_K];
    int kept[TOP_K];
    for (int k = 0; k < TOP_K; ++k) { best[k] = NONE; kept[k] = 0; }
    for (int i = int(list.x); i < int(list.x + list.y); ++i) {
        int id = int(texelFetch(ids, texel(i), 0).x);
        float e = exponent(id, p);
        if (e <= best[${topK - 1}]) continue;
#ifdef PAPER
        if (!seesPoint(id, seen)) continue;
#endif
${places
    .map(
        (k) => `        kept[${k}] = e > best[${k - 1}] ? kept[${k - 1}] : e > best[${k}] ? id : kept[${k}];
        best[${k}] = max(best[${k}], min(e, best[${k - 1}]));`,
    )
    .join("\n")}
        kept[0] = e > best[0] ? id : kept[0];
        best[0] = max(best[0], e);
    }
#ifdef PAPER
    float highest = 0.0, least = NONE, total = ${paperEpsilon};
#else
    float highest = best[0], least = best[0] - ${cutoff}.0, total = 0.0;
#endif
    vec4 color = vec4(0.0);
    for (int k = 0; k < TOP_K; ++k) {
        if (best[k] <= NONE || best[k] < least) continue;
        float weight = exp(best[k] - highest);
        total += weight;
        color += weight * texelFetch(colors, texel(kept[k]), 0);
    }
    return color / total;
}

vec4 withUnitLength(vec4 color) {
    vec3 v = 2.0 * color.xyz - 1.0;
    float size = length(v);
    return vec4(0.5 + 0.5 * v / (size < ${leastLength} ? 1.0 : size), 0.0);
}

${grainGLSL}
void main() {
    vec2 pixel = floor(gl_FragCoord.xy);
    if (flipped) pixel.y = height - 1.0 - pixel.y;
    vec2 middle = (pixel + 0.5) * pixelSize;
    result = vec4(0.0);
    if (!wraps && (any(lessThan(middle, canvasStart)) || any(greaterThanEqual(middle, canvasEnd)))) return;
    vec4 sum = vec4(0.0);
    for (int y = 0; y < samples.y; ++y)
        for (int x = 0; x < samples.x; ++x) {
            vec2 p = (pixel + (vec2(x, y) + 0.5) / vec2(samples)) * pixelSize;
            vec4 color = paint(wraps ? p : clamp(p, canvasStart, canvasEnd));
            sum += unitLength ? color : clamp(color, 0.0, 1.0);
        }
    vec4 color = sum / float(samples.x * samples.y);
    color = clamp(unitLength ? withUnitLength(color) : color + grainOfOutput(pixel), 0.0, 1.0);
    if (channels == 1) result = vec4(color.xxx, 1.0);
    else if (channels == 2) result = color.xxxy;
    else result = channels == 3 ? vec4(color.xyz, 1.0) : color;
}
`;
