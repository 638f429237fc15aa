// $title
// HLSL, shader model 5.0 or later: include it and call the functions at the end.
// Buffers, and a texture of mips, hold the files beside this one: docs/shaders.md of imagegs tells how to bind them.

StructuredBuffer<uint> gsimg_offsets;
StructuredBuffer<uint> gsimg_ids;
StructuredBuffer<float4> gsimg_gaussians; // 2 a Gaussian: (x, y, w, 0) and (ux, uy, vx, vy)
StructuredBuffer<float4> gsimg_colors; // one a map and Gaussian
//@each mips
Texture2DArray<float4> gsimg_mips; // RGBA8 with its levels, a layer a map: mip levels GSIMG_FIRST_LEVEL and on
SamplerState gsimg_sampler; // linear, also between levels; addressing: $addressing
//@end

static const float2 GSIMG_CANVAS = float2($width, $height); // pixels
static const float GSIMG_TILE = $tile; // canvas pixels a side
static const int2 GSIMG_TILES = int2($columns, $rows);
static const int GSIMG_TOP_K = $top_k; // Gaussians that a point is painted with
static const float GSIMG_CUTOFF = $cutoff; // below the largest exponent, beyond which nothing is seen
static const float GSIMG_EPSILON = $epsilon; // added to the sum of weights
static const float GSIMG_NONE = -1e30; // exponent of a place that no Gaussian took
static const uint GSIMG_MAPS = $n_maps;
static const uint GSIMG_UNIT_LENGTH = ${unit_length}u; // bit m: map m holds vectors of length 1
static const float GSIMG_LEAST_LENGTH = $least_length; // a shorter vector has no direction
//@each mips
static const uint GSIMG_GRAY_ALPHA = ${gray_alpha}u; // bit m: y of map m covers x
static const uint GSIMG_COLOR_ALPHA = ${color_alpha}u; // bit m: w of map m covers the rest
static const float GSIMG_FIRST_LEVEL = $first_level;
static const float GSIMG_MOST_SIDE = $most_side; // canvas pixels of a footprint that one point paints
//@end

// What a point is painted with: the weights of the colors, 0 for places that are not taken.
struct GsimgKept {
    uint id[GSIMG_TOP_K];
    float weight[GSIMG_TOP_K];
};

// From texture coordinates, (0, 0) at the top left, to canvas pixels; $beyond.
float2 gsimg_point(float2 uv) { return $addressed * GSIMG_CANVAS; }

// w - 1/2 d^T Sigma^-1 d, d from the Gaussian's center to p.
float gsimg_exponent(uint id, float2 p) {
    float4 center = gsimg_gaussians[2 * id];
    float4 axes = gsimg_gaussians[2 * id + 1];
    float2 d = p - center.xy;
    float2 q = float2(dot(axes.xy, d), dot(axes.zw, d));
    return center.z - dot(q, q);
}

// The largest exponents at a point, sorted; of equal ones the lower id is first.
GsimgKept gsimg_keep(float2 uv) {
    float2 p = gsimg_point(uv);
    int2 tile = min(int2(p / GSIMG_TILE), GSIMG_TILES - 1);
    uint at = uint(tile.y * GSIMG_TILES.x + tile.x);
    uint first = gsimg_offsets[at], end = gsimg_offsets[at + 1];
    GsimgKept kept;
    float best[GSIMG_TOP_K];
    [unroll] for (int k = 0; k < GSIMG_TOP_K; ++k) { kept.id[k] = 0; kept.weight[k] = 0; best[k] = GSIMG_NONE; }
    [loop] for (uint i = first; i < end; ++i) {
        uint id = gsimg_ids[i];
        float e = gsimg_exponent(id, p);
        if (e <= best[$last]) continue;
        //@each k
        kept.id[$k] = e > best[$above] ? kept.id[$above] : e > best[$k] ? id : kept.id[$k];
        best[$k] = max(best[$k], min(e, best[$above]));
        //@end
        kept.id[0] = e > best[0] ? id : kept.id[0];
        best[0] = max(best[0], e);
    }
    float shift = $shift, total = GSIMG_EPSILON;
    [unroll] for (int n = 0; n < GSIMG_TOP_K; ++n) {
        bool seen = best[n] > GSIMG_NONE && best[n] >= best[0] - GSIMG_CUTOFF;
        kept.weight[n] = seen ? exp(best[n] - shift) : 0;
        total += kept.weight[n];
    }
    [unroll] for (int m = 0; m < GSIMG_TOP_K; ++m) kept.weight[m] /= total;
    return kept;
}

