#include "training/adam.h"

#include <algorithm>

namespace imagegs {

void adam(Engine &engine, float *value, const float *gradient, float *mean, float *square, const float *rates, size_t n,
          const AdamStep &step) {
    constexpr size_t kValuesPerTask = 1 << 16;
    engine.pool.run(int((n + kValuesPerTask - 1) / kValuesPerTask), [&](int task, int) {
        const size_t first = task * kValuesPerTask, m = std::min(kValuesPerTask, n - first);
        engine.kernels->adam(value + first, gradient + first, mean + first, square + first,
                             rates ? rates + first : nullptr, m, step);
    });
}

} // namespace imagegs
