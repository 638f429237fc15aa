// The WGSL shader for WebGPU. It paints a view of any part of the canvas at any size, as docs/format.md,
// section 9, defines the picture; glsl.js does the same for WebGL2, with textures in place of buffers.

/** @import { UniformType, UniformValue } from "./views.js" */

import { cutoff, leastLength, paperEpsilon, paperTile, topK } from "./constants.js";
import { grainWGSL } from "./grain_shaders.js";
import { leastWeight } from "./levels.js";
import { uniformTypes } from "./views.js";

const lowerPlaces = Array.from({ length: topK - 1 }, (_, i) => topK - 1 - i); // from the last to the second

/**
 * WGSL that inserts an exponent e, or moves the one above down.
 *
 * @param {number} k a place
 * @param {number} up k - 1
 */
const insertion = (k, up) => `
        kept[${k}] = select(select(kept[${k}], id, e > best[${k}]), kept[${up}], e > best[${up}]);
        best[${k}] = max(best[${k}], min(e, best[${up}]));`;

/**
 * The members of the uniform buffer, in the order of its bytes. Pairs come first, so that there are no gaps.
 */
export const members = /** @type {const} */ ({
    ...uniformTypes,
    firstRow: "f32", // row of the target that is the first of the output
    premultiplied: "bool",
});

/** @param {UniformType} type @returns {number} bytes */
const size = (type) => (type.startsWith("vec2") ? 8 : 4);
const memberSizes = Object.values(members).map(size);

/** The bytes of the uniform buffer. */
export const membersSize = Math.ceil(memberSizes.reduce((a, b) => a + b, 0) / 16) * 16;

/** The contents of the uniform buffer. @param {Record<string, UniformValue>} values @returns {ArrayBuffer} */
export function memberBytes(values) {
    const bytes = new DataView(new ArrayBuffer(membersSize));
    let at = 0;
    for (const [name, type] of Object.entries(members))
        for (const value of [values[name]].flat()) {
            if (/f/.test(type)) bytes.setFloat32(at, Number(value), true);
            else bytes.setInt32(at, Number(value), true);
            at += 4;
        }
    return bytes.buffer;
}

const struct = Object.entries(members).map(([name, type]) => `    ${name}: ${type.replace("bool", "u32")},`);

const paper = {
    stride: 3, // vectors a Gaussian
    helpers: `
fn sees_point(id: u32, tile: vec2f) -> bool {
    let seen = shapes[3 * id + 2];
    return seen.x <= tile.x && tile.x <= seen.y && seen.z <= tile.y && tile.y <= seen.w;
}
`,
    point: `let last = floor((view.canvas - 1) / ${paperTile});
    let seen = min(floor((view.corner + p) / ${paperTile}), last);`,
    skip: "if (!sees_point(id, seen)) { continue; }",
    sums: `let highest = 0.0; let least = NONE; var total = ${paperEpsilon};`,
};
const softmax = {
    stride: 2,
    helpers: "",
    point: "",
    skip: "",
    sums: `let highest = best[0]; let least = best[0] - ${cutoff}; var total = 0.0;`,
};

/** @param {"paper" | "softmax"} blend */
export function shaderText(blend) {
    const { stride, helpers, point, skip, sums } = blend === "paper" ? paper : softmax;
    return `
struct View {
${struct.join("\n")}
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> tiles: array<vec2u>; // first id, how many
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read> shapes: array<vec4f>; // see shapes.js
@group(0) @binding(4) var<storage, read> colors: array<vec4f>; // of the map that is shown

const TOP_K = ${topK}; // Gaussians that a point is painted with
const NONE = -1e30; // exponent of a place that no Gaussian took

@vertex
fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
    return vec4f(vec2f(vec2u(i & 1, i >> 1)) * 4 - 1, 0, 1);
}
${helpers}
// w - 1/2 d^T Sigma^-1 d at the point p from the view's corner.
fn exponent(id: u32, p: vec2f) -> f32 {
    let center = shapes[${stride} * id];
    let axes = shapes[${stride} * id + 1];
    let d = (view.corner - center.xy) + p;
    let q = vec2f(dot(axes.xy, d), dot(axes.zw, d));
    let w = select(max(center.z + view.fade, ${leastWeight}), center.z, center.w == 0);
    return w - dot(q, q);
}

// The color at a point from the view's corner, that of the largest exponents; of equal ones the lower id is
// first.
fn paint(at: vec2f) -> vec4f {
    var p = at;
    if (view.wraps != 0) { p -= floor((view.corner + p) / view.canvas) * view.canvas; }
    let tile = clamp(vec2i(floor((view.fromGrid + p) / view.tileSide)), vec2i(0), view.gridSize - 1);
    let list = tiles[tile.y * view.gridSize.x + tile.x];
    p += view.rest;
    ${point}
    var best: array<f32, TOP_K>;
    var kept: array<u32, TOP_K>;
    for (var k = 0; k < TOP_K; k++) { best[k] = NONE; }
    for (var i = list.x; i < list.x + list.y; i++) {
        let id = ids[i];
        let e = exponent(id, p);
        if (e <= best[${topK - 1}]) { continue; }
        ${skip}
        ${lowerPlaces
            .map((k) => insertion(k, k - 1))
            .join("")
            .trim()}
        kept[0] = select(kept[0], id, e > best[0]);
        best[0] = max(best[0], e);
    }
    ${sums}
    var color = vec4f();
    for (var k = 0; k < TOP_K; k++) {
        if (best[k] <= NONE || best[k] < least) { continue; }
        let weight = exp(best[k] - highest);
        total += weight;
        color += weight * colors[kept[k]];
    }
    return color / total;
}

fn with_unit_length(color: vec4f) -> vec4f {
    let v = 2 * color.xyz - 1;
    let size = length(v);
    return vec4f(0.5 + 0.5 * v / select(size, 1.0, size < ${leastLength}), 0);
}

// What the channels of a map look like.
fn shown(color: vec4f) -> vec4f {
    switch view.channels {
        case 1: { return vec4f(color.xxx, 1); }
        case 2: { return color.xxxy; }
        case 3: { return vec4f(color.xyz, 1); }
        default: { return color; }
    }
}

${grainWGSL}
@fragment
fn pixel(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let pixel = floor(position.xy) - vec2f(0, view.firstRow);
    let middle = (pixel + 0.5) * view.pixelSize;
    let outside = any(middle < view.canvasStart) || any(middle >= view.canvasEnd);
    if (view.wraps == 0 && outside) { return vec4f(); }
    var sum = vec4f();
    for (var y = 0; y < view.samples.y; y++) {
        for (var x = 0; x < view.samples.x; x++) {
            let p = (pixel + (vec2f(vec2i(x, y)) + 0.5) / vec2f(view.samples)) * view.pixelSize;
            let color = paint(select(clamp(p, view.canvasStart, view.canvasEnd), p, view.wraps != 0));
            sum += select(saturate(color), color, view.unitLength != 0);
        }
    }
    let mean = sum / f32(view.samples.x * view.samples.y);
    let grained = mean + grain_of_output(pixel);
    let result = shown(saturate(select(grained, with_unit_length(mean), view.unitLength != 0)));
    return select(result, vec4f(result.xyz * result.w, result.w), view.premultiplied != 0);
}
`;
}
