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

// The window of losses that compare neighbourhoods: a Gaussian of sigma 1.5 pixels, from its middle on.
constexpr int kWindowHalf = 5;
constexpr float kWindow[kWindowHalf + 1] = {0.26601171f, 0.21300553f, 0.10936069f,
                                            0.03600077f, 0.00759876f, 0.00102838f};
constexpr int kBlurBlockWidth = 384, kBlurBlockHeight = 256; // outputs of one block
constexpr int kBlurRow = kBlurBlockWidth + 64;               // floats of a buffered row: block, halo, whole vectors
constexpr int kSsimScratchFloats = (6 + 16 + 7 * 16) * kBlurRow + 16;
constexpr int kVisualScratchFloats = (3 + 16 + 3 * 16) * kBlurRow + 16;

// One block of one plane of the visual loss; see kernels/visual.h.
constexpr int kVisualErrors = 3; // of structure, of detail that was added, of detail that was lost
constexpr int kMargin = 32;      // of zeros around each plane: rows, and columns left and right
struct VisualBlock {             // pointers to the block's first pixel; rows are `stride` apart
    const float *picture, *reference, *reference_mean, *reference_variance;
    ptrdiff_t stride;
    int width, height;
    const float *weights;     // of pixels; 0 in the margins left and right
    ptrdiff_t weights_stride; // 0: every row has the same
    const float *no_weights;  // a row of zeros, for rows outside of the plane
    int top, plane_height;    // the block's first row in the plane, and the rows of the plane
    float mean_weights[kVisualErrors], fourth_weights[kVisualErrors]; // of sums of errors and of their fourth powers
    float *maps[3];                                                   // of x, xx, xy, blurred
    float *gradient;                                                  // written
};

// A run of pixels of a picture as colours. A sample times its factor is within 0 .. 1, else it counts as the nearer of
// the two. One channel is gray, three are R, G, B; one more is alpha, and the colours are seen over `ground`.
struct ColorRun {
    const float *channel[4];
    const float *factors;
    int channels;
    float ground;
    int n;
};

} // namespace imagegs
