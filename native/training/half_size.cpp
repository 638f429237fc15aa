#include "training/half_size.h"

#include <algorithm>
#include <vector>

namespace imagegs {

namespace {

constexpr int kRowsPerTask = 16;

void halve_pair(const float *above, const float *below, int width, float *out) {
    const int pairs = width / 2;
    for (int x = 0; x < pairs; ++x)
        out[x] = 0.25f * (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]);
    if (width % 2) out[pairs] = 0.5f * (above[2 * pairs] + below[2 * pairs]);
}

// Calls f(plane, first row, end) for bands of the rows of planes.
template <class F> void for_bands(Engine &engine, int planes, int height, const F &f) {
    const int bands = (height + kRowsPerTask - 1) / kRowsPerTask;
    engine.pool.run(planes * bands, [&](int task, int) {
        const int first = task % bands * kRowsPerTask;
        f(task / bands, first, std::min(height, first + kRowsPerTask));
    });
}

// The products at row y, summed over channels.
void sum_products(const float *picture, const float *target, const float *slope, int channels, Size size, int y,
                  float *along, float *power) {
    std::fill_n(along, size.width, 0.0f), std::fill_n(power, size.width, 0.0f);
    for (int c = 0; c < channels; ++c) {
        const size_t at = c * size.pixels() + size_t(y) * size.width;
        for (int x = 0; x < size.width; ++x) {
            const float error = picture[at + x] - target[at + x];
            along[x] += slope[at + x] * error, power[x] += error * error;
        }
    }
}

} // namespace

void halve_rows(const float *in, Size size, float *out, int first, int end) {
    const int width = size.halved().width;
    for (int y = first; y < end; ++y) {
        const float *above = in + size_t(2 * y) * size.width;
        halve_pair(above, 2 * y + 1 < size.height ? above + size.width : above, size.width, out + size_t(y) * width);
    }
}

void halve_planes(Engine &engine, const float *in, int planes, Size size, float *out) {
    const Size half = size.halved();
    for_bands(engine, planes, half.height, [&](int plane, int first, int end) {
        halve_rows(in + plane * size.pixels(), size, out + plane * half.pixels(), first, end);
    });
}

void halve_products(Engine &engine, const float *picture, const float *target, const float *slope, int channels,
                    Size size, float *out) {
    const Size half = size.halved();
    for_bands(engine, 1, half.height, [&](int, int first, int end) {
        std::vector<float> rows(size_t(4) * size.width); // along above and below, power above and below
        float *row[4];
        for (int k = 0; k < 4; ++k) row[k] = rows.data() + size_t(k) * size.width;
        for (int y = first; y < end; ++y) {
            for (int k = 0; k < 2; ++k)
                sum_products(picture, target, slope, channels, size, std::min(2 * y + k, size.height - 1), row[k],
                             row[2 + k]);
            for (int k = 0; k < 2; ++k)
                halve_pair(row[2 * k], row[2 * k + 1], size.width, out + k * half.pixels() + size_t(y) * half.width);
        }
    });
}

} // namespace imagegs
