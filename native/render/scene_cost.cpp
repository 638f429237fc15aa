// The cost of painting a scene, counted from the lists of the tiles without painting.
#include <algorithm>

#include "render/scene.h"

namespace imagegs {

namespace {

// Multiply-adds as render/kernels/blend.h does them, an addition or a product alone counting as one:
//   8           each candidate of the quarter of a tile: d = p - mu (2), u and v (4), u^2 + (v^2 - w) (2)
//   12 + C      each one that the point keeps, at most K: best - score and the exponential (11), the sum of weights,
//               C colour sums
//   C           a point: colours over the sum of weights
// Comparisons, loads and the one division are no multiply-adds. Finding the lists (cull.h) is not counted.
constexpr uint64_t kCandidate = 8, kKept = 12;

struct Tally {
    uint64_t sum = 0; // over pixels
    uint64_t worst = 0;
};

} // namespace

std::optional<MultiplyAdds> Scene::multiply_adds(Engine &engine, uint64_t most_work) {
    constexpr uint64_t kTileWork = 8; // the work for a tile besides its list
    const LoadedGaussians &g = *loaded_;
    const Grid grid = g.own_grid();
    if (uint64_t(grid.tiles_x()) * uint64_t(grid.tiles_y()) * kTileWork > most_work) return std::nullopt;
    const uint64_t channels = uint64_t(g.channels);
    const uint64_t kept_at_most = g.blend == Blend::kPaper ? kPaperTopK : kSoftmaxTopK;
    std::vector<Tally> tallies;
    const auto add = [&](Tally &tally, int x, int y, uint64_t count) { // a quarter of a tile at pixel (x, y)
        const int across = std::min(kQuarter, grid.width - x), down = std::min(kQuarter, grid.height - y);
        const uint64_t pixel = kCandidate * count + (kKept + channels) * std::min(count, kept_at_most) + channels;
        tally.sum += pixel * uint64_t(across * down);
        tally.worst = std::max(tally.worst, pixel);
    };
    const bool counted = walk_tiles_within(
        most_work, kTileWork, engine, workers_, g, grid, [&](size_t cells) { tallies.resize(cells); },
        [&](Worker &w, size_t cell, const Tile &tile) {
            visit_quarters(*engine.kernels, g, w, grid, tile, [&](int q, const uint32_t *, int n) {
                add(tallies[cell], tile.x * kTile + q % 2 * kQuarter, tile.y * kTile + q / 2 * kQuarter, uint64_t(n));
            });
        });
    if (!counted) return std::nullopt;
    Tally all;
    for (const Tally &t : tallies) all.sum += t.sum, all.worst = std::max(all.worst, t.worst);
    return MultiplyAdds{double(all.sum) / (double(grid.width) * grid.height), double(all.worst)};
}

} // namespace imagegs
