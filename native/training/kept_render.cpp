#include "training/kept_render.h"

#include <algorithm>

namespace imagegs {

KeptRender::KeptRender(Engine &engine, const Scene &scene, const Grid &grid, std::shared_ptr<Spares> spares,
                       float *given)
    : engine_(engine), gaussians_(scene.gaussians()), grid_(grid), memory_(std::move(spares)), picture_(given) {
    const LoadedGaussians &g = *gaussians_;
    const Kernels &kernels = *engine.kernels;
    const LaneOrder &order = lane_order(kernels.lanes);
    KeptMemory &memory = *memory_;
    const size_t plane = size_t(grid.width) * grid.height,
                 pixels = size_t(grid.tiles_x()) * grid.tiles_y() * kTilePixels;
    memory.best.resize(pixels), memory.inverse.resize(pixels);
    if (!picture_) memory.picture.resize(plane * g.channels), picture_ = memory.picture.data();
    const Picture picture{picture_, Sample::kFloat, 1, size_t(grid.width), plane};
    const auto keep = [&](Worker &w, size_t cell, const Tile &tile) {
        const int x = tile.x * kTile, y = tile.y * kTile;
        const int width = std::min(kTile, grid.width - x), height = std::min(kTile, grid.height - y);
        const TileRoom room = w.room(g.channels);
        const size_t at = (size_t(tile.y) * grid.tiles_x() + tile.x) * kTilePixels;
        KeptCell &to = memory.cells[cell];
        to.add(tile, g, memory.places_of(w));
        const Selection selection{&memory.best[at], &memory.inverse[at], to.add_bits(bits_a_tile(kernels, tile.count))};
        blend_tile(kernels, g, w, grid, tile, room, selection);
        store_tile(order, room.out, g.channels, x, y, width, height, picture);
        if (width == kTile && height == kTile) return;
        for (int i = 0; i < kTilePixels; ++i)
            if (order.x[i] >= width || order.y[i] >= height) selection.inverse[i] = 0.0f;
    };
    n_pairs_ = walk_tiles(
        engine, memory.workers, g, grid, nullptr, [&](size_t cells) { memory.begin(cells, engine.pool.threads()); },
        keep);
}

// Calls visit(tile) for every kept tile. The tile has its pixels of the planes in lane order, and memory for
// `n_sums` floats for each candidate, which are added up. Without another plane, the memory for it is scratch.
template <class Visit> void KeptRender::visit(const Planes &planes, int n_sums, const Visit &visit) {
    const int channels = gaussians_->channels;
    prepare_workers(memory_->workers, engine_, channels);
    engine_.pool.run(int(memory_->cells.size()), [&](int task, int worker) {
        KeptCell &cell = memory_->cells[size_t(task)];
        cell.sums.clear();
        Places &places = memory_->places[size_t(worker)];
        for (size_t i = 0; i < cell.tiles.size(); ++i) {
            places.sums.resize(size_t(cell.tiles[i].count) * n_sums);
            const LoadedTile tile =
                load(memory_->workers[size_t(worker)], cell, cell.tiles[i], planes, places.sums.data());
            if (i + 1 < cell.tiles.size()) {
                const KeptTile &next = cell.tiles[i + 1];
                prefetch_tile(picture(), channels, grid_, next.x * kTile, next.y * kTile);
                if (planes.other) prefetch_tile(planes.other, channels, grid_, next.x * kTile, next.y * kTile);
            }
            visit(tile);
            cell.add_sums(cell.tiles[i], tile.sums, n_sums);
        }
    });
}

KeptRender::LoadedTile KeptRender::load(Worker &w, KeptCell &cell, const KeptTile &tile, const Planes &planes,
                                        float *sums) const {
    const Kernels &kernels = *engine_.kernels;
    const LaneOrder &order = lane_order(kernels.lanes);
    const int x = tile.x * kTile, y = tile.y * kTile, channels = gaussians_->channels;
    const size_t at = (size_t(tile.y) * grid_.tiles_x() + tile.x) * kTilePixels;
    const TileRoom room = w.room(channels);
    tile_points(order, grid_, x, y, room.x, room.y);
    load_tile(order, picture(), channels, grid_, x, y, room.out);
    if (planes.other) load_tile(order, planes.other, channels, grid_, x, y, room.other);
    return {gaussians_->candidates(cell.ids.data() + tile.first, int(tile.count)),
            room,
            Selection{&memory_->best[at], &memory_->inverse[at],
                      cell.lane_bits.data() + bits_a_tile(kernels, int(tile.first))},
            w.room_for_weights(int(tile.count)),
            load_weights(order, planes.weights, channels, grid_, x, y, room.weights),
            sums};
}

void KeptRender::gradient(const float *color_gradient, float *own) {
    const Kernels &kernels = *engine_.kernels;
    visit({color_gradient}, kShapeSums + gaussians_->channels, [&](const LoadedTile &t) {
        kernels.gradient_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.room.other, t.kept,
                                   t.sums, t.room.dot);
    });
    total_gradients(engine_, *gaussians_, *memory_, own);
}

