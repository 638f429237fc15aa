// The lists of a grid of tiles on the canvas, for who paints elsewhere (a shader).
#include <atomic>

#include "render/scene.h"

namespace imagegs {

namespace {

struct TooMany {};

// What a cell's tiles see, as they are found.
struct CellLists {
    std::vector<uint32_t> tiles, counts, ids;
};

} // namespace

std::optional<TileLists> Scene::tile_lists(Engine &engine, int side, uint64_t most_ids) {
    // A Grid's tiles have kTile output pixels: here, of 1 / kTile of a side each. Any point of a tile counts; but the
    // paper blend tells canvas tiles apart and not points, and a common border would let it see the neighbors'.
    const float step = float(side) / kTile;
    const auto pixels = [&](int length) { return int((int64_t(length) * kTile + side - 1) / side); };
    const Grid grid{0, 0, pixels(width()), pixels(height()), step, step, blend_ == Blend::kPaper ? 0.5f : 0.0f};
    const int columns = grid.tiles_x(), rows = grid.tiles_y();
    prepare_workers(engine);
    std::vector<Cell> cells = find_cells(engine, set(), grid, nullptr);
    std::vector<CellLists> lists(cells.size());
    std::atomic<uint64_t> total{0};
    const auto list_cell = [&](int task, int worker) {
        CellLists &list = lists[size_t(task)];
        const auto found = [&](int x, int y, const uint32_t *ids, int count) {
            engine.pool.poll(worker);
            if ((total += uint64_t(count)) > most_ids) throw TooMany{};
            list.tiles.push_back(uint32_t(y) * uint32_t(columns) + uint32_t(x));
            list.counts.push_back(uint32_t(count));
            list.ids.insert(list.ids.end(), ids, ids + count);
        };
        workers_[size_t(worker)].finder.find(*engine.kernels, set(), grid, cells[size_t(task)], nullptr, found);
        cells[size_t(task)] = Cell{};
    };
    try {
        engine.pool.run(int(cells.size()), list_cell);
    } catch (const TooMany &) {
        return std::nullopt;
    }
    TileLists all{columns, rows, std::vector<uint32_t>(size_t(columns) * rows + 1), std::vector<uint32_t>(total)};
    for (const CellLists &list : lists)
        for (size_t i = 0; i < list.tiles.size(); ++i) all.offsets[list.tiles[i] + 1] = list.counts[i];
    for (size_t t = 1; t < all.offsets.size(); ++t) all.offsets[t] += all.offsets[t - 1];
    for (const CellLists &list : lists) {
        const uint32_t *from = list.ids.data();
        for (size_t i = 0; i < list.tiles.size(); from += list.counts[i++])
            std::copy_n(from, list.counts[i], all.ids.data() + all.offsets[list.tiles[i]]);
    }
    return all;
}

} // namespace imagegs
