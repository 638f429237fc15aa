// The maths of one 2D Gaussian: the ONLY copy. Shared by culling, rendering, sampling and the gradient.
//
// A Gaussian is evaluated in its whitened frame. With d = p - mu and the rows of W = diag(1/s) R^T / sqrt 2
//     (u, v) = W d,    score = u^2 + v^2 - w = -exponent            (w = log-weight)
// so that exp(-score) = e^w exp(-1/2 d^T Sigma^-1 d). Unlike the expanded quadratic form (the conic) this
// loses no digits for long thin Gaussians, never turns negative, and its gradient needs six sums:
//     g = dL/dscore:  sum g, g u, g v, g u^2, g u v, g v^2.
// Units are canvas pixels. F is float or a vector of floats.
#pragma once

#include <cmath>

#include "core/constants.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define IMAGEGS_MATHS static __forceinline
#else
#define IMAGEGS_MATHS static inline __attribute__((always_inline))
#endif

namespace imagegs {

template <class F> struct Whitened {
    F u, v;
};

// What the kernels need to know of one Gaussian.
struct Shape {
    float x, y;                                         // centre
    float ux, uy, vx, vy;                               // u = ux dx + uy dy, v = vx dx + vy dy
    float log_weight;                                   // 0 in the paper blend
    float tile_left, tile_right, tile_top, tile_bottom; // paper blend: canvas tiles that see it, inclusive
};

template <class F> IMAGEGS_MATHS Whitened<F> whiten(const Shape &g, F x, F y) {
    const F dx = x - g.x, dy = y - g.y;
    return {dx * g.ux + dy * g.uy, dx * g.vx + dy * g.vy};
}

template <class F> IMAGEGS_MATHS F score(const Shape &g, Whitened<F> p) {
    return p.u * p.u + (p.v * p.v - g.log_weight);
}

IMAGEGS_MATHS Shape make_shape(const float *xy, const float *scale, float angle, float log_weight, bool paper) {
    constexpr float half = 0.70710678118654752f; // sqrt(1/2)
    const float cosine = cosf(angle), sine = sinf(angle);
    const float u = half / scale[0], v = half / scale[1];
    Shape g = {xy[0], xy[1], u * cosine, u * sine, -v * sine, v * cosine, paper ? 0.0f : log_weight, 0, 0, 0, 0};
    if (paper) {
        const float r = kPaperRadius * (scale[0] > scale[1] ? scale[0] : scale[1]);
        g.tile_left = floorf((g.x - r) / kTile);
        g.tile_right = floorf((g.x + r) / kTile);
        g.tile_top = floorf((g.y - r) / kTile);
        g.tile_bottom = floorf((g.y + r) / kTile);
    }
    return g;
}

constexpr int kShapeSums = 6;
enum ShapeSum { kSum, kSumU, kSumV, kSumUU, kSumUV, kSumVV };

// Chain rule from the six sums to the gradient with respect to centre, scale, angle and log-weight.
IMAGEGS_MATHS void shape_gradient(const Shape &g, const float *scale, const float *sum, float *d_xy, float *d_scale,
                                  float *d_angle, float *d_log_weight) {
    d_xy[0] = -2.0f * (g.ux * sum[kSumU] + g.vx * sum[kSumV]);
    d_xy[1] = -2.0f * (g.uy * sum[kSumU] + g.vy * sum[kSumV]);
    d_scale[0] = -2.0f * sum[kSumUU] / scale[0];
    d_scale[1] = -2.0f * sum[kSumVV] / scale[1];
    *d_angle = 2.0f * sum[kSumUV] * (scale[1] / scale[0] - scale[0] / scale[1]);
    *d_log_weight = -sum[kSum];
}

} // namespace imagegs