// The changes that a tangent makes: of the score of each Gaussian and copy, a polynomial in u and v, and of its
// colours.
const float *KeptRender::score_changes(const float *tangent) {
    const LoadedGaussians &g = *gaussians_;
    const size_t terms = size_t(own_terms(g));
    std::vector<float> &all = memory_->tangents;
    all.resize(g.shapes.size() * terms);
    for (size_t i = 0; i < g.shapes.size(); ++i) {
        const uint32_t owner = g.owner(uint32_t(i));
        const float *from = tangent + owner * terms;
        score_change(g.elongations[owner], from, &all[i * terms]);
        std::copy_n(from + kOwnUnits, g.channels, &all[i * terms + kShapeSums]);
    }
    return all.data();
}

void KeptRender::normal_product(const Weights &weights, const float *tangent, float *product) {
    const Kernels &kernels = *engine_.kernels;
    const float *changes = score_changes(tangent);
    visit({nullptr, weights}, kShapeSums + gaussians_->channels, [&](const LoadedTile &t) {
        Selection kept = t.kept;
        kept.weights = t.weights;
        kernels.normal_product_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.point_weights,
                                         changes, kept, t.sums, t.room.other, t.room.dot);
    });
    total_gradients(engine_, *gaussians_, *memory_, product);
}

void KeptRender::normal_diagonal(const Weights &weights, float *diagonal) {
    const LoadedGaussians &g = *gaussians_;
    const Kernels &kernels = *engine_.kernels;
    const int color_sums = weights.by_channel ? g.channels : 1, n = kDiagonalSums + color_sums;
    visit({nullptr, weights}, n, [&](const LoadedTile &t) {
        kernels.normal_diagonal_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.point_weights,
                                          t.kept, t.sums);
    });
    memory_->visit_gaussians(engine_, g, [&](uint32_t i) {
        float total[kDiagonalSums + kMaxChannels];
        float *own = diagonal + size_t(i) * own_terms(g);
        memory_->add_parts(i, n, total);
        own_squares(g.elongations[i], total, own);
        for (int c = 0; c < g.channels; ++c) own[kOwnUnits + c] = total[kDiagonalSums + std::min(c, color_sums - 1)];
    });
}

void KeptRender::removal_cost(const Weights &weights, const float *target, float *cost) {
    const Kernels &kernels = *engine_.kernels;
    const int values = gaussians_->channels * kTilePixels;
    visit({target, weights}, 1, [&](const LoadedTile &t) {
        for (int i = 0; i < values; ++i) t.room.other[i] -= t.room.out[i];
        kernels.removal_cost_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.point_weights,
                                       t.room.other, t.kept, t.sums);
    });
    memory_->total_parts(engine_, *gaussians_, 1, cost);
}

Weights load_weights(const LaneOrder &order, const Weights &of_pixels, int channels, const Grid &grid, int x, int y,
                     float *lanes) {
    if (!of_pixels.values) return {};
    load_tile(order, of_pixels.values, of_pixels.by_channel ? channels : 1, grid, x, y, lanes);
    return {lanes, of_pixels.by_channel};
}

void total_gradients(Engine &engine, const LoadedGaussians &g, KeptMemory &memory, float *own) {
    memory.visit_gaussians(engine, g, [&](uint32_t i) {
        float total[kShapeSums + kMaxChannels];
        float *to = own + size_t(i) * own_terms(g);
        memory.add_parts(i, kShapeSums + g.channels, total);
        own_gradient(g.elongations[i], total, to);
        std::copy_n(total + kShapeSums, g.channels, to + kOwnUnits);
    });
}

} // namespace imagegs
