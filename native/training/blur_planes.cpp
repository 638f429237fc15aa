#include "training/blur_planes.h"

#include <algorithm>
#include <vector>

namespace imagegs {

namespace {

constexpr size_t kRowsPerTask = 16;

int wrapped(int i, int n) { return (i % n + n) % n; }

} // namespace

void blur_planes(Engine &engine, const float *in, float *out, const PlanesShape &shape, const float *weights,
                 int radius, bool wrap) {
    const int height = shape.height, width = shape.width;
    const size_t all_rows = size_t(shape.planes) * height;
    const std::vector<float> zeros(wrap ? 0 : width);
    engine.pool.run(int((all_rows + kRowsPerTask - 1) / kRowsPerTask), [&](int task, int) {
        std::vector<float> line(size_t(width) + 2 * radius); // a row with what is left and right of it
        std::vector<const float *> rows(size_t(2) * radius + 1);
        const size_t first = task * kRowsPerTask, end = std::min(all_rows, first + kRowsPerTask);
        for (size_t row = first; row < end; ++row) {
            const int y = int(row % height);
            const float *plane = in + (row - y) * shape.stride;
            for (int k = -radius; k <= radius; ++k) {
                const bool inside = wrap || (y + k >= 0 && y + k < height);
                rows[k + radius] = inside ? plane + wrapped(y + k, height) * shape.stride : zeros.data();
            }
            float *middle = line.data() + radius;
            engine.kernels->weighted_rows(rows.data(), weights, radius, width, middle);
            for (int k = 1; wrap && k <= radius; ++k) {
                middle[-k] = middle[wrapped(-k, width)];
                middle[width - 1 + k] = middle[(width - 1 + k) % width];
            }
            for (size_t k = 0; k < rows.size(); ++k) rows[k] = line.data() + k;
            engine.kernels->weighted_rows(rows.data(), weights, radius, width, out + row * shape.stride);
        }
    });
}

} // namespace imagegs
