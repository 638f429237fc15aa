#include "scene.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace imagegs {

namespace {

constexpr uint32_t kGaussiansPerTask = 2048;

void *room_for(std::vector<unsigned char> &scratch, size_t bytes) {
    if (scratch.size() < bytes) scratch.resize(bytes + bytes / 2);
    return scratch.data();
}

} // namespace

void Scene::update(Engine &engine, Blend blend, int width, int height, uint32_t n, int channels, const float *xy,
                   const float *scale, const float *angle, const float *log_weight, const float *color) {
    blend_ = blend, channels_ = channels;
    canvas_ = {float(width), float(height), float((width - 1) / kTile), float((height - 1) / kTile)};
    shapes_.resize(n);
    scales_.assign(scale, scale + size_t(n) * 2);
    colors_.assign(color, color + size_t(n) * channels);
    kept_.clear(), first_slot_.clear();
    engine.pool.run(int((n + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(n, first + kGaussiansPerTask);
        for (uint32_t i = first; i < end; ++i)
            shapes_[i] = make_shape(xy + 2 * i, scale + 2 * i, angle[i], log_weight[i], blend == Blend::kPaper);
    });
}

void Scene::prepare_workers(const Engine &engine) {
    workers_.resize(size_t(engine.pool.threads()));
    for (Worker &w : workers_) w.points.resize(size_t(kTilePixels) * (4 + 2 * channels_));
}

void Scene::render(Engine &engine, const Grid &grid, const Picture &picture, bool keep) {
    prepare_workers(engine);
    grid_ = grid;
    std::vector<Cell> cells = find_cells(engine, set(), grid, nullptr);
    kept_.resize(keep ? cells.size() : 0), first_slot_.clear();
    const size_t tiles = size_t(grid.tiles_x()) * grid.tiles_y();
    if (keep) best_.resize(tiles * kTilePixels), inverse_.resize(tiles * kTilePixels);
    std::vector<uint64_t> pairs(cells.size());
    engine.pool.run(int(cells.size()), [&](int task, int worker) {
        Worker &w = workers_[worker];
        KeptCell *kept = keep ? &kept_[task] : nullptr;
        if (kept) kept->tiles.clear(), kept->ids.clear(), kept->lane_bits.clear();
        w.finder.find(*engine.kernels, set(), grid, cells[task], nullptr,
                      [&](int tx, int ty, const uint32_t *ids, int count) {
                          engine.pool.poll(worker);
                          render_tile(*engine.kernels, w, picture, tx, ty, ids, count, kept);
                          pairs[task] += uint64_t(count);
                      });
        cells[task] = Cell{};
    });
    counts_ = {0, tiles};
    for (uint64_t p : pairs) counts_.tile_candidates += p;
}

void Scene::render_tile(const Kernels &kernels, Worker &w, const Picture &picture, int tile_x, int tile_y,
                        const uint32_t *ids, int count, KeptCell *keep) {
    const LaneOrder &order = lane_order(kernels.lanes);
    const int x = tile_x * kTile, y = tile_y * kTile;
    float *px = w.points.data(), *py = px + kTilePixels, *out = py + kTilePixels;
    float *best = out + kTilePixels * channels_, *inverse = best + kTilePixels;
    Selection selection{best, inverse, nullptr};
    if (keep) {
        const size_t tile = size_t(tile_y) * grid_.tiles_x() + tile_x, first = keep->ids.size();
        const size_t bits = size_t(kTilePixels / kernels.lanes) * kernels.lane_bits_size;
        keep->tiles.push_back({tile_x, tile_y, uint32_t(first), uint32_t(count)});
        keep->ids.insert(keep->ids.end(), ids, ids + count);
        keep->lane_bits.resize((first + count) * bits);
        selection = {&best_[tile * kTilePixels], &inverse_[tile * kTilePixels], keep->lane_bits.data() + first * bits};
    }
    tile_points(order, grid_, x, y, px, py);
    kernels.blend_points(blend_, candidates(ids, count), canvas_, px, py, kTilePixels, out, selection,
                         room_for(w.scratch, kernels.scratch_size(count, channels_)));
    const int width = std::min(kTile, grid_.width - x), height = std::min(kTile, grid_.height - y);
    store_tile(order, out, channels_, x, y, width, height, picture);
    if (!keep || (width == kTile && height == kTile)) return;
    for (int i = 0; i < kTilePixels; ++i) // lanes beyond the picture have no share in anything
        if (order.x[i] >= width || order.y[i] >= height) selection.inverse[i] = 0.0f;
}

// Gives every (tile, Gaussian) pair a slot, sorted by Gaussian, then by tile.
void Scene::sort_slots() {
    first_slot_.assign(size_t(count()) + 1, 0);
    uint64_t pairs = 0;
    for (const KeptCell &cell : kept_) {
        pairs += cell.ids.size();
        for (uint32_t id : cell.ids) ++first_slot_[id + 1];
    }
    for (size_t i = 0; i < count(); ++i) first_slot_[i + 1] += first_slot_[i];
    if (pairs > UINT32_MAX) throw std::length_error("too many pairs of tiles and Gaussians");
    std::vector<uint32_t> next(first_slot_.begin(), first_slot_.end() - 1);
    for (KeptCell &cell : kept_) {
        cell.slots.resize(cell.ids.size());
        for (size_t i = 0; i < cell.ids.size(); ++i) cell.slots[i] = next[cell.ids[i]]++;
    }
}

// Calls visit(tile) for every kept tile, with `out` and `other` in lane order, after making room in sums_ for
// `sums_a_slot` floats a slot. `other` may be null: then the tile's is scratch.
template <class Visit>
void Scene::visit_kept(Engine &engine, const float *out, const float *other, int sums_a_slot, const Visit &visit) {
    if (kept_.empty()) throw std::logic_error("this needs a render that kept its selection");
    prepare_workers(engine);
    if (first_slot_.empty()) sort_slots();
    sums_.resize(size_t(first_slot_.back()) * sums_a_slot);
    engine.pool.run(int(kept_.size()), [&](int task, int worker) {
        for (const KeptTile &tile : kept_[task].tiles)
            visit(load_kept(*engine.kernels, workers_[worker], kept_[task], tile, out, other));
    });
}

Scene::LoadedTile Scene::load_kept(const Kernels &kernels, Worker &w, const KeptCell &cell, const KeptTile &tile,
                                   const float *out, const float *other) const {
    const LaneOrder &order = lane_order(kernels.lanes);
    const int x = tile.x * kTile, y = tile.y * kTile;
    const size_t at = (size_t(tile.y) * grid_.tiles_x() + tile.x) * kTilePixels;
    const size_t bits = size_t(kTilePixels / kernels.lanes) * kernels.lane_bits_size;
    float *px = w.points.data(), *py = px + kTilePixels, *scratch = py + kTilePixels;
    float *tile_out = scratch + kTilePixels, *tile_other = tile_out + kTilePixels * channels_;
    tile_points(order, grid_, x, y, px, py);
    load_tile(order, out, channels_, grid_, x, y, tile_out);
    if (other) load_tile(order, other, channels_, grid_, x, y, tile_other);
    // The kernels only read what was kept.
    const Selection kept{const_cast<float *>(&best_[at]), const_cast<float *>(&inverse_[at]),
                         const_cast<unsigned char *>(cell.lane_bits.data()) + tile.first * bits};
    return {candidates(cell.ids.data() + tile.first, int(tile.count)),
            px,
            py,
            tile_out,
            tile_other,
            kept,
            cell.slots.data() + tile.first,
            scratch};
}

void Scene::gradient(Engine &engine, const float *out, const float *color_gradient, const Gradients &to) {
    const Kernels &kernels = *engine.kernels;
    visit_kept(engine, out, color_gradient, kShapeSums + channels_, [&](const LoadedTile &t) {
        kernels.gradient_of_points(t.candidates, t.x, t.y, kTilePixels, t.out, t.other, t.kept, t.slots, sums_.data(),
                                   t.scratch);
    });
    engine.pool.run(int((count() + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask;
        reduce(first, std::min(count(), first + kGaussiansPerTask), to);
    });
}

void Scene::normal_product(Engine &engine, const float *out, const float *tangent, float *product) {
    const Kernels &kernels = *engine.kernels;
    const int n = kShapeSums + channels_;
    visit_kept(engine, out, nullptr, n, [&](const LoadedTile &t) {
        kernels.normal_product_of_points(t.candidates, t.x, t.y, kTilePixels, t.out, tangent, t.kept, t.slots,
                                         sums_.data(), t.other, t.scratch);
    });
    total_slots(engine, n, product);
}

void Scene::normal_diagonal(Engine &engine, const float *out, float *sums) {
    const Kernels &kernels = *engine.kernels;
    visit_kept(engine, out, nullptr, kDiagonalSums, [&](const LoadedTile &t) {
        kernels.normal_diagonal_of_points(t.candidates, t.x, t.y, kTilePixels, t.out, t.kept, t.slots, sums_.data());
    });
    total_slots(engine, kDiagonalSums, sums);
}

void Scene::removal_cost(Engine &engine, const float *out, const float *residual, float *cost) {
    const Kernels &kernels = *engine.kernels;
    visit_kept(engine, out, residual, 1, [&](const LoadedTile &t) {
        kernels.removal_cost_of_points(t.candidates, t.x, t.y, kTilePixels, t.out, t.other, t.kept, t.slots,
                                       sums_.data());
    });
    total_slots(engine, 1, cost);
}

// to (N, n): the sums of each Gaussian's slots, in order.
void Scene::total_slots(Engine &engine, int n, float *to) const {
    engine.pool.run(int((count() + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(count(), first + kGaussiansPerTask);
        for (uint32_t i = first; i < end; ++i) add_slots(i, n, to + size_t(i) * n);
    });
}

void Scene::add_slots(uint32_t gaussian, int n, float *total) const {
    std::fill(total, total + n, 0.0f);
    for (uint32_t slot = first_slot_[gaussian]; slot < first_slot_[gaussian + 1]; ++slot)
        for (int k = 0; k < n; ++k) total[k] += sums_[size_t(slot) * n + k];
}

void Scene::reduce(uint32_t first, uint32_t end, const Gradients &to) const {
    const int n = kShapeSums + channels_;
    for (uint32_t i = first; i < end; ++i) {
        float total[kShapeSums + kMaxChannels];
        add_slots(i, n, total);
        shape_gradient(shapes_[i], &scales_[2 * size_t(i)], total, to.xy + 2 * size_t(i), to.scale + 2 * size_t(i),
                       to.angle + i, to.log_weight + i);
        std::memcpy(to.color + size_t(i) * channels_, total + kShapeSums, sizeof(float) * channels_);
    }
}

void Scene::sample(Engine &engine, const float *xy, size_t n, float *out) {
    prepare_workers(engine);
    const int width = int(canvas_.width), height = int(canvas_.height);
    const Grid grid{0, 0, width, height, 1.0f, 1.0f, 0.0f};
    const int tiles_x = grid.tiles_x(), tiles_y = grid.tiles_y();
    const auto clamp = [](float v, float high) { return v < 0 ? 0 : v > high ? high : v; };

    // Sort the points by tile.
    std::vector<uint32_t> tile_of(n), first(size_t(tiles_x) * tiles_y + 1), order(n);
    for (size_t i = 0; i < n; ++i) {
        const int tx = std::min(int(clamp(xy[2 * i], canvas_.width) / kTile), tiles_x - 1);
        const int ty = std::min(int(clamp(xy[2 * i + 1], canvas_.height) / kTile), tiles_y - 1);
        tile_of[i] = uint32_t(ty) * tiles_x + tx;
        ++first[tile_of[i] + 1];
    }
    for (size_t t = 1; t < first.size(); ++t) first[t] += first[t - 1];
    std::vector<uint32_t> next(first.begin(), first.end() - 1);
    for (size_t i = 0; i < n; ++i) order[next[tile_of[i]]++] = uint32_t(i);

    // Points of a row of tiles lie next to each other, so a count needs two look-ups a row.
    const Wanted wanted = [&](int x0, int y0, int x1, int y1) {
        for (int y = y0; y < y1; ++y)
            if (first[size_t(y) * tiles_x + x1] > first[size_t(y) * tiles_x + x0]) return true;
        return false;
    };
    std::vector<Cell> cells = find_cells(engine, set(), grid, wanted);
    const Kernels &kernels = *engine.kernels;
    engine.pool.run(int(cells.size()), [&](int task, int worker) {
        Worker &w = workers_[worker];
        float *px = w.points.data(), *py = px + kTilePixels, *colors = py + kTilePixels;
        float *best = colors + kTilePixels * channels_, *inverse = best + kTilePixels;
        w.finder.find(kernels, set(), grid, cells[task], wanted, [&](int tx, int ty, const uint32_t *ids, int count) {
            engine.pool.poll(worker);
            const size_t tile = size_t(ty) * tiles_x + tx;
            void *scratch = room_for(w.scratch, kernels.scratch_size(count, channels_));
            for (size_t at = first[tile]; at < first[tile + 1]; at += kTilePixels) {
                const int m = int(std::min<size_t>(kTilePixels, first[tile + 1] - at));
                const int whole = (m + kernels.lanes - 1) / kernels.lanes * kernels.lanes;
                for (int i = 0; i < whole; ++i) {
                    const size_t point = order[at + size_t(std::min(i, m - 1))];
                    px[i] = clamp(xy[2 * point], canvas_.width);
                    py[i] = clamp(xy[2 * point + 1], canvas_.height);
                }
                kernels.blend_points(blend_, candidates(ids, count), canvas_, px, py, whole, colors,
                                     {best, inverse, nullptr}, scratch);
                for (int i = 0; i < m; ++i)
                    for (int c = 0; c < channels_; ++c)
                        out[size_t(order[at + i]) * channels_ + c] = colors[c * whole + i];
            }
        });
    });
}

} // namespace imagegs
