// A quadtree over a grid of tiles, which finds the Gaussians that matter on each tile.
//
// Every node gives its children the Gaussians that can matter in it (Kernels::cull), so a tile's list is found
// in about log(tiles) culls of ever shorter lists, and lists stay in the order of the index. The tree is cut in
// two: down to cells it is walked level by level, below that cell by cell, each cell a task. Cells have 4 x 4 tiles,
// or more where so many lists at once would take too much memory (many Gaussians that all cover the canvas).
// Units: rectangles are canvas pixels; tile and pixel numbers count output pixels (see Grid).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/engine.h"
#include "render/points.h"

namespace imagegs {

// Tiles of 16 x 16 output pixels. The centre of output pixel (i, j) lies at ((x0 + i + 1/2) step_x, (y0 + j + 1/2)
// step_y) on the canvas. inset is 1/2 where only pixel centres count, 0 where any point of a tile does.
struct Grid {
    int x0, y0, width, height;
    float step_x, step_y;
    float inset;
    int tile_width = kTile, tile_height = kTile; // if less than kTile, only the first pixels of a tile count

    int tiles_x() const { return (width + tile_width - 1) / tile_width; }
    int tiles_y() const { return (height + tile_height - 1) / tile_height; }
    Rectangle pixels(int left, int top, int right, int bottom) const; // clipped to the pixels of the grid
    Rectangle rectangle(int tile_x0, int tile_y0, int tile_x1, int tile_y1) const;
};

constexpr int kCellTiles = 4;                  // side of a cell
constexpr size_t kMaxListed = size_t(1) << 25; // ids in all lists at once, beyond the first level

// A cell: a rectangle of tiles, and the Gaussians that they may see.
struct Cell {
    int tile_x0, tile_y0, tile_x1, tile_y1;
    std::vector<uint32_t> ids; // may matter somewhere in the cell
};

struct GaussianSet {
    Blend blend;
    Canvas canvas;
    const Shape *shapes;
    uint32_t count;
};

// Whether anything is to be done in a rectangle of tiles; for sampling few points of a large canvas.
using Wanted = std::function<bool(int tile_x0, int tile_y0, int tile_x1, int tile_y1)>;

std::vector<Cell> find_cells(Engine &, const GaussianSet &, const Grid &, const Wanted &);

// An upper bound on the number of (tile, Gaussian) pairs of the grid. It is refined on ever smaller parts of the grid,
// until it is at most `enough` or refining takes too long.
uint64_t most_pairs(Engine &, const GaussianSet &, const Grid &, uint64_t enough);

// Calls found(tile_x, tile_y, ids, count) for every tile of a cell.
using Found = std::function<void(int tile_x, int tile_y, const uint32_t *ids, int count)>;

class TileFinder { // one for each worker; owns scratch memory
public:
    void find(const Kernels &, const GaussianSet &, const Grid &, const Cell &, const Wanted &, const Found &);

private:
    std::vector<std::vector<uint32_t>> levels_; // room for the lists on the way down
    std::vector<float> bound_;
};

} // namespace imagegs
