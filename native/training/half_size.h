// Planes at half their size: means of 2 x 2 pixels, where the last row or column of an odd side counts twice.
#pragma once

#include "core/engine.h"

namespace imagegs {

struct Size {
    int height, width;

    Size halved() const { return {(height + 1) / 2, (width + 1) / 2}; }
    size_t pixels() const { return size_t(height) * width; }
};

// Halves rows first .. end - 1 of the smaller plane.
void halve_rows(const float *in, Size, float *out, int first, int end);

// Halves planes that lie one after the other: (planes, height, width).
void halve_planes(Engine &, const float *in, int planes, Size, float *out);

// Halves two planes of a picture's errors, each summed over channels: slope x (picture - target) into out[0], and
// (picture - target)^2 into out[1]. slope: the gradient of a loss with respect to the picture, which like the others is
// (channels, height, width).
void halve_products(Engine &, const float *picture, const float *target, const float *slope, int channels, Size,
                    float *out);

} // namespace imagegs
