// The removal cost of each Gaussian: how much the squared error would grow without it.
//
// Without Gaussian k a point's colour is out - delta, delta = p_k / (1 - p_k) (c_k - out): the others' shares are
// scaled up to sum 1. So with r = target - out the error there changes by 2 r . delta + |delta|^2, summed over points
// (times their weights) and channels. Exact in the softmax blend but for Gaussians that the cutoff or the top K would
// let in instead. A point where k has almost the whole share counts as if 5% were left to others.
#pragma once

#include "training/kernels/gradient.h"
#include "training/points.h"

namespace imagegs::IMAGEGS_ISA {

constexpr float kSmallestRest = 0.05f;

template <bool ByChannel>
static void removal_cost_blocks(const Candidates &from, const float *x, const float *y, int n_points, const float *out,
                                const Weights &weights, const float *residual, const Selection &kept, float *costs) {
    const int nc = from.channels, blocks = n_points / kLanes;
    const size_t stride = size_t(n_points);
    const LaneBits *bits = (const LaneBits *)kept.lane_bits;
    for (int i = 0; i < from.count; ++i, bits += blocks) {
        const Shape shape = from.shapes[from.ids[i]];
        const float *color = from.colors + size_t(from.ids[i]) * nc;
        vfloat sum = broadcast(0.0f);
        for (int b = 0; b < blocks; ++b) {
            if (!bits[b]) continue;
            const int at = b * kLanes;
            const vfloat share = share_of(shape, whiten(shape, load(x + at), load(y + at)), kept, at, bits[b]);
            const vfloat ratio = share / maximum(1.0f - share, broadcast(kSmallestRest));
            vfloat along = broadcast(0.0f), squared = broadcast(0.0f);
            for (int c = 0; c < nc; ++c) {
                const vfloat d = color[c] - load(out + c * stride + at);
                const vfloat weighted = ByChannel ? d * load(weights.values + c * stride + at) : d;
                along += weighted * load(residual + c * stride + at);
                squared += weighted * d;
            }
            vfloat growth = ratio * (2.0f * along + ratio * squared);
            if (!ByChannel && weights.values) growth *= load(weights.values + at);
            sum += growth;
        }
        costs[i] = sum_of_lanes(sum);
    }
}

// costs[i] of candidate i; `residual` is target - out. Arguments as in gradient_of_points.
static void removal_cost_of_points(const Candidates &from, const float *x, const float *y, int n_points,
                                   const float *out, const Weights &weights, const float *residual,
                                   const Selection &kept, float *costs) {
    const auto call = weights.by_channel ? removal_cost_blocks<true> : removal_cost_blocks<false>;
    call(from, x, y, n_points, out, weights, residual, kept, costs);
}

} // namespace imagegs::IMAGEGS_ISA
