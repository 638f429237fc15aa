// Arguments of the kernels of training: weights of points, a step of Adam, and the sizes of buffers.
#pragma once

#include <cstddef>

#include "render/points.h"

namespace imagegs {

// The weights of squared differences: [point] for all channels alike, or [channel][point]; null: all are 1.
struct Weights {
    const float *values = nullptr;
    bool by_channel = false;
};

IMAGEGS_MATHS const float *weights_of(const Weights &weights, int channel, size_t points) {
    return weights.by_channel ? weights.values + size_t(channel) * points : weights.values;
}

struct AdamStep {
    float rate; // step size, bias corrections included
    float beta1, beta2;
    float epsilon; // bias correction included
};

constexpr int kDiagonalSums = 6; // of a Gaussian, beside those of its colours; see gauss_newton.h

constexpr int kSsimBlockWidth = 256, kSsimBlockHeight = 256; // outputs of one ssim_block
constexpr int kSsimRow = kSsimBlockWidth + 64;               // floats of a buffered row: block, halo, whole vectors
constexpr int kSsimScratchFloats = (6 + 16 + 7 * 16) * kSsimRow + 16;

} // namespace imagegs
