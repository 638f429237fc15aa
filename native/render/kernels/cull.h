// Culling: finds the Gaussians that can matter somewhere in a rectangle of points.
//
// Softmax: a Gaussian's lowest score in the rectangle (its "near" score) must come within the cutoff of the
// score that some Gaussian never exceeds there (the lowest "far" score of all). In the whitened frame the
// rectangle is a parallelogram: far = its most distant corner, near = its distance from the origin. Exact but
// for rounding, for which the bound is widened; so nothing that a point would choose is ever lost, and the
// result of rendering does not depend on how points are grouped.
// Paper: the Gaussian's tiles and the rectangle's tiles must meet.
//
// One lane a candidate.
#pragma once

#include <cfloat>
#include <cstddef>

#include "render/kernels/blend.h"

namespace imagegs::IMAGEGS_ISA {

IMAGEGS_INLINE vfloat squared(Whitened<vfloat> p) { return p.u * p.u + p.v * p.v; }

// Squared distance of the origin from the segment a + t d, 0 <= t <= 1.
IMAGEGS_INLINE vfloat squared_distance(Whitened<vfloat> a, Whitened<vfloat> d, vfloat inverse_length) {
    vfloat t = (a.u * d.u + a.v * d.v) * -inverse_length;
    t = minimum(maximum(t, broadcast(0.0f)), broadcast(1.0f));
    return squared({a.u + t * d.u, a.v + t * d.v});
}

struct NearFar {
    vfloat near, far;
};

IMAGEGS_INLINE NearFar near_and_far(const Shape *shapes, const uint32_t *ids, int n, const Rectangle &r) {
    static_assert(offsetof(Shape, log_weight) == 6 * sizeof(float) && sizeof(Shape) >= 8 * sizeof(float),
                  "the first seven numbers are those that culling needs");
    const float *rows[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) rows[lane] = &shapes[ids[lane < n ? lane : 0]].x;
    vfloat field[8];
    load_columns(rows, field);
    const vfloat x = field[0], y = field[1], ux = field[2], uy = field[3], vx = field[4], vy = field[5];
    const vfloat left = r.left - x, top = r.top - y;
    const Whitened<vfloat> corner = {left * ux + top * uy, left * vx + top * vy};
    const Whitened<vfloat> across = {(r.right - r.left) * ux, (r.right - r.left) * vx};
    const Whitened<vfloat> down = {(r.bottom - r.top) * uy, (r.bottom - r.top) * vy};
    const Whitened<vfloat> right = {corner.u + across.u, corner.v + across.v};
    const Whitened<vfloat> below = {corner.u + down.u, corner.v + down.v};
    const Whitened<vfloat> opposite = {right.u + down.u, right.v + down.v};
    const vfloat far = maximum(maximum(squared(corner), squared(right)), maximum(squared(below), squared(opposite)));
    const vfloat across_inverse = 1.0f / (squared(across) + 1e-30f), down_inverse = 1.0f / (squared(down) + 1e-30f);
    const vfloat near = minimum(
        minimum(squared_distance(corner, across, across_inverse), squared_distance(below, across, across_inverse)),
        minimum(squared_distance(corner, down, down_inverse), squared_distance(right, down, down_inverse)));
    const vmask inside = less_equal(left, broadcast(0.0f)) & less_equal(top, broadcast(0.0f)) &
                         less_equal(x, broadcast(r.right)) & less_equal(y, broadcast(r.bottom));
    const vfloat w = field[6];
    return {select(inside, broadcast(0.0f), near) - w, far - w};
}

static int cull_softmax(const Shape *shapes, const Rectangle &r, const uint32_t *ids, int count, uint32_t *kept,
                        float *near) {
    vfloat lowest_far = broadcast(FLT_MAX);
    for (int i = 0; i < count; i += kLanes) {
        const NearFar s = near_and_far(shapes, ids + i, count - i, r);
        store(near + i, s.near);
        lowest_far = minimum(lowest_far, s.far);
    }
    float lane[kLanes];
    store(lane, lowest_far);
    float lowest = lane[0];
    for (int i = 1; i < kLanes; ++i) lowest = lane[i] < lowest ? lane[i] : lowest;
    const float slack = 0.01f + 1e-5f * (lowest < 0 ? -lowest : lowest);
    const float bound = lowest + kSoftmaxCutoff + slack;
    int n = 0;
    for (int i = 0; i < count; ++i) {
        const uint32_t id = ids[i];
        kept[n] = id;
        n += near[i] <= bound;
    }
    return n;
}

static int cull_paper(const Shape *shapes, const Canvas &canvas, const Rectangle &r, const uint32_t *ids, int count,
                      uint32_t *kept) {
    const float left = tile_of(r.left, canvas.last_tile_x), right = tile_of(r.right, canvas.last_tile_x);
    const float top = tile_of(r.top, canvas.last_tile_y), bottom = tile_of(r.bottom, canvas.last_tile_y);
    int n = 0;
    for (int i = 0; i < count; ++i) {
        const uint32_t id = ids[i];
        const Shape &s = shapes[id];
        kept[n] = id;
        n += s.tile_left <= right && s.tile_right >= left && s.tile_top <= bottom && s.tile_bottom >= top;
    }
    return n;
}

static int cull(Blend blend, const Shape *shapes, const Canvas &canvas, const Rectangle &r, const uint32_t *ids,
                int count, uint32_t *kept, float *bound) {
    if (blend == Blend::kPaper) return cull_paper(shapes, canvas, r, ids, count, kept);
    return cull_softmax(shapes, r, ids, count, kept, bound);
}

} // namespace imagegs::IMAGEGS_ISA
