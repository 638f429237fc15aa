// L1 and L2 of a run of values: gradient l1_weight sign(d) + 2 l2_weight d with d = picture - target, and the
// sums of |d| and d^2. Lane sums are turned into doubles every 4096 values, so large pictures lose no digits.
#pragma once

#include "../kernels.h"
#include "../simd.h"

namespace imagegs::IMAGEGS_ISA {

static void pixel_loss(const float *picture, const float *target, size_t n, float l1_weight, float l2_weight,
                       float *gradient, double *sum_l1, double *sum_l2) {
    *sum_l1 = *sum_l2 = 0;
    for (size_t start = 0; start < n; start += 4096) {
        const size_t end = start + 4096 < n ? start + 4096 : n;
        vfloat l1 = broadcast(0.0f), l2 = broadcast(0.0f);
        size_t i = start;
        for (; i + kLanes <= end; i += kLanes) {
            const vfloat d = load(picture + i) - load(target + i), zero = broadcast(0.0f);
            const vfloat sign = select(less(zero, d), broadcast(1.0f), select(less(d, zero), broadcast(-1.0f), zero));
            store(gradient + i, sign * l1_weight + d * (2.0f * l2_weight));
            l1 += sign * d;
            l2 += d * d;
        }
        *sum_l1 += sum_of_lanes(l1);
        *sum_l2 += sum_of_lanes(l2);
        for (; i < end; ++i) {
            const float d = picture[i] - target[i], sign = float((d > 0) - (d < 0));
            gradient[i] = sign * l1_weight + 2.0f * l2_weight * d;
            *sum_l1 += sign * d;
            *sum_l2 += d * d;
        }
    }
}

} // namespace imagegs::IMAGEGS_ISA
