// The nearest points of a plane, exactly, by a grid of cells.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/engine.h"

namespace imagegs {

// Writes, for each of m queries (x, y), the rows of the k nearest of n points and their distances, the nearest first
// and of equally near ones the lower row first. 1 <= k <= n; coordinates are finite.
void nearest(Engine &, const float *points, size_t n, const float *queries, size_t m, int k, int64_t *rows,
             double *distances);

} // namespace imagegs
