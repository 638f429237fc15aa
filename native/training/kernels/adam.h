// Adam (Kingma & Ba 2015) on a flat run of values; `rates` scales the step of each value (null: all 1).
// The loop is plain: compilers vectorise it.
#pragma once

#include "core/simd.h"
#include "training/points.h"

namespace imagegs::IMAGEGS_ISA {

static void adam(float *value, const float *gradient, float *mean, float *square, const float *rates, size_t n,
                 const AdamStep &step) {
    const float rate = step.rate, b1 = step.beta1, b2 = step.beta2, epsilon = step.epsilon;
    for (size_t i = 0; i < n; ++i) {
        const float g = gradient[i];
        mean[i] = b1 * mean[i] + (1.0f - b1) * g;
        square[i] = b2 * square[i] + (1.0f - b2) * g * g;
        const float move = rate * mean[i] / (__builtin_sqrtf(square[i]) + epsilon);
        value[i] -= rates ? rates[i] * move : move;
    }
}

} // namespace imagegs::IMAGEGS_ISA
