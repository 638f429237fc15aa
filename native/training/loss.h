// l1_weight mean|d| + l2_weight mean d^2 + ssim_weight (1 - mean SSIM), d = picture - target, over all values
// of [channel][row][column] arrays; its gradient, and the three means. Rows and blocks are tasks; their sums are
// added in order. Weights of the pixels (points here, row by row) make the means weighted ones: mean w |d|, and so on.
#pragma once

#include "core/engine.h"
#include "training/points.h"

namespace imagegs {

struct LossWeights {
    float l1, l2, ssim;
};
struct LossMeans {
    double l1, l2, ssim; // ssim is 0 when its weight is 0
};

LossMeans loss(Engine &, const float *picture, const float *target, const Weights &pixel_weights, int channels,
               int height, int width, LossWeights, float *gradient);

} // namespace imagegs
