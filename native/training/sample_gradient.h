// The gradient of colours at points, in one walk over the tiles that have points. Each tile's points are blended once
// more and then differentiated, so that nothing need be kept of the walk that made the colours.
#pragma once

#include "training/kept_render.h"

namespace imagegs {

// `xy` (n, 2) as Scene::sample takes them; `color_gradient` (n, channels) is dL/dcolour; the gradient is
// (N, own_terms()).
void sample_gradient(Engine &, const Scene &, KeptMemory &, const float *xy, size_t n, const float *color_gradient,
                     float *gradient);

} // namespace imagegs
