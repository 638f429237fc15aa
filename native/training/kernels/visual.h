// The visual loss of one block of one plane, and its gradient with respect to the picture.
//
// The errors are those of SSIMULACRA 2 (Jon Sneyers, Cloudinary 2022): with blurred maps m = E[x], n = E[y],
// S = E[xx], P = E[xy], and v the variance of the reference y,
//     structure = max(0, 1 - (1 - (m - n)^2) A / B),  A = 2(P - mn) + C, B = S - mm + v + C
//     added     = max(0, t),  lost = max(0, -t),      t = (1 + |x - m|) / (1 + |y - n|) - 1
// and the loss is made of the means of each error e over the picture, and of the roots of mean e^4. The slope of
// such a root wants the whole picture's mean first: so one kernel makes the maps and the sums, and another, which
// is told a and c, the gradient of the sum over all pixels of a e + c e^4.
//
// Rows stream through rings (blur.h). Columns and rows of input begin 5 before the block's; what is made of
// them lies 5 rows above the rows that came in. Planes have a margin of zeros, so that no row asks where it is.
#pragma once

#include "core/prefetch.h"
#include "training/kernels/blur.h"
#include "training/kernels/runs.h"

namespace imagegs::IMAGEGS_ISA {

constexpr float kStructureC = 0.03f * 0.03f;

// Carves rows and rings out of the scratch, zeroed.
struct Rows {
    float *next;
    explicit Rows(float *scratch) : next((float *)(((size_t)scratch + 63) & ~size_t(63))) {
        std::memset(next, 0, sizeof(float) * (kVisualScratchFloats - 16));
    }
    template <int N> void take(float *(&rows)[N], int length = kRow) {
        for (float *&row : rows) row = next, next += length;
    }
};

IMAGEGS_INLINE vfloat absolute(vfloat v) { return maximum(v, -v); }

// What the maps say at some pixels: the errors, and what their slopes are made of.
struct VisualErrors {
    vfloat apart, light, inverse, quotient, similarity, structure; // structure
    vfloat from_mean, rough, change;                               // edges: x - m, 1 / (1 + |y - n|), t
};

IMAGEGS_INLINE VisualErrors visual_errors(vfloat x, vfloat y, vfloat m, vfloat squares, vfloat product, vfloat n,
                                          vfloat variance) {
    VisualErrors e;
    e.apart = m - n, e.light = 1.0f - e.apart * e.apart;
    e.inverse = 1.0f / (squares - m * m + variance + kStructureC);
    e.quotient = ((product - m * n) * 2.0f + kStructureC) * e.inverse;
    e.similarity = e.light * e.quotient;
    e.structure = maximum(1.0f - e.similarity, broadcast(0.0f));
    e.from_mean = x - m, e.rough = 1.0f / (1.0f + absolute(y - n));
    e.change = (1.0f + absolute(e.from_mean)) * e.rough - 1.0f;
    return e;
}

IMAGEGS_INLINE void count(vfloat error, vfloat weight, vfloat sums[2]) {
    const vfloat square = error * error;
    sums[0] += error * weight;
    sums[1] += square * square * weight;
}

// The weights of a row of the block's, or of a row above or below it.
IMAGEGS_INLINE const float *weights_of_row(const VisualBlock &block, int row) {
    const bool inside = row + block.top >= 0 && row + block.top < block.plane_height;
    return inside ? block.weights + row * block.weights_stride : block.no_weights;
}

// Asks for rows of planes, from `row` on, that the next batch reads: too short for the processor to foresee.
template <int N>
IMAGEGS_INLINE void prefetch_batch(const VisualBlock &block, const float *const (&planes)[N], int row) {
    constexpr int kLine = 16; // floats
    for (const float *plane : planes)
        for (int r = row; r < row + kBatch; ++r)
            for (int i = 0; i < block.width; i += kLine) IMAGEGS_PREFETCH(plane + r * block.stride + i);
}

// Writes the maps m, S, P of the block's pixels, and adds to sums those of each error and of its fourth power.
static void visual_maps(const VisualBlock &block, double sums[2 * kVisualErrors], float *scratch) {
    Rows rows(scratch);
    float *line[2], *rings[3]; // one input row: xx, xy
    rows.take(line), rows.take(rings, kRing * kRow);
    const int across = block.width;
    const float *early[] = {block.picture, block.reference};
    const float *late[] = {block.reference_mean, block.reference_variance};
    for (int b = 0; kBatch * b < block.height + 2 * kHalf; ++b) {
        prefetch_batch(block, early, kBatch * (b + 1) - kHalf);
        prefetch_batch(block, late, kBatch * (b + 1) - 2 * kHalf);
        for (int r = 0; r < kBatch; ++r) {
            const int row = kBatch * b + r;
            const ptrdiff_t at = (row - kHalf) * block.stride - kHalf;
            const float *x = block.picture + at, *y = block.reference + at;
            for (int i = 0; i < across + 2 * kHalf; i += kLanes) {
                store(line[0] + i, load(x + i) * load(x + i));
                store(line[1] + i, load(x + i) * load(y + i));
            }
            const float *inputs[3] = {x, line[0], line[1]};
            for (int m = 0; m < 3; ++m) blur_row(inputs[m], rings[m] + size_t(row % kRing) * kRow, across);
        }
        vfloat sum[kVisualErrors][2] = {};
        for (int i = 0; i < across; i += kLanes) {
            const int n = across - i < kLanes ? across - i : kLanes;
            const vfloat own = first_lanes(n);
            vfloat maps[3][kBatch];
            for (int m = 0; m < 3; ++m) blur_columns(rings[m], b, i, maps[m]);
            for (int r = 0; r < kBatch; ++r) {
                const int row = kBatch * b + r - 2 * kHalf;
                if (row < 0 || row >= block.height) continue;
                const ptrdiff_t at = row * block.stride + i;
                for (int m = 0; m < 3; ++m) store_run(block.maps[m] + at, n, maps[m][r]);
                const VisualErrors e =
                    visual_errors(load(block.picture + at), load(block.reference + at), maps[0][r], maps[1][r],
                                  maps[2][r], load(block.reference_mean + at), load(block.reference_variance + at));
                const vfloat weight = load(weights_of_row(block, row) + i) * own;
                count(e.structure, weight, sum[0]);
                count(maximum(e.change, broadcast(0.0f)), weight, sum[1]);
                count(maximum(-e.change, broadcast(0.0f)), weight, sum[2]);
            }
        }
        for (int k = 0; k < kVisualErrors; ++k)
            for (int power = 0; power < 2; ++power) sums[2 * k + power] += double(sum_of_lanes(sum[k][power]));
    }
}

// Derivatives with respect to m, S, P, and x by itself, at some pixels of weight `weight`.
IMAGEGS_INLINE void visual_derivatives(const VisualBlock &block, const VisualErrors &e, vfloat m, vfloat n,
                                       vfloat weight, vfloat out[4]) {
    const vfloat zero = broadcast(0.0f);
    const auto slope = [&](int k, vfloat error) { // d (a e + c e^4) / de
        return block.mean_weights[k] + 4.0f * block.fourth_weights[k] * (error * error * error);
    };
    const vfloat of_similarity = select(less(zero, e.structure), -slope(0, e.structure), zero) * weight;
    const vfloat of_change =
        select(less(zero, e.change), slope(1, e.change), select(less(e.change, zero), -slope(2, -e.change), zero));
    const vfloat size = of_change * e.rough * weight;
    out[3] = select(less(e.from_mean, zero), -size, select(less(zero, e.from_mean), size, zero));
    out[2] = of_similarity * e.light * e.inverse * 2.0f;
    out[1] = -of_similarity * e.similarity * e.inverse;
    out[0] = of_similarity * e.apart * e.quotient * -2.0f - out[2] * n - out[1] * m * 2.0f - out[3];
}

// Writes the gradient at the block's pixels, from maps that are made everywhere.
static void visual_gradient(const VisualBlock &block, float *scratch) {
    Rows rows(scratch);
    float *derivative[3], *rings[3], *own[kRing]; // of one row, before and after a blur along it; d x of the last rows
    rows.take(derivative), rows.take(rings, kRing * kRow), rows.take(own);
    const int across = block.width;
    const float *planes[] = {block.picture, block.reference,      block.maps[0],           block.maps[1],
                             block.maps[2], block.reference_mean, block.reference_variance};
    for (int b = 0; kBatch * b < block.height + 2 * kHalf; ++b) {
        prefetch_batch(block, planes, kBatch * (b + 1) - kHalf);
        for (int r = 0; r < kBatch; ++r) {
            const int row = kBatch * b + r;
            const ptrdiff_t first = (row - kHalf) * block.stride - kHalf;
            const float *weights = weights_of_row(block, row - kHalf) - kHalf;
            for (int i = 0; i < across + 2 * kHalf; i += kLanes) {
                const ptrdiff_t at = first + i;
                const vfloat mean = load(block.maps[0] + at), reference_mean = load(block.reference_mean + at);
                const VisualErrors e =
                    visual_errors(load(block.picture + at), load(block.reference + at), mean, load(block.maps[1] + at),
                                  load(block.maps[2] + at), reference_mean, load(block.reference_variance + at));
                vfloat out[4];
                visual_derivatives(block, e, mean, reference_mean, load(weights + i), out);
                for (int k = 0; k < 3; ++k) store(derivative[k] + i, out[k]);
                store(own[row % kRing] + i, out[3]);
            }
            for (int k = 0; k < 3; ++k) blur_row(derivative[k], rings[k] + size_t(row % kRing) * kRow, across);
        }
        for (int i = 0; i < across; i += kLanes) {
            const int n = across - i < kLanes ? across - i : kLanes;
            vfloat sums[3][kBatch];
            for (int k = 0; k < 3; ++k) blur_columns(rings[k], b, i, sums[k]);
            for (int r = 0; r < kBatch; ++r) {
                const int row = kBatch * b + r - 2 * kHalf;
                if (row < 0 || row >= block.height) continue;
                const ptrdiff_t at = row * block.stride + i;
                store_run(block.gradient + at, n,
                          sums[0][r] + 2.0f * load(block.picture + at) * sums[1][r] +
                              load(block.reference + at) * sums[2][r] + load(own[(row + kHalf) % kRing] + kHalf + i));
            }
        }
    }
}

} // namespace imagegs::IMAGEGS_ISA
