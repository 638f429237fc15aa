// The mean squared difference of a whole canvas from a target, and its gradient, in one walk instead of three: each
// tile is painted, compared and differentiated while it is in the cache. It leaves no picture and keeps no selection.
#pragma once

#include "training/kept_render.h"

namespace imagegs {

// `target` is [channel][row][column] of the canvas; weights are those of its pixels; the gradient is (N, own_terms()).
double squared_error(Engine &, const Scene &, KeptMemory &, const float *target, const Weights &, float *gradient);

} // namespace imagegs
