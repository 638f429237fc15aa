// Arguments of kernels about points: the Gaussians that may matter there, the canvas, and what painting keeps for
// gradients. Coordinates of points are canvas pixels; points are in lane order (core/lane_order.h).
#pragma once

#include <cstdint>

#include "render/gaussian.h"

namespace imagegs {

enum class Blend : int { kPaper = 0, kSoftmax = 1 };

// The Gaussians that may matter at a set of points, in the order of their index.
struct Candidates {
    const Shape *shapes; // of all Gaussians
    const float *colors; // [Gaussian][channel]
    const uint32_t *ids; // which of them
    int count;
    int channels;
};

// A rectangle of points on the canvas (both ends belong to it) and the last tile of the canvas.
struct Rectangle {
    float left, top, right, bottom;
};
struct Canvas {
    float width, height;
    float last_tile_x, last_tile_y;
};

// What painting keeps for the gradient, one value for each point. lane_bits holds `lanes` bits for each block of
// points, [candidate][block], one uint16_t or uint8_t each (see `lane_bits_size`).
struct Selection {
    float *best;              // the lowest score (softmax) or 0 (paper)
    float *inverse;           // 1 / sum of weights
    void *lane_bits;          // null: nothing is kept
    float *weights = nullptr; // of the chosen ones, [candidate][point]; null: the gradient computes them anew
};

} // namespace imagegs
