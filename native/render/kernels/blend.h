// Forward: the colour at points, from their candidates.
//
// Work goes block by block (a block = one vector of points). Three short passes over the candidates:
//   1. score     evaluate each candidate once, store the scores (they stay in L1), find the best;
//   2. choose    keep what is under the bound (softmax: best + cutoff; paper: not negligible); where a point
//                then holds more than K, find its K-th best with a branch-free insertion network and keep
//                what is up to it, ties by index;
//   3. mix       exp and colour sums, for the chosen ones only.
// Edges: points are padded by the caller; a point without any candidate gets 0 in the paper blend and cannot
// occur in the softmax blend (the best is always within the cutoff of itself).
#pragma once

#include <cfloat>

#include "core/simd.h"
#include "render/points.h"

namespace imagegs::IMAGEGS_ISA {

// Paper weights that float32 cannot see are not visited: under e^-28 = 7e-13 (the epsilon is 1e-4), or under
// e^-17 = 4e-8 of the point's largest.
constexpr float kPaperNegligible = 28.0f, kPaperRelative = 17.0f;

// The candidates of one call, gathered next to each other.
struct Gathered {
    Shape *shapes;
    float *colors;    // [candidate][channel]
    float *scores;    // [candidate][lane], of the block at hand
    int32_t *chosen;  // candidate of each chosen entry, ascending
    LaneBits *bits;   // its lanes
    uint8_t *partial; // paper: some point of this call may lie outside the candidate's tiles
};

IMAGEGS_INLINE size_t aligned(size_t bytes) { return (bytes + 63) & ~size_t(63); }

static size_t scratch_size(int count, int channels) {
    const size_t n = size_t(count) + 1;
    return aligned(n * sizeof(Shape)) + aligned(n * channels * 4) + aligned(n * kLanes * 4) + aligned(n * 4) +
           aligned(n * sizeof(LaneBits)) + aligned(n) + 64;
}

IMAGEGS_INLINE Gathered gather(const Candidates &from, void *scratch) {
    const size_t n = size_t(from.count) + 1;
    char *p = (char *)aligned((size_t)scratch);
    Gathered to{};
    to.shapes = (Shape *)p, p += aligned(n * sizeof(Shape));
    to.colors = (float *)p, p += aligned(n * from.channels * 4);
    to.scores = (float *)p, p += aligned(n * kLanes * 4);
    to.chosen = (int32_t *)p, p += aligned(n * 4);
    to.bits = (LaneBits *)p, p += aligned(n * sizeof(LaneBits));
    to.partial = (uint8_t *)p;
    for (int i = 0; i < from.count; ++i) {
        to.shapes[i] = from.shapes[from.ids[i]];
        std::memcpy(to.colors + size_t(i) * from.channels, from.colors + size_t(from.ids[i]) * from.channels,
                    size_t(from.channels) * 4);
    }
    return to;
}

// The canvas tile that holds coordinate p; the border of the canvas belongs to the last tile.
IMAGEGS_INLINE float tile_of(float p, float last) {
    float t = float(int(p * (1.0f / kTile)));
    t = t < 0 ? 0 : t;
    return t < last ? t : last;
}

// Marks the candidates whose tiles do not hold every point of this call.
IMAGEGS_INLINE void mark_partial(Gathered &g, int count, const Canvas &canvas, const float *x, const float *y, int n) {
    float left = x[0], right = x[0], top = y[0], bottom = y[0];
    for (int i = 1; i < n; ++i) {
        left = x[i] < left ? x[i] : left, right = x[i] > right ? x[i] : right;
        top = y[i] < top ? y[i] : top, bottom = y[i] > bottom ? y[i] : bottom;
    }
    left = tile_of(left, canvas.last_tile_x), right = tile_of(right, canvas.last_tile_x);
    top = tile_of(top, canvas.last_tile_y), bottom = tile_of(bottom, canvas.last_tile_y);
    for (int i = 0; i < count; ++i) {
        const Shape &s = g.shapes[i];
        g.partial[i] = !(s.tile_left <= left && s.tile_right >= right && s.tile_top <= top && s.tile_bottom >= bottom);
    }
}

static vmask sees(const Shape &s, const Canvas &canvas, const float *x, const float *y) {
    LaneBits bits = 0;
    for (int i = 0; i < kLanes; ++i) {
        const float tx = tile_of(x[i], canvas.last_tile_x), ty = tile_of(y[i], canvas.last_tile_y);
        const bool seen = s.tile_left <= tx && tx <= s.tile_right && s.tile_top <= ty && ty <= s.tile_bottom;
        bits = LaneBits(bits | (seen << i));
    }
    return from_bits(bits);
}

// Pass 1. Returns the lowest score of each point.
template <Blend B>
IMAGEGS_INLINE vfloat score_candidates(const Gathered &g, int count, const Canvas &canvas, const float *x,
                                       const float *y) {
    const vfloat px = load(x), py = load(y);
    vfloat best = broadcast(FLT_MAX);
    for (int i = 0; i < count; ++i) {
        vfloat s = score(g.shapes[i], whiten(g.shapes[i], px, py));
        if (B == Blend::kPaper && g.partial[i]) s = select(sees(g.shapes[i], canvas, x, y), s, broadcast(FLT_MAX));
        best = minimum(best, s);
        store(g.scores + size_t(i) * kLanes, s);
    }
    return best;
}

struct Chosen {
    int n;
    vmask held; // how many a point holds
};

IMAGEGS_INLINE Chosen choose_within(const Gathered &g, int count, vfloat bound) {
    Chosen c{0, vmask{}};
    for (int i = 0; i < count; ++i) {
        const vmask m = less_equal(load(g.scores + size_t(i) * kLanes), bound);
        const LaneBits bits = to_bits(m);
        g.chosen[c.n] = i;
        g.bits[c.n] = bits;
        c.n += bits != 0;
        c.held -= m;
    }
    return c;
}

IMAGEGS_INLINE void order(vfloat &low, vfloat &high) {
    const vfloat a = low;
    low = minimum(a, high), high = maximum(a, high);
}

// The sorting network of ten inputs with the fewest comparators, 29 (Knuth, The Art of Computer Programming 3, 5.3.4).
IMAGEGS_INLINE void sort_ten(vfloat *b) {
    order(b[0], b[8]), order(b[1], b[9]), order(b[2], b[7]), order(b[3], b[5]), order(b[4], b[6]);
    order(b[0], b[2]), order(b[1], b[4]), order(b[5], b[8]), order(b[7], b[9]);
    order(b[0], b[3]), order(b[2], b[4]), order(b[5], b[7]), order(b[6], b[9]);
    order(b[0], b[1]), order(b[3], b[6]), order(b[8], b[9]);
    order(b[1], b[5]), order(b[2], b[3]), order(b[4], b[8]), order(b[6], b[7]);
    order(b[1], b[2]), order(b[3], b[5]), order(b[4], b[6]), order(b[7], b[8]);
    order(b[2], b[3]), order(b[4], b[5]), order(b[6], b[7]);
    order(b[3], b[4]), order(b[5], b[6]);
}

// Narrows the chosen ones, more than K, to the K best of each point, of equals those of the lower index.
template <int K> static int choose_best(const Gathered &g, int n, vfloat bound) {
    static_assert(K == 10, "sort_ten sorts the first ones");
    vfloat best[K]; // ascending
    for (int k = 0; k < K; ++k) best[k] = load(g.scores + size_t(g.chosen[k]) * kLanes);
    sort_ten(best);
    for (int j = K; j < n; ++j) {
        const vfloat s = load(g.scores + size_t(g.chosen[j]) * kLanes);
        for (int k = K - 1; k > 0; --k) best[k] = minimum(best[k], maximum(best[k - 1], s));
        best[0] = minimum(best[0], s);
    }
    const vfloat last = minimum(best[K - 1], bound);
    vmask ties_left = vmask{} + K;
    for (int k = 0; k < K; ++k) ties_left += less(best[k], last);
    int kept = 0;
    for (int j = 0; j < n; ++j) {
        const int i = g.chosen[j];
        const vfloat s = load(g.scores + size_t(i) * kLanes);
        const vmask better = less(s, last);
        const vmask tie = less_equal(s, last) & ~better & positive(ties_left);
        ties_left += tie;
        const LaneBits bits = to_bits(better | tie);
        g.chosen[kept] = i;
        g.bits[kept] = bits;
        kept += bits != 0;
    }
    return kept;
}

// Pass 3. Writes the colours, and the weights if they are wanted, and returns 1 / sum of weights.
template <Blend B, int C>
IMAGEGS_INLINE vfloat mix(const Gathered &g, int n, int channels, vfloat best, float *out, float *weights,
                          size_t stride) {
    const int nc = C ? C : channels;
    vfloat total = broadcast(0.0f), sum[C ? C : kMaxChannels];
    for (int c = 0; c < nc; ++c) sum[c] = broadcast(0.0f);
    for (int j = 0; j < n; ++j) {
        const int i = g.chosen[j];
        const vfloat s = load(g.scores + size_t(i) * kLanes);
        const vfloat weight = select(from_bits(g.bits[j]), exp_negative(best - s), broadcast(0.0f));
        const float *color = g.colors + size_t(i) * nc;
        if (weights) store(weights + size_t(i) * stride, weight);
        total += weight;
        for (int c = 0; c < nc; ++c) sum[c] += weight * color[c];
    }
    const vfloat inverse = 1.0f / (B == Blend::kPaper ? total + kPaperEpsilon : total);
    for (int c = 0; c < nc; ++c) store(out + c * stride, sum[c] * inverse);
    return inverse;
}

template <Blend B, int C>
static void blend_blocks(const Candidates &from, const Canvas &canvas, const float *x, const float *y, int n_points,
                         float *out, const Selection &keep, void *scratch) {
    constexpr int K = B == Blend::kPaper ? kPaperTopK : kSoftmaxTopK;
    Gathered g = gather(from, scratch);
    if (B == Blend::kPaper) mark_partial(g, from.count, canvas, x, y, n_points);
    const int blocks = n_points / kLanes;
    LaneBits *kept_bits = (LaneBits *)keep.lane_bits;
    if (kept_bits) std::memset(kept_bits, 0, sizeof(LaneBits) * from.count * blocks);
    for (int b = 0; b < blocks; ++b) {
        const int at = b * kLanes;
        vfloat best = score_candidates<B>(g, from.count, canvas, x + at, y + at);
        const vfloat bound =
            B == Blend::kPaper ? minimum(broadcast(kPaperNegligible), best + kPaperRelative) : best + kSoftmaxCutoff;
        Chosen c = choose_within(g, from.count, bound);
        if (to_bits(positive(c.held - K))) c.n = choose_best<K>(g, c.n, bound);
        if (B == Blend::kPaper) best = broadcast(0.0f);
        store(keep.inverse + at, mix<B, C>(g, c.n, from.channels, best, out + at,
                                           keep.weights ? keep.weights + at : nullptr, size_t(n_points)));
        store(keep.best + at, best);
        if (kept_bits)
            for (int j = 0; j < c.n; ++j) kept_bits[size_t(g.chosen[j]) * blocks + b] = g.bits[j];
    }
}

template <Blend B>
static void blend_channels(const Candidates &from, const Canvas &canvas, const float *x, const float *y, int n_points,
                           float *out, const Selection &keep, void *scratch) {
    switch (from.channels) {
    case 1: return blend_blocks<B, 1>(from, canvas, x, y, n_points, out, keep, scratch);
    case 3: return blend_blocks<B, 3>(from, canvas, x, y, n_points, out, keep, scratch);
    case 4: return blend_blocks<B, 4>(from, canvas, x, y, n_points, out, keep, scratch);
    default: return blend_blocks<B, 0>(from, canvas, x, y, n_points, out, keep, scratch);
    }
}

static void blend_points(Blend blend, const Candidates &from, const Canvas &canvas, const float *x, const float *y,
                         int n_points, float *out, const Selection &keep, void *scratch) {
    if (blend == Blend::kPaper) return blend_channels<Blend::kPaper>(from, canvas, x, y, n_points, out, keep, scratch);
    return blend_channels<Blend::kSoftmax>(from, canvas, x, y, n_points, out, keep, scratch);
}

} // namespace imagegs::IMAGEGS_ISA
