// Grain in GLSL and WGSL: the integers of grain_sampler.js, interpolated in float32.
// Both need `canvas`, `wraps` and `grainCells`, which are those of views.js, and `grain`, the deviations.

import { textureRow } from "./constants.js";
import { largestGrainStep } from "./grain.js";

export const grainGLSL = `
uniform highp usampler2D grain; // R32UI: deviations of the cells, row by row, in 1/65536

// A canvas pixel's, without the mean.
int grainNumber(ivec2 p) {
    ivec2 sides = ivec2(canvas);
    uvec2 q = uvec2(wraps ? (p + 4 * sides) % sides : p);
    uint v = q.x * 0x9e3779b1u + q.y * 0x85ebca77u;
    v = (v ^ (v >> 16)) * 0x7feb352du;
    v = (v ^ (v >> 15)) * 0x846ca68bu;
    v ^= v >> 16;
    return int((v & 255u) + ((v >> 8) & 255u) + ((v >> 16) & 255u) + (v >> 24)) - 510;
}

float grainDeviation(ivec2 cell) {
    cell = wraps ? (cell + grainCells) % grainCells : clamp(cell, ivec2(0), grainCells - 1);
    int i = cell.y * grainCells.x + cell.x;
    return float(texelFetch(grain, ivec2(i % ${textureRow}, i / ${textureRow}), 0).x);
}

float grainStrength(ivec2 p) {
    ivec2 q = wraps ? (p + 4 * ivec2(canvas)) % ivec2(canvas) : p;
    vec2 place = (vec2(q) + 0.5) * vec2(grainCells) / canvas - 0.5;
    ivec2 cell = ivec2(floor(place));
    vec2 part = place - vec2(cell);
    float upper = mix(grainDeviation(cell), grainDeviation(cell + ivec2(1, 0)), part.x);
    float lower = mix(grainDeviation(cell + ivec2(0, 1)), grainDeviation(cell + 1), part.x);
    return mix(upper, lower, part.y) / 65536.0;
}

float grainOfPixel(ivec2 p) {
    int sum = 0;
    for (int y = -1; y <= 1; ++y)
        for (int x = -1; x <= 1; ++x)
            sum += (x == 0 ? 4 : 1) * (y == 0 ? 4 : 1) * grainNumber(p + ivec2(x, y));
    return float((197 * sum + 1024) >> 11) / 256.0 * grainStrength(p);
}

// In shares of the full range, at a place on the canvas.
float grainAt(vec2 place) {
    vec2 p = place - 0.5;
    ivec2 pixel = ivec2(floor(p));
    vec2 part = p - vec2(pixel);
    float upper = mix(grainOfPixel(pixel), grainOfPixel(pixel + ivec2(1, 0)), part.x);
    float lower = mix(grainOfPixel(pixel + ivec2(0, 1)), grainOfPixel(pixel + 1), part.x);
    return mix(upper, lower, part.y);
}

// What grain adds to a pixel from the view's corner: the mean of its samples.
vec4 grainOfOutput(vec2 pixel) {
    if (grainCells.x == 0 || max(pixelSize.x, pixelSize.y) > ${largestGrainStep}.0) return vec4(0.0);
    float sum = 0.0;
    for (int y = 0; y < samples.y; ++y)
        for (int x = 0; x < samples.x; ++x)
            sum += grainAt(corner + (pixel + (vec2(x, y) + 0.5) / vec2(samples)) * pixelSize);
    float mean = sum / float(samples.x * samples.y);
    return channels < 3 ? vec4(mean, 0.0, 0.0, 0.0) : vec4(vec3(mean), 0.0);
}
`;

export const grainWGSL = `
@group(0) @binding(5) var<storage, read> grain: array<u32>; // deviations of the cells, in 1/65536

fn grain_number(p: vec2i) -> i32 {
    let sides = vec2i(view.canvas);
    let q = vec2u(select(p, (p + 4 * sides) % sides, view.wraps != 0));
    var v = q.x * 0x9e3779b1u + q.y * 0x85ebca77u;
    v = (v ^ (v >> 16)) * 0x7feb352du;
    v = (v ^ (v >> 15)) * 0x846ca68bu;
    v ^= v >> 16;
    return i32((v & 255) + ((v >> 8) & 255) + ((v >> 16) & 255) + (v >> 24)) - 510;
}

fn grain_deviation(place: vec2i) -> f32 {
    let cells = view.grainCells;
    let cell = select(clamp(place, vec2i(0), cells - 1), (place + cells) % cells, view.wraps != 0);
    return f32(grain[cell.y * cells.x + cell.x]);
}

fn grain_strength(p: vec2i) -> f32 {
    let sides = vec2i(view.canvas);
    let q = select(p, (p + 4 * sides) % sides, view.wraps != 0);
    let place = (vec2f(q) + 0.5) * vec2f(view.grainCells) / view.canvas - 0.5;
    let cell = vec2i(floor(place));
    let part = place - vec2f(cell);
    let upper = mix(grain_deviation(cell), grain_deviation(cell + vec2i(1, 0)), part.x);
    let lower = mix(grain_deviation(cell + vec2i(0, 1)), grain_deviation(cell + 1), part.x);
    return mix(upper, lower, part.y) / 65536;
}

fn grain_of_pixel(p: vec2i) -> f32 {
    var sum = 0;
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            sum += select(1, 4, x == 0) * select(1, 4, y == 0) * grain_number(p + vec2i(x, y));
        }
    }
    return f32((197 * sum + 1024) >> 11) / 256 * grain_strength(p);
}

// In shares of the full range, at a place on the canvas.
fn grain_at(place: vec2f) -> f32 {
    let p = place - 0.5;
    let pixel = vec2i(floor(p));
    let part = p - vec2f(pixel);
    let upper = mix(grain_of_pixel(pixel), grain_of_pixel(pixel + vec2i(1, 0)), part.x);
    let lower = mix(grain_of_pixel(pixel + vec2i(0, 1)), grain_of_pixel(pixel + 1), part.x);
    return mix(upper, lower, part.y);
}

// What grain adds to a pixel from the view's corner: the mean of its samples.
fn grain_of_output(pixel: vec2f) -> vec4f {
    let step = max(view.pixelSize.x, view.pixelSize.y);
    if (view.grainCells.x == 0 || step > ${largestGrainStep}) { return vec4f(); }
    var sum = 0.0;
    for (var y = 0; y < view.samples.y; y++) {
        for (var x = 0; x < view.samples.x; x++) {
            let p = (pixel + (vec2f(vec2i(x, y)) + 0.5) / vec2f(view.samples)) * view.pixelSize;
            sum += grain_at(view.corner + p);
        }
    }
    let mean = sum / f32(view.samples.x * view.samples.y);
    return select(vec4f(vec3f(mean), 0), vec4f(mean, 0, 0, 0), view.channels < 3);
}
`;
