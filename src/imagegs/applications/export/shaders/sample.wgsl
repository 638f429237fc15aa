// $title
// WGSL (WebGPU): put it in front of your shader and call the functions at the end.
// The four buffers hold the files beside this one: docs/shaders.md of imagegs tells how to bind them.

@group(0) @binding(0) var<storage, read> gsimg_offsets: array<u32>;
@group(0) @binding(1) var<storage, read> gsimg_ids: array<u32>;
@group(0) @binding(2) var<storage, read> gsimg_gaussians: array<vec4f>; // 2 a Gaussian: (x, y, w, 0) and (ux, uy, vx, vy)
@group(0) @binding(3) var<storage, read> gsimg_colors: array<vec4f>; // one a map and Gaussian

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

// One map of what was kept, its channels first, 0 behind them. To read several maps at a point, keep once.
fn gsimg_map(kept: GsimgKept, map: u32) -> vec4f {
    var own = kept;
    var color = vec4f();
    for (var k = 0; k < GSIMG_TOP_K; k++) { color += own.weight[k] * gsimg_colors[own.id[k] * GSIMG_MAPS + map]; }
    if (((GSIMG_UNIT_LENGTH >> map) & 1) == 1) {
        let v = 2 * color.xyz - 1;
        let size = length(v);
        color = vec4f(0.5 + 0.5 * v / select(size, 1.0, size < GSIMG_LEAST_LENGTH), color.w);
    }
    return saturate(color);
}

fn gsimg_sample(map: u32, uv: vec2f) -> vec4f { return gsimg_map(gsimg_keep(uv), map); }

//@each map
const MAP_$name: u32 = $index; // $about
fn sample_$name(uv: vec2f) -> $type { return gsimg_sample(MAP_$name, uv)$swizzle; }
//@end
