// Points sorted by the tile of the canvas that they lie on, for walks over the tiles that have points.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "render/tile_walk.h"

namespace imagegs {

// Up to kTilePixels points of one tile: their numbers, and how many the kernels take, which are whole vectors.
struct PointRun {
    const uint32_t *points;
    int count, whole;
};

class PointsByTile {
public:
    // The tiles of the canvas, any point of which counts.
    static Grid grid_of(const LoadedGaussians &g) { return {0, 0, g.width(), g.height(), 1.0f, 1.0f, 0.0f}; }

    // xy: n points in canvas pixels, which must outlive this object.
    PointsByTile(const LoadedGaussians &g, const Grid &grid, const float *xy, size_t n)
        : g_(g), xy_(xy), tiles_x_(grid.tiles_x()), first_(size_t(grid.tiles_x()) * grid.tiles_y() + 1), order_(n) {
        std::vector<uint32_t> tile_of(n);
        for (size_t i = 0; i < n; ++i) {
            const int tx = std::min(int(g.on_canvas(xy[2 * i], g.canvas.width) / kTile), tiles_x_ - 1);
            const int ty = std::min(int(g.on_canvas(xy[2 * i + 1], g.canvas.height) / kTile), grid.tiles_y() - 1);
            tile_of[i] = uint32_t(ty) * tiles_x_ + tx;
            ++first_[tile_of[i] + 1];
        }
        for (size_t t = 1; t < first_.size(); ++t) first_[t] += first_[t - 1];
        std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
        for (size_t i = 0; i < n; ++i) order_[next[tile_of[i]]++] = uint32_t(i);
    }

    // The points of a row of tiles lie next to each other, so each row needs two look-ups.
    bool any(int x0, int y0, int x1, int y1) const {
        for (int y = y0; y < y1; ++y)
            if (first_[size_t(y) * tiles_x_ + x1] > begin(x0, y)) return true;
        return false;
    }

    // Calls visit(run) for each run of a tile's points, whose coordinates are in room.x and room.y then. Lanes behind
    // the last point repeat it.
    template <class Visit>
    void visit_runs(const Tile &tile, int lanes, const TileRoom &room, const Visit &visit) const {
        const size_t end = first_[size_t(tile.y) * tiles_x_ + tile.x + 1];
        for (size_t at = begin(tile.x, tile.y); at < end; at += kTilePixels) {
            const int count = int(std::min<size_t>(kTilePixels, end - at));
            const PointRun run{&order_[at], count, (count + lanes - 1) / lanes * lanes};
            for (int i = 0; i < run.whole; ++i) {
                const size_t point = run.points[std::min(i, count - 1)];
                room.x[i] = g_.on_canvas(xy_[2 * point], g_.canvas.width);
                room.y[i] = g_.on_canvas(xy_[2 * point + 1], g_.canvas.height);
            }
            visit(run);
        }
    }

private:
    size_t begin(int tx, int ty) const { return first_[size_t(ty) * tiles_x_ + tx]; }

    const LoadedGaussians &g_;
    const float *xy_;
    int tiles_x_;
    std::vector<uint32_t> first_, order_;
};

} // namespace imagegs
