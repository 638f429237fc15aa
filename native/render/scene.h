// A scene: Gaussians that are ready to be painted and sampled. It owns all memory between calls, so that painting again
// allocates next to nothing.
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

// The multiply-adds of a pixel of the canvas at its own size, on average and at most; scene_cost.cpp counts them.
struct MultiplyAdds {
    double mean, worst;
};

// The Gaussians that the tiles of a canvas see, tiles row by row. Tile t sees ids[offsets[t]] up to, but without,
// ids[offsets[t + 1]], ascending.
struct TileLists {
    int columns, rows;
    std::vector<uint32_t> offsets, ids;
};

class Scene {
public:
    // Loads other Gaussians; see LoadedGaussians. The earlier ones stay alive where a kept render shares them.
    void update(Engine &, Blend, bool wrap, int width, int height, const GaussianArrays &);

    // Paints output pixels (x0, y0) .. + (width, height); see Grid.
    void render(Engine &, const Grid &, const Picture &);

    // Paints them, each pixel the mean of samples that are spread evenly over it, at most kTile across and down.
    void render_filtered(Engine &, const Grid &, Samples, const Picture &);

    // An upper bound on the (tile, Gaussian) pairs of what render_filtered() walks; see most_pairs() in tiles.h.
    uint64_t most_pairs(Engine &, const Grid &, Samples, uint64_t enough) const;

    // Colours (M, channels) at points (M, 2) in canvas pixels, clamped to the canvas, or modulo a canvas that wraps.
    void sample(Engine &, const float *xy, size_t n, float *out);

    // Counts multiply-adds. Returns nothing where the work, (tile, Gaussian) pairs and 8 for each tile, is more than
    // `most_work`.
    std::optional<MultiplyAdds> multiply_adds(Engine &, uint64_t most_work);

    // Lists for each tile of side x side canvas pixels the Gaussians that any of its points may keep. Returns nothing
    // where these are more than `most_ids` in all. The paper blend needs side == kTile, because it sees by canvas tile.
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
