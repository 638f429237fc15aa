// The blur of planes by a symmetric window, down and then across.
#pragma once

#include <cstddef>

#include "core/engine.h"

namespace imagegs {

struct PlanesShape {
    int planes, height, width;
    size_t stride; // values from a row to the next one, also from a plane's last row to the next plane
};

// The window is weights[0] in the middle and weights[k] at k pixels from it, k <= radius; it may be larger than a
// plane. Outside a plane all is 0, or, with `wrap`, the plane is repeated. Only pixels of planes are read or written;
// `out` must not overlap `in`.
void blur_planes(Engine &, const float *in, float *out, const PlanesShape &, const float *weights, int radius,
                 bool wrap);

} // namespace imagegs
