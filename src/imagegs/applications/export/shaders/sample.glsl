// $title
// GLSL ES 3.00 (WebGL2) and desktop GLSL 3.30 or later: paste it below `#version` and call the functions at the end.
// Textures hold the buffers beside this file, $row entries a row: docs/shaders.md of imagegs tells how.
precision highp float;
precision highp int;

uniform highp usampler2D gsimg_offsets; // R32UI
uniform highp usampler2D gsimg_ids; // R32UI
uniform highp sampler2D gsimg_gaussians; // RGBA32F, 2 a Gaussian: (x, y, w, 0) and (ux, uy, vx, vy)
uniform highp sampler2D gsimg_colors; // RGBA32F, one a map and Gaussian
//@each mips
uniform highp sampler2DArray gsimg_mips; // RGBA8 with its levels, a layer a map: mip levels GSIMG_FIRST_LEVEL and on
//@end

const vec2 GSIMG_CANVAS = vec2($width, $height); // pixels
const float GSIMG_TILE = $tile; // canvas pixels a side
const ivec2 GSIMG_TILES = ivec2($columns, $rows);
const int GSIMG_TOP_K = $top_k; // Gaussians that a point is painted with
const float GSIMG_CUTOFF = $cutoff; // below the largest exponent, beyond which nothing is seen
const float GSIMG_EPSILON = $epsilon; // added to the sum of weights
const float GSIMG_NONE = -1e30; // exponent of a place that no Gaussian took
const int GSIMG_MAPS = $n_maps;
const uint GSIMG_UNIT_LENGTH = ${unit_length}u; // bit m: map m holds vectors of length 1
const float GSIMG_LEAST_LENGTH = $least_length; // a shorter vector has no direction
//@each mips
const uint GSIMG_GRAY_ALPHA = ${gray_alpha}u, GSIMG_COLOR_ALPHA = ${color_alpha}u; // bit m: y, or w, of map m covers the rest
const float GSIMG_FIRST_LEVEL = $first_level;
const float GSIMG_MOST_SIDE = $most_side; // canvas pixels of a footprint that one point paints
//@end

// What a point is painted with: the weights of the colors, 0 for places that are not taken.
struct GsimgKept {
    uint id[GSIMG_TOP_K];
    float weight[GSIMG_TOP_K];
};

ivec2 gsimg_texel(int i) { return ivec2(i % $row, i / $row); }

// From texture coordinates, (0, 0) at the top left, to canvas pixels; $beyond.
vec2 gsimg_point(vec2 uv) { return $addressed * GSIMG_CANVAS; }

// w - 1/2 d^T Sigma^-1 d, d from the Gaussian's center to p.
float gsimg_exponent(int id, vec2 p) {
    vec4 center = texelFetch(gsimg_gaussians, gsimg_texel(2 * id), 0);
    vec4 axes = texelFetch(gsimg_gaussians, gsimg_texel(2 * id + 1), 0);
    vec2 d = p - center.xy;
    vec2 q = vec2(dot(axes.xy, d), dot(axes.zw, d));
    return center.z - dot(q, q);
}

// The largest exponents at a point, sorted; of equal ones the lower id is first.
GsimgKept gsimg_keep(vec2 uv) {
    vec2 p = gsimg_point(uv);
    ivec2 tile = min(ivec2(p / GSIMG_TILE), GSIMG_TILES - 1);
    int at = tile.y * GSIMG_TILES.x + tile.x;
    int first = int(texelFetch(gsimg_offsets, gsimg_texel(at), 0).x);
    int end = int(texelFetch(gsimg_offsets, gsimg_texel(at + 1), 0).x);
    GsimgKept kept;
    float best[GSIMG_TOP_K];
    for (int k = 0; k < GSIMG_TOP_K; ++k) { kept.id[k] = 0u; best[k] = GSIMG_NONE; }
    for (int i = first; i < end; ++i) {
        uint id = texelFetch(gsimg_ids, gsimg_texel(i), 0).x;
        float e = gsimg_exponent(int(id), p);
        if (e <= best[$last]) continue;
        //@each k
        kept.id[$k] = e > best[$above] ? kept.id[$above] : e > best[$k] ? id : kept.id[$k];
        best[$k] = max(best[$k], min(e, best[$above]));
        //@end
        kept.id[0] = e > best[0] ? id : kept.id[0];
        best[0] = max(best[0], e);
    }
    float shift = $shift, total = GSIMG_EPSILON;
    for (int k = 0; k < GSIMG_TOP_K; ++k) {
        bool seen = best[k] > GSIMG_NONE && best[k] >= best[0] - GSIMG_CUTOFF;
        kept.weight[k] = seen ? exp(best[k] - shift) : 0.0;
        total += kept.weight[k];
    }
    for (int k = 0; k < GSIMG_TOP_K; ++k) kept.weight[k] /= total;
    return kept;
}

