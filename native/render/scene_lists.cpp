// The lists of the Gaussians on each tile of the canvas, for painting elsewhere (in a shader).
#include "render/scene.h"

namespace imagegs {

namespace {

// The lists of the tiles of a cell, in the order in which they are found.
struct CellLists {
    std::vector<uint32_t> tiles, counts, ids;
};

} // namespace

std::optional<TileLists> Scene::tile_lists(Engine &engine, int side, uint64_t most_ids) {
    const LoadedGaussians &g = *loaded_;
    // A tile of a Grid has kTile output pixels on a side, so here a pixel is 1 / kTile of a side. Any point of a tile
    // counts. In the paper blend only pixel centres count: a point on a common border would see the tiles of both
    // sides.
    const float step = float(side) / kTile;
    const auto pixels = [&](int length) { return int((int64_t(length) * kTile + side - 1) / side); };
    const float inset = g.blend == Blend::kPaper ? 0.5f : 0.0f;
    const Grid grid{0, 0, pixels(g.width()), pixels(g.height()), step, step, inset};
    const int columns = grid.tiles_x(), rows = grid.tiles_y();
    std::vector<CellLists> lists;
    const bool listed = walk_tiles_within(
        most_ids, 0, engine, workers_, g, grid, [&](size_t cells) { lists.resize(cells); },
        [&](Worker &, size_t cell, const Tile &tile) {
            CellLists &list = lists[cell];
            list.tiles.push_back(uint32_t(tile.y) * uint32_t(columns) + uint32_t(tile.x));
            list.counts.push_back(uint32_t(tile.count));
            list.ids.insert(list.ids.end(), tile.ids, tile.ids + tile.count);
        });
    if (!listed) return std::nullopt;
    TileLists all{columns, rows, std::vector<uint32_t>(size_t(columns) * rows + 1), {}};
    for (const CellLists &list : lists)
        for (size_t i = 0; i < list.tiles.size(); ++i) all.offsets[list.tiles[i] + 1] = list.counts[i];
    for (size_t t = 1; t < all.offsets.size(); ++t) all.offsets[t] += all.offsets[t - 1];
    all.ids.resize(all.offsets.back());
    for (const CellLists &list : lists) {
        const uint32_t *from = list.ids.data();
        for (size_t i = 0; i < list.tiles.size(); from += list.counts[i++])
            std::copy_n(from, list.counts[i], all.ids.data() + all.offsets[list.tiles[i]]);
    }
    return all;
}

} // namespace imagegs
