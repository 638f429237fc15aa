// One step of Adam on n values, each with its rate (null: all 1): moves `value` in place and updates `mean` and
// `square`. Runs of values are tasks; see kernels/adam.h for the formula.
#pragma once

#include <cstddef>

#include "core/engine.h"
#include "training/points.h"

namespace imagegs {

void adam(Engine &, float *value, const float *gradient, float *mean, float *square, const float *rates, size_t n,
          const AdamStep &);

} // namespace imagegs
