// $title
// WGSL (WebGPU): put it in front of your shader and call the functions at the end.
// Buffers, and a texture of mips, hold the files beside this one: docs/shaders.md of imagegs tells how to bind them.

@group(0) @binding(0) var<storage, read> gsimg_offsets: array<u32>;
@group(0) @binding(1) var<storage, read> gsimg_ids: array<u32>;
@group(0) @binding(2) var<storage, read> gsimg_gaussians: array<vec4f>; // 2 a Gaussian: (x, y, w, 0) and (ux, uy, vx, vy)
@group(0) @binding(3) var<storage, read> gsimg_colors: array<vec4f>; // one a map and Gaussian
//@each mips
@group(0) @binding(4) var gsimg_mips: texture_2d_array<f32>; // rgba8unorm with its levels, a layer a map: mip levels GSIMG_FIRST_LEVEL and on
@group(0) @binding(5) var gsimg_sampler: sampler; // linear, also between levels; addressing: $addressing
//@end

const GSIMG_CANVAS = vec2f($width, $height); // pixels
const GSIMG_TILE: f32 = $tile; // canvas pixels a side
const GSIMG_TILES = vec2u($columns, $rows);
const GSIMG_TOP_K = $top_k; // Gaussians that a point is painted with
const GSIMG_CUTOFF: f32 = $cutoff; // below the largest exponent, beyond which nothing is seen
const GSIMG_EPSILON: f32 = $epsilon; // added to the sum of weights
const GSIMG_NONE: f32 = -1e30; // exponent of a place that no Gaussian took
const GSIMG_MAPS: u32 = $n_maps;
const GSIMG_UNIT_LENGTH: u32 = ${unit_length}u; // bit m: map m holds vectors of length 1
const GSIMG_LEAST_LENGTH: f32 = $least_length; // a shorter vector has no direction
//@each mips
const GSIMG_GRAY_ALPHA: u32 = ${gray_alpha}u; // bit m: y of map m covers x
const GSIMG_COLOR_ALPHA: u32 = ${color_alpha}u; // bit m: w of map m covers the rest
const GSIMG_FIRST_LEVEL: f32 = $first_level;
const GSIMG_MOST_SIDE: f32 = $most_side; // canvas pixels of a footprint that one point paints
//@end

// What a point is painted with: the weights of the colors, 0 for places that are not taken.
struct GsimgKept {
    id: array<u32, GSIMG_TOP_K>,
    weight: array<f32, GSIMG_TOP_K>,
}

// From texture coordinates, (0, 0) at the top left, to canvas pixels; $beyond.
fn gsimg_point(uv: vec2f) -> vec2f { return $addressed * GSIMG_CANVAS; }

// w - 1/2 d^T Sigma^-1 d, d from the Gaussian's center to p.
fn gsimg_exponent(id: u32, p: vec2f) -> f32 {
    let center = gsimg_gaussians[2 * id];
    let axes = gsimg_gaussians[2 * id + 1];
    let d = p - center.xy;
    let q = vec2f(dot(axes.xy, d), dot(axes.zw, d));
    return center.z - dot(q, q);
}

// The largest exponents at a point, sorted; of equal ones the lower id is first.
fn gsimg_keep(uv: vec2f) -> GsimgKept {
    let p = gsimg_point(uv);
    let tile = min(vec2u(p / GSIMG_TILE), GSIMG_TILES - 1);
    let at = tile.y * GSIMG_TILES.x + tile.x;
    let end = gsimg_offsets[at + 1];
    var kept: GsimgKept;
    var best: array<f32, GSIMG_TOP_K>;
    for (var k = 0; k < GSIMG_TOP_K; k++) { best[k] = GSIMG_NONE; }
    for (var i = gsimg_offsets[at]; i < end; i++) {
        let id = gsimg_ids[i];
        let e = gsimg_exponent(id, p);
        if (e <= best[$last]) { continue; }
        //@each k
        kept.id[$k] = select(select(kept.id[$k], id, e > best[$k]), kept.id[$above], e > best[$above]);
        best[$k] = max(best[$k], min(e, best[$above]));
        //@end
        kept.id[0] = select(kept.id[0], id, e > best[0]);
        best[0] = max(best[0], e);
    }
    let shift = $shift;
    var total = GSIMG_EPSILON;
    for (var k = 0; k < GSIMG_TOP_K; k++) {
        let seen = best[k] > GSIMG_NONE && best[k] >= best[0] - GSIMG_CUTOFF;
        kept.weight[k] = select(0.0, exp(best[k] - shift), seen);
        total += kept.weight[k];
    }
    for (var k = 0; k < GSIMG_TOP_K; k++) { kept.weight[k] /= total; }
    return kept;
}

