// SSIM (Wang et al. 2004) of one block of one channel, and its gradient with respect to the picture.
//
// 11-tap Gaussian window, sigma 1.5, separable; outside the picture everything is 0 ("same" padding, as the
// published training code has it); the mean is over all pixels. With blurred maps m = E[x], n = E[y],
// S = E[xx + yy], P = E[xy]:
//     ssim = A1 A2 / (B1 B2),  A1 = 2mn + C1, A2 = 2(P - mn) + C2, B1 = mm + nn + C1, B2 = S - mm - nn + C2
// (the sum S is enough: variances enter only summed). Where pixels have weights the mean is a weighted one; what lies
// in the windows counts as ever. The gradient blurs the three partial derivatives again.
//
// Rows stream in batches of four through two rings: input -> 4 maps -> 3 derivatives -> gradient; nothing of
// the picture's size is ever stored. Input row i of a block lies at y0 - 10 + i, map row i at y0 - 15 + i,
// gradient row i at y0 - 20 + i: so batch b holds rows 4b .. 4b + 3 of all three, each blurred from the 14 rows
// of the ring that end with its own. Columns likewise: input from x0 - 10, maps from x0 - 5.
#pragma once

#include "training/kernels/blur.h"

namespace imagegs::IMAGEGS_ISA {

constexpr float kC1 = 0.01f * 0.01f, kC2 = 0.03f * 0.03f;

struct SsimBuffers {
    float *x, *y, *squares, *product; // one input row
    float *inside, *own;              // map columns: 1 in the picture, 1 in the block
    float *derivative[3][kBatch];     // d mean, d squares, d product: a batch of rows
    float *weights[kBatch];           // of the same rows of the map
    float *maps[4];                   // rings of horizontally blurred rows: x, y, xx + yy, xy
    float *derivatives[3];            // rings of them, horizontally blurred
};
static_assert(kSsimScratchFloats == (6 + 4 * kBatch + 7 * kRing) * kRow + 16);

IMAGEGS_INLINE SsimBuffers ssim_buffers(float *scratch) {
    float *p = (float *)(((size_t)scratch + 63) & ~size_t(63));
    std::memset(p, 0, sizeof(float) * (kSsimScratchFloats - 16));
    SsimBuffers b{};
    float **single[] = {&b.x, &b.y, &b.squares, &b.product, &b.inside, &b.own};
    for (float **s : single) *s = p, p += kRow;
    for (auto &rows : b.derivative)
        for (float *&row : rows) row = p, p += kRow;
    for (float *&row : b.weights) row = p, p += kRow;
    for (float *&m : b.maps) m = p, p += kRing * kRow;
    for (float *&d : b.derivatives) d = p, p += kRing * kRow;
    return b;
}

// One batch of map rows: writes the derivatives, returns the sum of ssim over rows and columns of the block.
// map_row_inside and map_row_own say the same of rows as `inside` and `own` of columns.
template <bool Weighted>
IMAGEGS_INLINE double ssim_rows(const SsimBuffers &buffers, int b, int n_columns, const float *row_inside,
                                const float *row_own) {
    vfloat sum = broadcast(0.0f);
    for (int i = 0; i < n_columns; i += kLanes) {
        vfloat mx[kBatch], my[kBatch], squares[kBatch], product[kBatch];
        blur_columns(buffers.maps[0], b, i, mx);
        blur_columns(buffers.maps[1], b, i, my);
        blur_columns(buffers.maps[2], b, i, squares);
        blur_columns(buffers.maps[3], b, i, product);
        const vfloat inside_all = load(buffers.inside + i), own_all = load(buffers.own + i);
        for (int r = 0; r < kBatch; ++r) {
            vfloat inside = inside_all, own = own_all;
            if constexpr (Weighted) inside *= load(buffers.weights[r] + i), own *= load(buffers.weights[r] + i);
            const vfloat both = mx[r] * my[r], means = mx[r] * mx[r] + my[r] * my[r];
            const vfloat a1 = both * 2.0f + kC1, a2 = (product[r] - both) * 2.0f + kC2;
            const vfloat b1 = means + kC1, b2 = squares[r] - means + kC2;
            const vfloat inverse = 1.0f / (b1 * b2), ssim = a1 * a2 * inverse;
            const vfloat scale = inverse * inside * row_inside[r];
            sum += ssim * own * row_own[r];
            store(buffers.derivative[0][r] + i, (my[r] * (a2 - a1) - mx[r] * ssim * (b2 - b1)) * 2.0f * scale);
            store(buffers.derivative[1][r] + i, -ssim * b1 * scale);
            store(buffers.derivative[2][r] + i, a1 * 2.0f * scale);
        }
    }
    return double(sum_of_lanes(sum));
}

// Adds to four rows of the gradient from column i on; rows[r] < 0 are skipped.
IMAGEGS_INLINE void add_gradient(const SsimBuffers &buffers, int b, int i, int n, const float *picture,
                                 const float *target, float weight, float *gradient, const ptrdiff_t rows[kBatch]) {
    vfloat mean[kBatch], squares[kBatch], product[kBatch];
    blur_columns(buffers.derivatives[0], b, i, mean);
    blur_columns(buffers.derivatives[1], b, i, squares);
    blur_columns(buffers.derivatives[2], b, i, product);
    for (int r = 0; r < kBatch; ++r) {
        if (rows[r] < 0) continue;
        const float *x = picture + rows[r] + i, *y = target + rows[r] + i;
        float *g = gradient + rows[r] + i;
        if (n >= kLanes) {
            store(g, load(g) + (mean[r] + 2.0f * load(x) * squares[r] + load(y) * product[r]) * weight);
            continue;
        }
        float m[kLanes], s[kLanes], p[kLanes];
        store(m, mean[r]), store(s, squares[r]), store(p, product[r]);
        for (int k = 0; k < n; ++k) g[k] += (m[k] + 2.0f * x[k] * s[k] + y[k] * p[k]) * weight;
    }
}

// Adds gradient_weight * d(sum of ssim)/dpicture to the block of `gradient`; returns the sum of ssim over the block.
template <bool Weighted>
static double ssim_block_of(const float *picture, const float *target, const float *pixel_weights, int width,
                            int height, int x0, int y0, int block_width, int block_height, float gradient_weight,
                            float *gradient, float *scratch) {
    const SsimBuffers buffers = ssim_buffers(scratch);
    const int map_columns = block_width + 2 * kHalf, columns = block_width + 4 * kHalf;
    for (int i = 0; i < map_columns; ++i) {
        const int x = x0 - kHalf + i;
        buffers.inside[i] = x >= 0 && x < width;
        buffers.own[i] = i >= kHalf && i < kHalf + block_width;
    }
    double sum = 0;
    for (int b = 0; kBatch * b < block_height + 4 * kHalf; ++b) {
        float row_inside[kBatch], row_own[kBatch];
        ptrdiff_t gradient_rows[kBatch];
        for (int r = 0; r < kBatch; ++r) {
            const int row = kBatch * b + r, ring = row % kRing, y = y0 - 2 * kHalf + row;
            copy_row(picture, width, height, x0 - 2 * kHalf, y, columns, buffers.x);
            copy_row(target, width, height, x0 - 2 * kHalf, y, columns, buffers.y);
            for (int i = 0; i < columns; i += kLanes) {
                const vfloat vx = load(buffers.x + i), vy = load(buffers.y + i);
                store(buffers.squares + i, vx * vx + vy * vy);
                store(buffers.product + i, vx * vy);
            }
            const float *inputs[4] = {buffers.x, buffers.y, buffers.squares, buffers.product};
            for (int m = 0; m < 4; ++m) blur_row(inputs[m], buffers.maps[m] + size_t(ring) * kRow, map_columns);
            const int map_y = y - kHalf, out = row - 4 * kHalf;
            row_inside[r] = map_y >= 0 && map_y < height && row >= 2 * kHalf; // the first rows come from an empty ring
            row_own[r] = map_y >= y0 && map_y < y0 + block_height;
            if constexpr (Weighted)
                copy_row(pixel_weights, width, height, x0 - kHalf, map_y, map_columns, buffers.weights[r]);
            gradient_rows[r] = out >= 0 && out < block_height ? ptrdiff_t(y0 + out) * width + x0 : -1;
        }
        sum += ssim_rows<Weighted>(buffers, b, map_columns, row_inside, row_own);
        for (int d = 0; d < 3; ++d)
            for (int r = 0; r < kBatch; ++r)
                blur_row(buffers.derivative[d][r], buffers.derivatives[d] + size_t((kBatch * b + r) % kRing) * kRow,
                         block_width);
        if (gradient_rows[kBatch - 1] < 0 && gradient_rows[0] < 0) continue;
        for (int i = 0; i < block_width; i += kLanes)
            add_gradient(buffers, b, i, block_width - i, picture, target, gradient_weight, gradient, gradient_rows);
    }
    return sum;
}

static double ssim_block(const float *picture, const float *target, const float *pixel_weights, int width, int height,
                         int x0, int y0, int block_width, int block_height, float gradient_weight, float *gradient,
                         float *scratch) {
    const auto call = pixel_weights ? ssim_block_of<true> : ssim_block_of<false>;
    return call(picture, target, pixel_weights, width, height, x0, y0, block_width, block_height, gradient_weight,
                gradient, scratch);
}

} // namespace imagegs::IMAGEGS_ISA