// Vectors of a map that has them of length 1 get it.
vec4 gsimg_unit(vec4 color, int map) {
    if ((GSIMG_UNIT_LENGTH >> uint(map) & 1u) == 0u) return color;
    vec3 v = 2.0 * color.xyz - 1.0;
    float size = length(v);
    return vec4(0.5 + 0.5 * v / (size < GSIMG_LEAST_LENGTH ? 1.0 : size), color.w);
}

// One map of what was kept, its channels first, 0 behind them. To read several maps at a point, keep once.
vec4 gsimg_map(GsimgKept kept, int map) {
    vec4 color = vec4(0.0);
    for (int k = 0; k < GSIMG_TOP_K; ++k)
        color += kept.weight[k] * texelFetch(gsimg_colors, gsimg_texel(int(kept.id[k]) * GSIMG_MAPS + map), 0);
    return clamp(gsimg_unit(color, map), 0.0, 1.0);
}

vec4 gsimg_sample(int map, vec2 uv) { return gsimg_map(gsimg_keep(uv), map); }

//@each mips

// What the footprint of a pixel is painted with: no point, one or four, and the share of the texels.
struct GsimgFootprint {
    GsimgKept kept[4];
    int points;
    float texels;
    vec2 uv, dx, dy;
};

// dx, dy: the derivatives of uv across and down the screen, dFdx(uv) and dFdy(uv).
GsimgFootprint gsimg_footprint(vec2 uv, vec2 dx, vec2 dy) {
    GsimgFootprint found;
    found.uv = uv; found.dx = dx; found.dy = dy;
    float side = max(length(dx * GSIMG_CANVAS), length(dy * GSIMG_CANVAS));
    found.texels = clamp(log2(max(side, 1e-9)) + 1.0 - GSIMG_FIRST_LEVEL, 0.0, 1.0);
    found.points = found.texels == 1.0 ? 0 : side > GSIMG_MOST_SIDE ? 4 : 1;
    for (int i = 0; i < found.points; ++i) {
        vec2 part = found.points == 1 ? vec2(0.0) : 0.5 * vec2(i & 1, i >> 1) - 0.25;
        found.kept[i] = gsimg_keep(uv + part.x * dx + part.y * dy);
    }
    return found;
}

// The mean of the points: what alpha covers is weighed by it.
vec4 gsimg_mean(GsimgFootprint found, int map) {
    bool gray = (GSIMG_GRAY_ALPHA >> uint(map) & 1u) == 1u, covered = (GSIMG_COLOR_ALPHA >> uint(map) & 1u) == 1u;
    vec4 plain = vec4(0.0), weighed = vec4(0.0);
    float cover = 0.0;
    for (int i = 0; i < found.points; ++i) {
        vec4 color = gsimg_map(found.kept[i], map);
        float alpha = gray ? color.y : covered ? color.w : 1.0;
        plain += color; weighed += alpha * color; cover += alpha;
    }
    plain /= float(found.points);
    if (cover == 0.0) return plain;
    weighed /= cover;
    return vec4(weighed.x, gray ? plain.y : weighed.y, weighed.z, plain.w);
}

// One map of a footprint.
vec4 gsimg_filtered(GsimgFootprint found, int map) {
    vec4 color = found.points > 0 ? gsimg_mean(found, map) : vec4(0.0);
    if (found.texels > 0.0) {
        vec4 texel = textureGrad(gsimg_mips, vec3(found.uv, float(map)), found.dx, found.dy);
        color = mix(color, texel, found.texels);
    }
    return gsimg_unit(color, map);
}
//@end

//@each map
const int MAP_$name = $index; // $about
$type sample_$name(vec2 uv) { return gsimg_sample(MAP_$name, uv)$swizzle; }
//@end
//@each filtered
$type filter_$name(vec2 uv, vec2 dx, vec2 dy) { return gsimg_filtered(gsimg_footprint(uv, dx, dy), MAP_$name)$swizzle; }
//@end
