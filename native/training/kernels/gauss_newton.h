// Gauss-Newton on the squared error: J^T J times a vector, and its diagonal, J the Jacobian of the picture.
//
// With p_k the share of candidate k at a point (gradient.h), a change of parameters moves the colour there by
//     dout = sum_k p_k (dc_k - ds_k (c_k - out)),   ds_k = t0 + t1 u + t2 v + t3 u^2 + t4 u v + t5 v^2
// where ds_k is the change of the score, a polynomial in the whitened (u, v). The tangent of a Gaussian is here these
// six numbers, in the order of ShapeSum, and dc; gaussian.h makes them of own units. J^T applied to dout is what
// gradient.h does with dL/dout = dout, in the same terms. Two walks over the candidates of a tile; nothing of the
// picture's size is read but `out`. Where points have weights, in all channels or in each, it is J^T W J.
#pragma once

#include "training/kernels/gradient.h"
#include "training/points.h"

namespace imagegs::IMAGEGS_ISA {

template <int C>
static void tangent_blocks(const Candidates &from, const float *x, const float *y, int n_points, const float *out,
                           const float *tangent, const Selection &kept, float *change) {
    const int nc = C ? C : from.channels, blocks = n_points / kLanes, width = kShapeSums + nc;
    const size_t stride = size_t(n_points);
    const LaneBits *bits = (const LaneBits *)kept.lane_bits;
    std::memset(change, 0, sizeof(float) * nc * stride);
    for (int i = 0; i < from.count; ++i, bits += blocks) {
        const Shape shape = from.shapes[from.ids[i]];
        const float *color = from.colors + size_t(from.ids[i]) * nc, *t = tangent + size_t(from.ids[i]) * width;
        for (int b = 0; b < blocks; ++b) {
            if (!bits[b]) continue;
            const int at = b * kLanes;
            const Whitened<vfloat> w = whiten(shape, load(x + at), load(y + at));
            const vfloat weight = weight_of(shape, w, kept, at, bits[b]), share = weight * load(kept.inverse + at);
            if (kept.weights) store(kept.weights + i * stride + at, weight); // for the second walk
            const vfloat score_change =
                t[kSum] + w.u * (t[kSumU] + w.u * t[kSumUU] + w.v * t[kSumUV]) + w.v * (t[kSumV] + w.v * t[kSumVV]);
            for (int c = 0; c < nc; ++c) {
                const size_t k = c * stride + at;
                const vfloat d = t[kShapeSums + c] - score_change * (color[c] - load(out + k));
                store(change + k, load(change + k) + share * d);
            }
        }
    }
}

// change *= the point's weight.
static void weigh_points(const Weights &weights, int n_points, int channels, float *change) {
    for (int c = 0; c < channels; ++c) {
        const float *weight = weights_of(weights, c, size_t(n_points));
        float *to = change + size_t(c) * n_points;
        for (int at = 0; at < n_points; at += kLanes) store(to + at, load(to + at) * load(weight + at));
    }
}

// sums + i * (kShapeSums + channels) of candidate i; `tangent` is [Gaussian][kShapeSums + channels]; the scratch
// `change` holds channels floats a point, `scratch` one; kept.weights is scratch too.
template <int C>
static void normal_product_blocks(const Candidates &from, const float *x, const float *y, int n_points,
                                  const float *out, const Weights &weights, const float *tangent, const Selection &kept,
                                  float *sums, float *change, float *scratch) {
    tangent_blocks<C>(from, x, y, n_points, out, tangent, kept, change);
    if (weights.values) weigh_points(weights, n_points, from.channels, change);
    gradient_blocks<C>(from, x, y, n_points, out, change, kept, sums, scratch);
}

static void normal_product_of_points(const Candidates &from, const float *x, const float *y, int n_points,
                                     const float *out, const Weights &weights, const float *tangent,
                                     const Selection &kept, float *sums, float *change, float *scratch) {
    const auto call = [&](auto blocks) {
        blocks(from, x, y, n_points, out, weights, tangent, kept, sums, change, scratch);
    };
    switch (from.channels) {
    case 1: return call(normal_product_blocks<1>);
    case 3: return call(normal_product_blocks<3>);
    case 4: return call(normal_product_blocks<4>);
    default: return call(normal_product_blocks<0>);
    }
}

// With q = p^2 |c - out|^2: the weighted sums over points of q {1, u^2, v^2, u^4, u^2 v^2, v^4} and of p^2, from which
// gaussian.h makes the diagonal in own units. The sums of p^2 are as many as weights at a point: one, or one for each
// channel.
template <bool ByChannel>
static void normal_diagonal_blocks(const Candidates &from, const float *x, const float *y, int n_points,
                                   const float *out, const Weights &weights, const Selection &kept, float *sums) {
    const int nc = from.channels, blocks = n_points / kLanes, width = kDiagonalSums + (ByChannel ? nc : 1);
    const size_t stride = size_t(n_points);
    const LaneBits *bits = (const LaneBits *)kept.lane_bits;
    for (int i = 0; i < from.count; ++i, bits += blocks) {
        const Shape shape = from.shapes[from.ids[i]];
        const float *color = from.colors + size_t(from.ids[i]) * nc;
        vfloat sum[kDiagonalSums] = {}, color_sum[ByChannel ? kMaxChannels : 1] = {};
        for (int b = 0; b < blocks; ++b) {
            if (!bits[b]) continue;
            const int at = b * kLanes;
            const Whitened<vfloat> w = whiten(shape, load(x + at), load(y + at));
            const vfloat share = share_of(shape, w, kept, at, bits[b]);
            vfloat q = broadcast(0.0f), squared_share = share * share;
            for (int c = 0; c < nc; ++c) {
                const vfloat d = color[c] - load(out + c * stride + at);
                if constexpr (ByChannel) {
                    const vfloat weight = load(weights.values + c * stride + at);
                    q += weight * (d * d);
                    color_sum[c] += weight * squared_share;
                } else {
                    q += d * d;
                }
            }
            if constexpr (!ByChannel) {
                if (weights.values) squared_share *= load(weights.values + at);
                color_sum[0] += squared_share;
            }
            q *= squared_share;
            const vfloat uu = w.u * w.u, vv = w.v * w.v, quu = q * uu, qvv = q * vv;
            sum[0] += q, sum[1] += quu, sum[2] += qvv;
            sum[3] += quu * uu, sum[4] += quu * vv, sum[5] += qvv * vv;
        }
        float *to = sums + size_t(i) * width;
        for (int k = 0; k < kDiagonalSums; ++k) to[k] = sum_of_lanes(sum[k]);
        for (int k = kDiagonalSums; k < width; ++k) to[k] = sum_of_lanes(color_sum[k - kDiagonalSums]);
    }
}

static void normal_diagonal_of_points(const Candidates &from, const float *x, const float *y, int n_points,
                                      const float *out, const Weights &weights, const Selection &kept, float *sums) {
    const auto call = weights.by_channel ? normal_diagonal_blocks<true> : normal_diagonal_blocks<false>;
    call(from, x, y, n_points, out, weights, kept, sums);
}

} // namespace imagegs::IMAGEGS_ISA
