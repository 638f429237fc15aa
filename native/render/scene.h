// A scene: Gaussians ready to be painted and sampled, and what that costs. Owns all memory between calls, so that
// painting again allocates next to nothing.
//
// Painting is one task per cell of 4 x 4 tiles: find each tile's candidates, blend its 256 points, store them, quarter
// by quarter of the tile, whose lists are shorter. No atomics: results are the same bits with any number of threads.
// Coordinates are canvas pixels, pixel centres at +0.5; what the kernels see of the canvas ends at its border.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "render/loaded_gaussians.h"
#include "render/tile_walk.h"

namespace imagegs {

struct PairCounts {
    uint64_t tile_candidates; // (tile, Gaussian) pairs
    uint64_t tiles;
};

// Of a pixel of the canvas painted at its own size; see scene_cost.cpp for what counts.
struct MultiplyAdds {
    double mean, worst;
};

// What the tiles of a canvas see, row by row: tile t sees ids[offsets[t]] .. ids[offsets[t + 1]], ascending.
struct TileLists {
    int columns, rows;
    std::vector<uint32_t> offsets, ids;
};

class Scene {
public:
    // Loads other Gaussians; see LoadedGaussians. Those of before live on where someone else has them.
    void update(Engine &, Blend, bool wrap, int width, int height, const GaussianArrays &);

    // Paints output pixels (x0, y0) .. + (width, height); see Grid.
    void render(Engine &, const Grid &, const Picture &);

    // The same with each pixel the mean of so many samples, at most kTile across and down, spread evenly over it.
    void render_filtered(Engine &, const Grid &, Samples, const Picture &);

    // An upper bound on the (tile, Gaussian) pairs of what render_filtered() walks; see most_pairs() in tiles.h.
    uint64_t most_pairs(Engine &, const Grid &, Samples, uint64_t enough) const;

    // Colours (M, channels) at points (M, 2) in canvas pixels, clamped to the canvas, or modulo a canvas that wraps.
    void sample(Engine &, const float *xy, size_t n, float *out);

    // Nothing where the tiles' lists would take more than `most_work`: (tile, Gaussian) pairs, and 8 a tile.
    std::optional<MultiplyAdds> multiply_adds(Engine &, uint64_t most_work);

    // The Gaussians that any point of each tile of side x side canvas pixels may keep; nothing where they are more than
    // `most_ids` in all. The paper blend sees by canvas tile: there `side` must be kTile.
    std::optional<TileLists> tile_lists(Engine &, int side, uint64_t most_ids);

    std::shared_ptr<const LoadedGaussians> gaussians() const { return loaded_; }
    PairCounts pair_counts() const { return counts_; } // of the last picture

private:
    TileRoom paint_quarters(const Kernels &, Worker &, const Grid &, const Tile &) const;
    template <class Store> void paint(Engine &, const Grid &, const Store &store);

    std::shared_ptr<LoadedGaussians> loaded_ = std::make_shared<LoadedGaussians>();
    Workers workers_;
    PairCounts counts_{};
};

} // namespace imagegs
