// The backward walks of a scene over the tiles that a render kept, and the sums of each Gaussian's pairs.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "render/scene.h"

namespace imagegs {

// Calls visit(tile) for every kept tile, with its pixels of the planes in lane order and room for `sums_a_pair` floats
// a pair. Where there is no other plane the tile's is scratch.
template <class Visit>
void Scene::visit_kept(Engine &engine, const Planes &planes, int sums_a_pair, const Visit &visit) {
    if (!kept_selection_) throw std::logic_error("this needs a render that kept its selection");
    prepare_workers(engine);
    engine.pool.run(int(kept_.size()), [&](int task, int worker) {
        KeptCell &cell = kept_[task];
        cell.sums.resize(cell.ids.size() * sums_a_pair);
        for (size_t i = 0; i < cell.tiles.size(); ++i) {
            const LoadedTile tile =
                load_kept(*engine.kernels, workers_[worker], cell, cell.tiles[i], planes, sums_a_pair);
            if (i + 1 < cell.tiles.size()) {
                const KeptTile &next = cell.tiles[i + 1];
                prefetch_tile(planes.out, channels_, grid_, next.x * kTile, next.y * kTile);
                if (planes.other) prefetch_tile(planes.other, channels_, grid_, next.x * kTile, next.y * kTile);
            }
            visit(tile);
        }
    });
}

Scene::LoadedTile Scene::load_kept(const Kernels &kernels, Worker &w, KeptCell &cell, const KeptTile &tile,
                                   const Planes &planes, int sums_a_pair) {
    const LaneOrder &order = lane_order(kernels.lanes);
    const int x = tile.x * kTile, y = tile.y * kTile;
    const size_t at = (size_t(tile.y) * grid_.tiles_x() + tile.x) * kTilePixels;
    const TileRoom room = w.room(channels_);
    tile_points(order, grid_, x, y, room.x, room.y);
    load_tile(order, planes.out, channels_, grid_, x, y, room.out);
    if (planes.other) load_tile(order, planes.other, channels_, grid_, x, y, room.other);
    return {candidates(cell.ids.data() + tile.first, int(tile.count)),
            room,
            Selection{&best_[at], &inverse_[at], cell.lane_bits.data() + bits_a_tile(kernels, int(tile.first))},
            w.room_for_weights(int(tile.count)),
            load_weights(order, planes.weights, x, y, room.weights),
            cell.sums.data() + size_t(tile.first) * sums_a_pair};
}

void Scene::gradient(Engine &engine, const float *out, const float *color_gradient, const Gradients &to) {
    const Kernels &kernels = *engine.kernels;
    visit_kept(engine, {out, color_gradient}, kShapeSums + channels_, [&](const LoadedTile &t) {
        kernels.gradient_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.room.other, t.kept,
                                   t.sums, t.room.dot);
    });
    reduce(engine, to);
}

void Scene::normal_product(Engine &engine, const float *out, const Weights &weights, const float *tangent,
                           float *product) {
    const Kernels &kernels = *engine.kernels;
    tangent = with_copies(tangent, kShapeSums + channels_);
    visit_kept(engine, {out, nullptr, weights}, kShapeSums + channels_, [&](const LoadedTile &t) {
        Selection kept = t.kept;
        kept.weights = t.weights;
        kernels.normal_product_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.point_weights,
                                         tangent, kept, t.sums, t.room.other, t.room.dot);
    });
    total_pairs(engine, kShapeSums + channels_, product);
}

void Scene::normal_diagonal(Engine &engine, const float *out, const Weights &weights, float *sums) {
    const Kernels &kernels = *engine.kernels;
    visit_kept(engine, {out, nullptr, weights}, diagonal_sums(weights), [&](const LoadedTile &t) {
        kernels.normal_diagonal_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.point_weights,
                                          t.kept, t.sums);
    });
    total_pairs(engine, diagonal_sums(weights), sums);
}

void Scene::removal_cost(Engine &engine, const float *out, const Weights &weights, const float *residual, float *cost) {
    const Kernels &kernels = *engine.kernels;
    visit_kept(engine, {out, residual, weights}, 1, [&](const LoadedTile &t) {
        kernels.removal_cost_of_points(t.candidates, t.room.x, t.room.y, kTilePixels, t.room.out, t.point_weights,
                                       t.room.other, t.kept, t.sums);
    });
    total_pairs(engine, 1, cost);
}

void Scene::sort_pairs() {
    first_pair_.assign(size_t(count()) + 1, 0);
    for (const KeptCell &cell : kept_)
        for (uint32_t id : cell.ids) ++first_pair_[owner(id) + 1];
    for (size_t i = 0; i < count(); ++i) first_pair_[i + 1] += first_pair_[i];
    pairs_.resize(first_pair_.back());
    std::vector<size_t> next(first_pair_.begin(), first_pair_.end() - 1);
    for (size_t c = 0; c < kept_.size(); ++c)
        for (size_t at = 0; at < kept_[c].ids.size(); ++at)
            pairs_[next[owner(kept_[c].ids[at])]++] = {uint32_t(c), uint32_t(at)};
}

// total (n): the sums of a Gaussian's pairs, in order.
void Scene::add_pairs(uint32_t gaussian, int n, float *total) const {
    std::fill(total, total + n, 0.0f);
    for (size_t i = first_pair_[gaussian]; i < first_pair_[gaussian + 1]; ++i) {
        const float *sums = kept_[pairs_[i].cell].sums.data() + size_t(pairs_[i].at) * n;
        for (int k = 0; k < n; ++k) total[k] += sums[k];
    }
}

// Calls visit(gaussian) for all, when their pairs are sorted.
template <class Visit> void Scene::visit_gaussians(Engine &engine, const Visit &visit) {
    if (pairs_.empty()) sort_pairs();
    engine.pool.run(int((count() + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(count(), first + kGaussiansPerTask);
        for (uint32_t i = first; i < end; ++i) visit(i);
    });
}

void Scene::total_pairs(Engine &engine, int n, float *to) {
    visit_gaussians(engine, [&](uint32_t i) { add_pairs(i, n, to + size_t(i) * n); });
}

void Scene::reduce(Engine &engine, const Gradients &to) {
    visit_gaussians(engine, [&](uint32_t i) {
        float total[kShapeSums + kMaxChannels];
        add_pairs(i, kShapeSums + channels_, total);
        shape_gradient(shapes_[i], &scales_[2 * size_t(i)], total, to.xy + 2 * size_t(i), to.scale + 2 * size_t(i),
                       to.angle + i, to.log_weight + i);
        std::memcpy(to.color + size_t(i) * channels_, total + kShapeSums, sizeof(float) * channels_);
    });
}

} // namespace imagegs
