// Shared by the bindings of painting and of training: the checks of grids and points.
#pragma once

#include "python/bindings.h"
#include "render/tiles.h"

namespace imagegs {

// The pixels of a picture (see Grid). Its first pixel is (x0, y0) of the whole one.
inline Grid grid_of(size_t width, size_t height, int x0, int y0, float step_x, float step_y) {
    require(width > 0 && height > 0 && width < (1u << 23) && height < (1u << 23), "the picture is empty or too large");
    require(step_x > 0 && step_y > 0, "steps must be positive");
    return {x0, y0, int(width), int(height), step_x, step_y, 0.5f};
}

inline void require_points(const In<2> &xy) {
    require(xy.shape(1) == 2, "points are pairs");
    require(xy.shape(0) < (size_t(1) << 32), "too many points");
}

} // namespace imagegs
