// The GLSL shaders for WebGL2. They paint a view of any part of the canvas at any size, as docs/format.md,
// section 9, defines the picture; wgsl.js does the same for WebGPU.

import { grainGLSL } from "./grain_shaders.js";
import { declared, samplingGLSL, samplingUniforms } from "./sampling_glsl.js";
import { uniformTypes } from "./views.js";

const names = /** @type {(keyof typeof uniformTypes)[]} */ (Object.keys(uniformTypes));
const viewUniforms = names.filter((name) => !samplingUniforms.some((each) => each === name));
const version = "#version 300 es\n";

/** Of a triangle that covers the output, without the line `#version`. */
export const vertexMain = `
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }
`;

export const vertexShader = `${version}${vertexMain}`;

/** @param {"paper" | "softmax"} blend */
export const fragmentShader = (blend) => `${version}${fragmentMain(blend)}`;

// From sRGB to linear light, IEC 61966-2-1.
export const linearGLSL = `
vec3 linearOf(vec3 color) {
    vec3 curved = pow((color + 0.055) / 1.055, vec3(2.4));
    return mix(curved, color / 12.92, vec3(lessThanEqual(color, vec3(0.04045))));
}
`;

/**
 * The shader without the line `#version`.
 *
 * @param {"paper" | "softmax"} blend
 * @param {object} [options]
 * @param {boolean} [options.linear] whether the output turns sRGB into linear light, for a target that
 *     encodes it again
 */
export const fragmentMain = (blend, { linear = false } = {}) => `
precision highp float;
precision highp int;
${samplingGLSL(blend)}
${declared(viewUniforms)}
uniform float height; // of the output, pixels
uniform bool flipped; // the first row is the last one of the output
out vec4 result;

${grainGLSL}
${linear ? linearGLSL : ""}
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
            vec4 color = colorOf(keep(wraps ? p : clamp(p, canvasStart, canvasEnd)), 0);
            sum += unitLength ? color : clamp(color, 0.0, 1.0);
        }
    vec4 color = sum / float(samples.x * samples.y);
    color = clamp(unitLength ? withUnitLength(color) : color + grainOfOutput(pixel), 0.0, 1.0);
    if (channels == 1) result = vec4(color.xxx, 1.0);
    else if (channels == 2) result = color.xxxy;
    else result = channels == 3 ? vec4(color.xyz, 1.0) : color;
    ${linear ? "result.xyz = linearOf(result.xyz);" : ""}
}
`;