// Vectors of a map that has them of length 1 get it.
float4 gsimg_unit(float4 color, uint map) {
    float3 v = 2 * color.xyz - 1;
    float size = length(v);
    float3 unit = 0.5 + 0.5 * v / (size < GSIMG_LEAST_LENGTH ? 1 : size);
    return (GSIMG_UNIT_LENGTH >> map & 1u) == 1u ? float4(unit, color.w) : color;
}

// One map of what was kept, its channels first, 0 behind them. To read several maps at a point, keep once.
float4 gsimg_map(GsimgKept kept, uint map) {
    float4 color = float4(0, 0, 0, 0);
    [unroll] for (int k = 0; k < GSIMG_TOP_K; ++k)
        color += kept.weight[k] * gsimg_colors[kept.id[k] * GSIMG_MAPS + map];
    return saturate(gsimg_unit(color, map));
}

float4 gsimg_sample(uint map, float2 uv) { return gsimg_map(gsimg_keep(uv), map); }

//@each mips

// What the footprint of a pixel is painted with: no point, one or four, and the share of the texels.
struct GsimgFootprint {
    GsimgKept kept[4];
    int points;
    float texels;
    float2 uv, dx, dy;
};

// dx, dy: the derivatives of uv across and down the screen, ddx(uv) and ddy(uv).
GsimgFootprint gsimg_footprint(float2 uv, float2 dx, float2 dy) {
    GsimgFootprint found = (GsimgFootprint)0;
    found.uv = uv; found.dx = dx; found.dy = dy;
    float side = max(length(dx * GSIMG_CANVAS), length(dy * GSIMG_CANVAS));
    found.texels = saturate(log2(max(side, 1e-9)) + 1 - GSIMG_FIRST_LEVEL);
    found.points = found.texels == 1 ? 0 : side > GSIMG_MOST_SIDE ? 4 : 1;
    [loop] for (int i = 0; i < found.points; ++i) {
        float2 part = found.points == 1 ? float2(0, 0) : 0.5 * float2(i & 1, i >> 1) - 0.25;
        found.kept[i] = gsimg_keep(uv + part.x * dx + part.y * dy);
    }
    return found;
}

// The mean of the points: what alpha covers is weighed by it.
float4 gsimg_mean(GsimgFootprint found, uint map) {
    bool gray = (GSIMG_GRAY_ALPHA >> map & 1u) == 1u, covered = (GSIMG_COLOR_ALPHA >> map & 1u) == 1u;
    float4 plain = float4(0, 0, 0, 0), weighed = plain;
    float cover = 0;
    [loop] for (int i = 0; i < found.points; ++i) {
        float4 color = gsimg_map(found.kept[i], map);
        float alpha = gray ? color.y : covered ? color.w : 1;
        plain += color; weighed += alpha * color; cover += alpha;
    }
    plain /= found.points;
    weighed /= cover == 0 ? 1 : cover;
    return cover == 0 ? plain : float4(weighed.x, gray ? plain.y : weighed.y, weighed.z, plain.w);
}

// One map of a footprint.
float4 gsimg_filtered(GsimgFootprint found, uint map) {
    float4 color = float4(0, 0, 0, 0);
    [branch] if (found.points > 0) color = gsimg_mean(found, map);
    [branch] if (found.texels > 0) {
        float4 texel = gsimg_mips.SampleGrad(gsimg_sampler, float3(found.uv, map), found.dx, found.dy);
        color = lerp(color, texel, found.texels);
    }
    return gsimg_unit(color, map);
}
//@end

//@each map
static const uint MAP_$name = $index; // $about
$type sample_$name(float2 uv) { return gsimg_sample(MAP_$name, uv)$swizzle; }
//@end
//@each filtered
$type filter_$name(float2 uv, float2 dx, float2 dy) { return gsimg_filtered(gsimg_footprint(uv, dx, dy), MAP_$name)$swizzle; }
//@end
