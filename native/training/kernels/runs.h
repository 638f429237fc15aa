// Runs of values whose last vector may have fewer than kLanes: what is past n is neither read nor written.
#pragma once

#include "core/simd.h"
#include "training/points.h"

namespace imagegs::IMAGEGS_ISA {

IMAGEGS_INLINE vfloat load_run(const float *p, int n) {
    if (n >= kLanes) return load(p);
    float lanes[kLanes] = {};
    for (int k = 0; k < n; ++k) lanes[k] = p[k];
    return load(lanes);
}
IMAGEGS_INLINE void store_run(float *p, int n, vfloat v) {
    if (n >= kLanes) return store(p, v);
    float lanes[kLanes];
    store(lanes, v);
    for (int k = 0; k < n; ++k) p[k] = lanes[k];
}
IMAGEGS_INLINE void add_to_run(float *p, int n, vfloat v) { store_run(p, n, load_run(p, n) + v); }

// 1 in the first n lanes, else 0.
IMAGEGS_INLINE vfloat first_lanes(int n) {
    float lanes[kLanes];
    for (int k = 0; k < kLanes; ++k) lanes[k] = k < n;
    return load(lanes);
}

} // namespace imagegs::IMAGEGS_ISA
