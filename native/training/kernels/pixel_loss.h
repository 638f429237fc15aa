// L1 and L2 of a run of values: gradient w (l1_weight sign(d) + 2 l2_weight d) with d = picture - target and w the
// value's weight, unless it is null, and the sums of w |d| and w d^2. Lane sums are turned into doubles every 4096
// values, so large pictures lose no digits.
#pragma once

#include "core/simd.h"
#include "training/points.h"

namespace imagegs::IMAGEGS_ISA {

template <bool Weighted>
static void pixel_loss_of(const float *picture, const float *target, const float *weights, size_t n, float l1_weight,
                          float l2_weight, float *gradient, double *sum_l1, double *sum_l2) {
    *sum_l1 = *sum_l2 = 0;
    for (size_t start = 0; start < n; start += 4096) {
        const size_t end = start + 4096 < n ? start + 4096 : n;
        vfloat l1 = broadcast(0.0f), l2 = broadcast(0.0f);
        size_t i = start;
        for (; i + kLanes <= end; i += kLanes) {
            const vfloat d = load(picture + i) - load(target + i), zero = broadcast(0.0f);
            vfloat sign = select(less(zero, d), broadcast(1.0f), select(less(d, zero), broadcast(-1.0f), zero));
            vfloat wd = d;
            if constexpr (Weighted) sign *= load(weights + i), wd *= load(weights + i);
            if (gradient) store(gradient + i, sign * l1_weight + wd * (2.0f * l2_weight));
            l1 += sign * d;
            l2 += wd * d;
        }
        *sum_l1 += sum_of_lanes(l1);
        *sum_l2 += sum_of_lanes(l2);
        for (; i < end; ++i) {
            const float d = picture[i] - target[i], w = Weighted ? weights[i] : 1.0f;
            const float sign = w * float((d > 0) - (d < 0));
            if (gradient) gradient[i] = sign * l1_weight + 2.0f * l2_weight * (w * d);
            *sum_l1 += sign * d;
            *sum_l2 += w * d * d;
        }
    }
}

static void pixel_loss(const float *picture, const float *target, const float *pixel_weights, size_t n, float l1_weight,
                       float l2_weight, float *gradient, double *sum_l1, double *sum_l2) {
    const auto call = pixel_weights ? pixel_loss_of<true> : pixel_loss_of<false>;
    call(picture, target, pixel_weights, n, l1_weight, l2_weight, gradient, sum_l1, sum_l2);
}

} // namespace imagegs::IMAGEGS_ISA
