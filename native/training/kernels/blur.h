// Blurs of rows that stream through a ring, for losses that compare neighbourhoods (ssim.h, visual.h).
//
// An 11-tap Gaussian window, sigma 1.5, separable; outside the picture everything is 0. Rows come in batches of four.
// Each is blurred along itself and stored in a ring of kRing rows; batch b's rows, blurred along columns too, are made
// of the 14 rows of the ring that end with the batch's own: so the blurred rows lie kHalf above those that came in.
#pragma once

#include "core/simd.h"
#include "training/points.h"

namespace imagegs::IMAGEGS_ISA {

constexpr int kHalf = kWindowHalf, kBatch = 4, kRing = 16, kSpan = kBatch + 2 * kHalf;
constexpr int kRow = kBlurRow;

// For each lane i the values in[i] .. in[i + 10].
struct Taps {
    vfloat at[2 * kHalf + 1];
};
#if IMAGEGS_X86 && IMAGEGS_LANES == 16
IMAGEGS_INLINE Taps taps(const float *in) { // shifting beats unaligned loads that cross cache lines
    const __m512i a = (__m512i)load(in), b = (__m512i)load(in + 16);
#define IMAGEGS_TAP(k) (vfloat) _mm512_alignr_epi32(b, a, k)
    return {{(vfloat)a, IMAGEGS_TAP(1), IMAGEGS_TAP(2), IMAGEGS_TAP(3), IMAGEGS_TAP(4), IMAGEGS_TAP(5), IMAGEGS_TAP(6),
             IMAGEGS_TAP(7), IMAGEGS_TAP(8), IMAGEGS_TAP(9), IMAGEGS_TAP(10)}};
#undef IMAGEGS_TAP
}
#else
IMAGEGS_INLINE Taps taps(const float *in) {
    Taps t;
    for (int k = 0; k <= 2 * kHalf; ++k) t.at[k] = load(in + k);
    return t;
}
#endif

// The weighted sum of the window around v[kHalf].
IMAGEGS_INLINE vfloat blur(const vfloat *v) {
    vfloat sum = v[kHalf] * kWindow[0];
    for (int k = 1; k <= kHalf; ++k) sum += (v[kHalf - k] + v[kHalf + k]) * kWindow[k];
    return sum;
}

IMAGEGS_INLINE void blur_row(const float *in, float *out, int n) {
    for (int i = 0; i < n; i += kLanes) store(out + i, blur(taps(in + i).at));
}

// Blurs column i of the ring for the four rows of batch b.
IMAGEGS_INLINE void blur_columns(const float *ring, int b, int i, vfloat out[kBatch]) {
    vfloat v[kSpan];
    for (int k = 0; k < kSpan; ++k) v[k] = load(ring + size_t((kBatch * b + k + kRing - 2 * kHalf) % kRing) * kRow + i);
    for (int r = 0; r < kBatch; ++r) out[r] = blur(v + r);
}

// Copies columns x0 .. x0 + n of a row, 0 outside the picture.
IMAGEGS_INLINE void copy_row(const float *plane, int width, int height, int x0, int y, int n, float *to) {
    std::memset(to, 0, sizeof(float) * kRow);
    if (y < 0 || y >= height) return;
    const int first = x0 < 0 ? -x0 : 0, end = x0 + n > width ? width - x0 : n;
    if (end > first) std::memcpy(to + first, plane + size_t(y) * width + x0 + first, sizeof(float) * (end - first));
}

} // namespace imagegs::IMAGEGS_ISA
