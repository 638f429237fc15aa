// The maths of one 2D Gaussian: the ONLY copy. Shared by culling, rendering, sampling and the gradient.
//
// A Gaussian is evaluated in its whitened frame. With d = p - mu and the rows of W = diag(1/s) R^T / sqrt 2
//     (u, v) = W d,    score = u^2 + v^2 - w = -exponent            (w = log-weight)
// so that exp(-score) = e^w exp(-1/2 d^T Sigma^-1 d). Unlike the expanded quadratic form (the conic) this
// loses no digits for long thin Gaussians, never turns negative, and its gradient needs six sums:
//     g = dL/dscore:  sum g, g u, g v, g u^2, g u v, g v^2.
// In the units that the Gaussian itself gives its parameters (OwnUnit) they are the gradient but for a factor.
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

// A Gaussian as the kernels take it, without its colours.
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

// Sums over points, and the coefficients of a change of the score, which is a polynomial in u and v: of 1, u, v, ...
constexpr int kShapeSums = 6;
enum ShapeSum { kSum, kSumU, kSumV, kSumUU, kSumUV, kSumVV };

// The units that a Gaussian itself gives its parameters: a shift along its own axes in standard deviations, the
// logarithms of its scales, its angle in radians, its log-weight in nats.
constexpr int kOwnUnits = 6;
enum OwnUnit { kOwnShiftU, kOwnShiftV, kOwnLogScaleU, kOwnLogScaleV, kOwnAngle, kOwnLogWeight };
static_assert(kOwnUnits == kShapeSums);

constexpr float kSqrt2 = 1.41421356237309505f;

// How fast an angle changes the score, d score / d angle = 2 u v elongation: 0 for a round Gaussian.
IMAGEGS_MATHS float elongation_of(const float *scale) { return scale[1] / scale[0] - scale[0] / scale[1]; }

// Chain rule from the six sums to the gradient in own units. With d (u, v) / d shift = -1/sqrt 2, d u / d log scale =
// -u and likewise v.
IMAGEGS_MATHS void own_gradient(float elongation, const float *sum, float *own) {
    own[kOwnShiftU] = -kSqrt2 * sum[kSumU];
    own[kOwnShiftV] = -kSqrt2 * sum[kSumV];
    own[kOwnLogScaleU] = -2.0f * sum[kSumUU];
    own[kOwnLogScaleV] = -2.0f * sum[kSumVV];
    own[kOwnAngle] = 2.0f * elongation * sum[kSumUV];
    own[kOwnLogWeight] = -sum[kSum];
}

// The opposite way, for a tangent: the change of the score that a change in own units makes.
IMAGEGS_MATHS void score_change(float elongation, const float *own, float *term) {
    term[kSum] = -own[kOwnLogWeight];
    term[kSumU] = -kSqrt2 * own[kOwnShiftU];
    term[kSumV] = -kSqrt2 * own[kOwnShiftV];
    term[kSumUU] = -2.0f * own[kOwnLogScaleU];
    term[kSumUV] = 2.0f * elongation * own[kOwnAngle];
    term[kSumVV] = -2.0f * own[kOwnLogScaleV];
}

// The squares of the same derivatives: from sums of q {1, u^2, v^2, u^4, u^2 v^2, v^4} to those of q (d score / d
// own)^2.
IMAGEGS_MATHS void own_squares(float elongation, const float *sum, float *own) {
    own[kOwnShiftU] = 2.0f * sum[1];
    own[kOwnShiftV] = 2.0f * sum[2];
    own[kOwnLogScaleU] = 4.0f * sum[3];
    own[kOwnLogScaleV] = 4.0f * sum[5];
    own[kOwnAngle] = 4.0f * elongation * elongation * sum[4];
    own[kOwnLogWeight] = sum[0];
}

} // namespace imagegs
