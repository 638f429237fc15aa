#include "training/loss.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace imagegs {

namespace {

constexpr size_t kValuesPerTask = 1 << 16;

int tasks_for(size_t n) { return int((n + kValuesPerTask - 1) / kValuesPerTask); }

// Adds the gradient of -weight * mean SSIM; returns the mean.
double ssim(Engine &engine, const float *picture, const float *target, const Weights &pixel_weights, int channels,
            int height, int width, float weight, float *gradient) {
    const int across = (width + kBlurBlockWidth - 1) / kBlurBlockWidth,
              down = (height + kBlurBlockHeight - 1) / kBlurBlockHeight;
    const size_t plane = size_t(height) * width;
    const double count = double(plane) * channels;
    std::vector<double> sums(size_t(channels) * across * down);
    std::vector<std::vector<float>> scratch(size_t(engine.pool.threads()));
    engine.pool.run(int(sums.size()), [&](int task, int worker) {
        scratch[worker].resize(kSsimScratchFloats);
        const int c = task / (across * down);
        const size_t channel = size_t(c) * plane;
        const int x0 = task % across * kBlurBlockWidth, y0 = task / across % down * kBlurBlockHeight;
        sums[task] = engine.kernels->ssim_block(
            picture + channel, target + channel, weights_of(pixel_weights, c, plane), width, height, x0, y0,
            std::min(kBlurBlockWidth, width - x0), std::min(kBlurBlockHeight, height - y0), float(-weight / count),
            gradient + channel, scratch[worker].data());
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0) / count;
}

} // namespace

LossMeans loss(Engine &engine, const float *picture, const float *target, const Weights &pixel_weights, int channels,
               int height, int width, LossWeights weights, float *gradient) {
    const size_t plane = size_t(height) * width, n = size_t(channels) * plane;
    std::vector<double> l1(size_t(tasks_for(n))), l2(l1.size());
    engine.pool.run(tasks_for(n), [&](int task, int) {
        const size_t first = task * kValuesPerTask, m = std::min(kValuesPerTask, n - first);
        for (size_t i = first, run; i < first + m; i += run) { // with weights, a run stays within a channel
            run = pixel_weights.values ? std::min(plane - i % plane, first + m - i) : m;
            const float *w = weights_of(pixel_weights, int(i / plane), plane);
            double sum_l1, sum_l2;
            engine.kernels->pixel_loss(picture + i, target + i, w ? w + i % plane : nullptr, run,
                                       float(weights.l1 / double(n)), float(weights.l2 / double(n)),
                                       gradient ? gradient + i : nullptr, &sum_l1, &sum_l2);
            l1[task] += sum_l1, l2[task] += sum_l2;
        }
    });
    LossMeans means{std::accumulate(l1.begin(), l1.end(), 0.0) / double(n),
                    std::accumulate(l2.begin(), l2.end(), 0.0) / double(n), 0};
    if (weights.ssim != 0)
        means.ssim = ssim(engine, picture, target, pixel_weights, channels, height, width, weights.ssim, gradient);
    return means;
}

} // namespace imagegs
