// Backward: from dL/dout at points to the sums of each candidate that gaussian.h's chain rule needs.
//
// With p_k the share of candidate k at a point (the weights divided by their sum, epsilon included):
//     out = sum_k p_k c_k,    dL/dc_k = p_k dL/dout,    dL/dscore_k = -p_k dL/dout . (c_k - out)
// for both blends: O(K) a point. The set of chosen candidates is held fixed. Candidates outside, blocks
// inside: the accumulators of a candidate stay in registers, and only blocks where it was chosen are visited.
// A call has at most the 256 points of a tile.
#pragma once

#include "render/kernels/blend.h"

namespace imagegs::IMAGEGS_ISA {

// The weights of a block's points, 0 where the candidate was not chosen.
IMAGEGS_INLINE vfloat weight_of(const Shape &shape, const Whitened<vfloat> &w, const Selection &kept, int at,
                                LaneBits bits) {
    const vfloat weight = exp_negative(minimum(load(kept.best + at) - score(shape, w), broadcast(0.0f)));
    return select(from_bits(bits), weight, broadcast(0.0f));
}

// p_k of a block's points.
IMAGEGS_INLINE vfloat share_of(const Shape &shape, const Whitened<vfloat> &w, const Selection &kept, int at,
                               LaneBits bits) {
    return weight_of(shape, w, kept, at, bits) * load(kept.inverse + at);
}

template <int C>
static void gradient_blocks(const Candidates &from, const float *x, const float *y, int n_points, const float *out,
                            const float *color_gradient, const Selection &kept, float *sums, float *out_dot) {
    const int nc = C ? C : from.channels, blocks = n_points / kLanes;
    const size_t stride = size_t(n_points);
    const LaneBits *bits = (const LaneBits *)kept.lane_bits;
    for (int at = 0; at < n_points; at += kLanes) {
        vfloat dot = broadcast(0.0f);
        for (int c = 0; c < nc; ++c) dot += load(out + c * stride + at) * load(color_gradient + c * stride + at);
        store(out_dot + at, dot);
    }
    for (int i = 0; i < from.count; ++i, bits += blocks) {
        const Shape shape = from.shapes[from.ids[i]];
        const float *color = from.colors + size_t(from.ids[i]) * nc;
        vfloat sum[kShapeSums] = {}, color_sum[C ? C : kMaxChannels] = {};
        uint8_t visited[kTilePixels];
        int n_visited = 0;
        for (int b = 0; b < blocks; ++b) {
            visited[n_visited] = uint8_t(b);
            n_visited += bits[b] != 0;
        }
        for (int k = 0; k < n_visited; ++k) {
            const int b = visited[k], at = b * kLanes;
            const Whitened<vfloat> w = whiten(shape, load(x + at), load(y + at));
            const vfloat share = kept.weights ? load(kept.weights + i * stride + at) * load(kept.inverse + at)
                                              : share_of(shape, w, kept, at, bits[b]);
            vfloat pull = load(out_dot + at);
            for (int c = 0; c < nc; ++c) {
                const vfloat v = load(color_gradient + c * stride + at);
                pull -= v * color[c];
                color_sum[c] += share * v;
            }
            const vfloat g = share * pull, gu = g * w.u, gv = g * w.v;
            sum[kSum] += g, sum[kSumU] += gu, sum[kSumV] += gv;
            sum[kSumUU] += gu * w.u, sum[kSumUV] += gu * w.v, sum[kSumVV] += gv * w.v;
        }
        float *to = sums + size_t(i) * (kShapeSums + nc);
        for (int k = 0; k < kShapeSums; ++k) to[k] = sum_of_lanes(sum[k]);
        for (int c = 0; c < nc; ++c) to[kShapeSums + c] = sum_of_lanes(color_sum[c]);
    }
}

// The scratch holds one float a point.
static void gradient_of_points(const Candidates &from, const float *x, const float *y, int n_points, const float *out,
                               const float *color_gradient, const Selection &kept, float *sums, void *scratch) {
    float *dot = (float *)scratch;
    switch (from.channels) {
    case 1: return gradient_blocks<1>(from, x, y, n_points, out, color_gradient, kept, sums, dot);
    case 3: return gradient_blocks<3>(from, x, y, n_points, out, color_gradient, kept, sums, dot);
    case 4: return gradient_blocks<4>(from, x, y, n_points, out, color_gradient, kept, sums, dot);
    default: return gradient_blocks<0>(from, x, y, n_points, out, color_gradient, kept, sums, dot);
    }
}

} // namespace imagegs::IMAGEGS_ISA
