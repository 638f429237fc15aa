// The walk over the tiles of a grid, with which everything here is done: painting, sampling, counting, listing,
// keeping.
//
// A task is a cell of 4 x 4 tiles or more: it finds each tile's candidates (tiles.h) and passes them on. Any thread may
// take any cell, but the work in a cell is always the same, so results have the same bits with any number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "render/loaded_gaussians.h"
#include "render/tile_pixels.h"

namespace imagegs {

// A tile of a grid, and the Gaussians that may matter on it.
struct Tile {
    int x, y; // in tiles
    const uint32_t *ids;
    int count;
};

// Memory for one tile in lane order. The last four arrays have `channels` values for each point.
struct TileRoom {
    float *x, *y, *best, *inverse, *dot, *out, *other, *target, *weights;
};

// The scratch memory of one thread.
struct Worker {
    TileFinder finder;
    std::vector<unsigned char> scratch, lane_bits;
    std::vector<float> points, weights, bound;
    std::vector<uint32_t> quarter; // the candidates of one quarter

    TileRoom room(int channels);
    float *room_for_weights(int candidates); // null where there are too many
};
using Workers = std::vector<Worker>;

void prepare_workers(Workers &, const Engine &, int channels);
void *room_for(std::vector<unsigned char> &scratch, size_t bytes);

inline size_t bits_a_tile(const Kernels &k, int candidates) {
    return size_t(kTilePixels / k.lanes) * k.lane_bits_size * candidates;
}

// Writes the points and colours of a tile of the grid into `room`.
void blend_tile(const Kernels &, const LoadedGaussians &, Worker &, const Grid &, const Tile &, const TileRoom &,
                const Selection &);

// Calls begin(number of cells), then visit(worker, cell, tile) for every wanted tile. Returns the number of (tile,
// Gaussian) pairs.
template <class Begin, class Visit>
uint64_t walk_tiles(Engine &engine, Workers &workers, const LoadedGaussians &g, const Grid &grid, const Wanted &wanted,
                    const Begin &begin, const Visit &visit) {
    prepare_workers(workers, engine, g.channels);
    std::vector<Cell> cells = find_cells(engine, g.set(), grid, wanted);
    begin(cells.size());
    std::vector<uint64_t> pairs(cells.size());
    engine.pool.run(int(cells.size()), [&](int task, int thread) {
        const size_t cell = size_t(task);
        Worker &w = workers[size_t(thread)];
        w.finder.find(*engine.kernels, g.set(), grid, cells[cell], wanted,
                      [&](int x, int y, const uint32_t *ids, int count) {
                          engine.pool.poll(thread);
                          pairs[cell] += uint64_t(count);
                          visit(w, cell, Tile{x, y, ids, count});
                      });
        cells[cell] = Cell{};
    });
    uint64_t sum = 0;
    for (uint64_t p : pairs) sum += p;
    return sum;
}

// Walks over all tiles in the same way. Returns false as soon as the pairs, plus `per_tile` for each tile, are more
// than `most`.
template <class Begin, class Visit>
bool walk_tiles_within(uint64_t most, uint64_t per_tile, Engine &engine, Workers &workers, const LoadedGaussians &g,
                       const Grid &grid, const Begin &begin, const Visit &visit) {
    struct TooMuch {};
    std::atomic<uint64_t> work{0};
    try {
        walk_tiles(engine, workers, g, grid, nullptr, begin, [&](Worker &w, size_t cell, const Tile &tile) {
            if ((work += uint64_t(tile.count) + per_tile) > most) throw TooMuch{};
            visit(w, cell, tile);
        });
    } catch (const TooMuch &) {
        return false;
    }
    return true;
}

// Calls visit(quarter, ids, count) for each quarter of a tile that has pixels. All quarters get the tile's list if that
// is short, or if the blend cannot tell quarters apart.
template <class Visit>
void visit_quarters(const Kernels &kernels, const LoadedGaussians &g, Worker &w, const Grid &grid, const Tile &tile,
                    const Visit &visit) {
    constexpr int kShortList = 12; // a pixel keeps almost as many Gaussians
    w.quarter.resize(std::max(w.quarter.size(), size_t(tile.count) + 1));
    w.bound.resize(std::max(w.bound.size(), size_t(tile.count) + 16)); // whole vectors
    for (int q = 0; q < kTilePixels / kQuarterPixels; ++q) {
        const int x = tile.x * grid.tile_width + q % 2 * kQuarter, y = tile.y * grid.tile_height + q / 2 * kQuarter;
        if (x >= grid.width || y >= grid.height) continue;
        if (g.blend == Blend::kPaper || tile.count <= kShortList) {
            visit(q, tile.ids, tile.count);
            continue;
        }
        const int n = kernels.cull(g.blend, g.shapes.data(), g.canvas, grid.pixels(x, y, x + kQuarter, y + kQuarter),
                                   tile.ids, tile.count, w.quarter.data(), w.bound.data());
        visit(q, w.quarter.data(), n);
    }
}

} // namespace imagegs
