// The weighted sum of 2 radius + 1 rows of n values, those at one distance from the middle weighing alike:
// out[i] = weights[0] middle[i] + sum over k of weights[k] (middle-k[i] + middle+k[i]). `rows` begins with the row
// middle-radius. Rows may overlap each other: a row shifted by one value at a time gives a blur along it.
#pragma once

#include "training/kernels/runs.h"

namespace imagegs::IMAGEGS_ISA {

static void weighted_rows(const float *const *rows, const float *weights, int radius, int n, float *out) {
    const float *const *middle = rows + radius;
    for (int i = 0; i < n; i += kLanes) {
        const int left = n - i;
        vfloat sum = load_run(middle[0] + i, left) * weights[0];
        for (int k = 1; k <= radius; ++k)
            sum += (load_run(middle[-k] + i, left) + load_run(middle[k] + i, left)) * weights[k];
        store_run(out + i, left, sum);
    }
}

} // namespace imagegs::IMAGEGS_ISA