// Vectors of a map that has them of length 1 get it.
fn gsimg_unit(color: vec4f, map: u32) -> vec4f {
    if (((GSIMG_UNIT_LENGTH >> map) & 1) == 0) { return color; }
    let v = 2 * color.xyz - 1;
    let size = length(v);
    return vec4f(0.5 + 0.5 * v / select(size, 1.0, size < GSIMG_LEAST_LENGTH), color.w);
}

// One map of what was kept, its channels first, 0 behind them. To read several maps at a point, keep once.
fn gsimg_map(kept: GsimgKept, map: u32) -> vec4f {
    var own = kept;
    var color = vec4f();
    for (var k = 0; k < GSIMG_TOP_K; k++) { color += own.weight[k] * gsimg_colors[own.id[k] * GSIMG_MAPS + map]; }
    return saturate(gsimg_unit(color, map));
}

fn gsimg_sample(map: u32, uv: vec2f) -> vec4f { return gsimg_map(gsimg_keep(uv), map); }

//@each mips

// What the footprint of a pixel is painted with: no point, one or four, and the share of the texels.
struct GsimgFootprint {
    kept: array<GsimgKept, 4>,
    points: u32,
    texels: f32,
    uv: vec2f,
    dx: vec2f,
    dy: vec2f,
}

// dx, dy: the derivatives of uv across and down the screen, dpdx(uv) and dpdy(uv).
fn gsimg_footprint(uv: vec2f, dx: vec2f, dy: vec2f) -> GsimgFootprint {
    var found: GsimgFootprint;
    found.uv = uv; found.dx = dx; found.dy = dy;
    let side = max(length(dx * GSIMG_CANVAS), length(dy * GSIMG_CANVAS));
    found.texels = saturate(log2(max(side, 1e-9)) + 1 - GSIMG_FIRST_LEVEL);
    found.points = select(select(1u, 4u, side > GSIMG_MOST_SIDE), 0u, found.texels == 1);
    for (var i = 0u; i < found.points; i++) {
        let part = select(0.5 * vec2f(f32(i & 1), f32(i >> 1)) - 0.25, vec2f(), found.points == 1);
        found.kept[i] = gsimg_keep(uv + part.x * dx + part.y * dy);
    }
    return found;
}

// The mean of the points: what alpha covers is weighed by it.
fn gsimg_mean(found: GsimgFootprint, map: u32) -> vec4f {
    var own = found;
    let gray = ((GSIMG_GRAY_ALPHA >> map) & 1) == 1;
    let covered = ((GSIMG_COLOR_ALPHA >> map) & 1) == 1;
    var plain = vec4f();
    var weighed = vec4f();
    var cover = 0.0;
    for (var i = 0u; i < own.points; i++) {
        let color = gsimg_map(own.kept[i], map);
        let alpha = select(select(1.0, color.w, covered), color.y, gray);
        plain += color;
        weighed += alpha * color;
        cover += alpha;
    }
    plain /= f32(own.points);
    if (cover == 0) { return plain; }
    weighed /= cover;
    return vec4f(weighed.x, select(weighed.y, plain.y, gray), weighed.z, plain.w);
}

// One map of a footprint.
fn gsimg_filtered(found: GsimgFootprint, map: u32) -> vec4f {
    var color = vec4f();
    if (found.points > 0) { color = gsimg_mean(found, map); }
    if (found.texels > 0) {
        let texel = textureSampleGrad(gsimg_mips, gsimg_sampler, found.uv, map, found.dx, found.dy);
        color = mix(color, texel, found.texels);
    }
    return gsimg_unit(color, map);
}
//@end

//@each map
const MAP_$name: u32 = $index; // $about
fn sample_$name(uv: vec2f) -> $type { return gsimg_sample(MAP_$name, uv)$swizzle; }
//@end
//@each filtered
fn filter_$name(uv: vec2f, dx: vec2f, dy: vec2f) -> $type { return gsimg_filtered(gsimg_footprint(uv, dx, dy), MAP_$name)$swizzle; }
//@end
