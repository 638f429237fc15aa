#include "render/scene.h"

#include <algorithm>

namespace imagegs {

namespace {

constexpr int kMostStoredWeights = 4096; // candidates of a tile; 4 MB a thread

void *room_for(std::vector<unsigned char> &scratch, size_t bytes) {
    if (scratch.size() < bytes) scratch.resize(bytes + bytes / 2);
    return scratch.data();
}

} // namespace

void Scene::update(Engine &engine, Blend blend, bool wrap, int width, int height, uint32_t n, int channels,
                   const float *xy, const float *scale, const float *angle, const float *log_weight,
                   const float *color) {
    blend_ = blend, wrap_ = wrap, channels_ = channels, count_ = n;
    canvas_ = {float(width), float(height), float((width - 1) / kTile), float((height - 1) / kTile)};
    shapes_.resize(n);
    scales_.assign(scale, scale + size_t(n) * 2);
    colors_.assign(color, color + size_t(n) * channels);
    owners_.clear();
    kept_selection_ = false;
    engine.pool.run(int((n + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(n, first + kGaussiansPerTask);
        for (uint32_t i = first; i < end; ++i)
            shapes_[i] = make_shape(xy + 2 * i, scale + 2 * i, angle[i], log_weight[i], blend == Blend::kPaper);
    });
    if (wrap) add_copies(engine);
}

void Scene::prepare_workers(const Engine &engine) {
    workers_.resize(size_t(engine.pool.threads()));
    for (Worker &w : workers_) w.points.resize(size_t(kTilePixels) * (5 + 4 * channels_));
}

Scene::TileRoom Scene::Worker::room(int channels) {
    float *p = points.data();
    const auto take = [&p](int values_a_point) {
        return (p += kTilePixels * values_a_point) - kTilePixels * values_a_point;
    };
    return {take(1),        take(1),        take(1),        take(1),       take(1),
            take(channels), take(channels), take(channels), take(channels)};
}

// Calls visit(worker, tile) for every tile of the grid; with `keep_pairs`, after its cell has noted the candidates.
template <class Visit> void Scene::visit_tiles(Engine &engine, const Grid &grid, bool keep_pairs, const Visit &visit) {
    prepare_workers(engine);
    grid_ = grid, kept_selection_ = false, pairs_.clear();
    std::vector<Cell> cells = find_cells(engine, set(), grid, nullptr);
    if (keep_pairs) kept_.resize(cells.size());
    std::vector<uint64_t> pairs(cells.size());
    engine.pool.run(int(cells.size()), [&](int task, int worker) {
        Worker &w = workers_[worker];
        KeptCell *cell = keep_pairs ? &kept_[task] : nullptr;
        if (cell) cell->clear();
        w.finder.find(*engine.kernels, set(), grid, cells[task], nullptr,
                      [&](int x, int y, const uint32_t *ids, int count) {
                          engine.pool.poll(worker);
                          pairs[task] += uint64_t(count);
                          if (cell) cell->add(x, y, ids, count);
                          visit(w, Tile{x, y, ids, count, cell});
                      });
        cells[task] = Cell{};
    });
    counts_ = {0, size_t(grid.tiles_x()) * grid.tiles_y()};
    for (uint64_t p : pairs) counts_.tile_candidates += p;
}

// The tile's points and colours, into `room`.
void Scene::blend_tile(const Kernels &kernels, Worker &w, const TileRoom &room, const Tile &tile,
                       const Selection &selection) const {
    tile_points(lane_order(kernels.lanes), grid_, tile.x * kTile, tile.y * kTile, room.x, room.y);
    kernels.blend_points(blend_, candidates(tile.ids, tile.count), canvas_, room.x, room.y, kTilePixels, room.out,
                         selection, room_for(w.scratch, kernels.scratch_size(tile.count, channels_)));
}

float *Scene::Worker::room_for_weights(int candidates) {
    if (candidates > kMostStoredWeights) return nullptr;
    weights.resize(std::max(weights.size(), size_t(candidates) * kTilePixels));
    return weights.data();
}

void Scene::render(Engine &engine, const Grid &grid, const Picture &picture, bool keep) {
    const Kernels &kernels = *engine.kernels;
    const LaneOrder &order = lane_order(kernels.lanes);
    const size_t pixels = size_t(grid.tiles_x()) * grid.tiles_y() * kTilePixels;
    if (keep) best_.resize(pixels), inverse_.resize(pixels);
    visit_tiles(engine, grid, keep, [&](Worker &w, const Tile &tile) {
        const int x = tile.x * kTile, y = tile.y * kTile;
        const int width = std::min(kTile, grid.width - x), height = std::min(kTile, grid.height - y);
        if (!keep) {
            const float *colors = paint_quarters(kernels, w, tile).out;
            return store_tile(quarter_order(kernels.lanes), colors, channels_, x, y, width, height, picture);
        }
        const TileRoom room = w.room(channels_);
        const size_t at = (size_t(tile.y) * grid.tiles_x() + tile.x) * kTilePixels;
        const Selection selection{&best_[at], &inverse_[at], tile.cell->add_bits(bits_a_tile(kernels, tile.count))};
        blend_tile(kernels, w, room, tile, selection);
        store_tile(order, room.out, channels_, x, y, width, height, picture);
        if (width == kTile && height == kTile) return;
        for (int i = 0; i < kTilePixels; ++i) // lanes beyond the picture have no share in anything
            if (order.x[i] >= width || order.y[i] >= height) selection.inverse[i] = 0.0f;
    });
    kept_selection_ = keep;
}

// The samples of the pixels of a grid, as the pixels of a finer one whose tiles hold whole pixels of the first.
static Grid of_samples(const Grid &grid, Samples samples) {
    return {grid.x0 * samples.x,
            grid.y0 * samples.y,
            grid.width * samples.x,
            grid.height * samples.y,
            grid.step_x / float(samples.x),
            grid.step_y / float(samples.y),
            grid.inset,
            kTile / samples.x * samples.x,
            kTile / samples.y * samples.y};
}

void Scene::render_filtered(Engine &engine, const Grid &grid, Samples samples, const Picture &picture) {
    const Kernels &kernels = *engine.kernels;
    const int across = kTile / samples.x, down = kTile / samples.y; // pixels of a tile
    visit_tiles(engine, of_samples(grid, samples), false, [&](Worker &w, const Tile &tile) {
        const int x = tile.x * across, y = tile.y * down;
        store_means(quarter_order(kernels.lanes), paint_quarters(kernels, w, tile).out, channels_, samples, x, y,
                    std::min(across, grid.width - x), std::min(down, grid.height - y), picture);
    });
}

uint64_t Scene::most_pairs(Engine &engine, const Grid &grid, Samples samples, uint64_t enough) const {
    return imagegs::most_pairs(engine, set(), of_samples(grid, samples), enough);
}

// The tile's colours, in quarter order. Quarter by quarter: their lists are shorter than the tile's, and the colours
// the same bits.
Scene::TileRoom Scene::paint_quarters(const Kernels &kernels, Worker &w, const Tile &tile) const {
    const LaneOrder &order = quarter_order(kernels.lanes);
    const TileRoom room = w.room(channels_);
    tile_points(order, grid_, tile.x * grid_.tile_width, tile.y * grid_.tile_height, room.x, room.y);
    visit_quarters(kernels, w, grid_, tile, [&](int quarter, const uint32_t *ids, int count) {
        const int at = quarter * kQuarterPixels;
        kernels.blend_points(blend_, candidates(ids, count), canvas_, room.x + at, room.y + at, kQuarterPixels,
                             room.other, {room.best, room.inverse, nullptr},
                             room_for(w.scratch, kernels.scratch_size(count, channels_)));
        for (int c = 0; c < channels_; ++c)
            std::copy_n(room.other + c * kQuarterPixels, kQuarterPixels, room.out + c * kTilePixels + at);
    });
    return room;
}

// Those of a tile's pixels, into `lanes`; where there are none, none.
Weights Scene::load_weights(const LaneOrder &order, const Weights &of_pixels, int x, int y, float *lanes) const {
    if (!of_pixels.values) return {};
    load_tile(order, of_pixels.values, of_pixels.by_channel ? channels_ : 1, grid_, x, y, lanes);
    return {lanes, of_pixels.by_channel};
}

double Scene::squared_error(Engine &engine, const float *target, const Weights &pixel_weights, const Gradients &to) {
    const Grid grid{0, 0, width(), height(), 1.0f, 1.0f, 0.5f};
    const double values = double(grid.width) * grid.height * channels_;
    visit_tiles(engine, grid, true, [&](Worker &w, const Tile &tile) {
        squared_error_of_tile(*engine.kernels, w, tile, target, pixel_weights, float(1 / values));
    });
    reduce(engine, to);
    double sum = 0;
    for (const KeptCell &cell : kept_) sum += cell.squared_error;
    return sum / values;
}

// Adds to the cell's error, and writes the sums of the tile's pairs.
void Scene::squared_error_of_tile(const Kernels &kernels, Worker &w, const Tile &tile, const float *target,
                                  const Weights &pixel_weights, float weight) const {
    const LaneOrder &order = lane_order(kernels.lanes);
    const TileRoom room = w.room(channels_);
    const size_t bits = bits_a_tile(kernels, tile.count);
    const Selection selection{room.best, room.inverse, room_for(w.lane_bits, bits), w.room_for_weights(tile.count)};
    prefetch_tile(target, channels_, grid_, tile.x * kTile, tile.y * kTile);
    blend_tile(kernels, w, room, tile, selection);
    load_tile(order, target, channels_, grid_, tile.x * kTile, tile.y * kTile, room.target);
    const int width = grid_.width - tile.x * kTile, height = grid_.height - tile.y * kTile;
    if (width < kTile || height < kTile)
        for (int i = 0; i < kTilePixels; ++i) // lanes beyond the picture have no error
            for (int c = 0; c < channels_ && (order.x[i] >= width || order.y[i] >= height); ++c)
                room.target[c * kTilePixels + i] = room.out[c * kTilePixels + i];
    const Weights weights = load_weights(order, pixel_weights, tile.x * kTile, tile.y * kTile, room.weights);
    const int runs = weights.values ? channels_ : 1; // weights are those of a channel
    const size_t values = size_t(channels_ / runs) * kTilePixels;
    for (int run = 0; run < runs; ++run) {
        const size_t at = run * values;
        double absolute, squared;
        kernels.pixel_loss(room.out + at, room.target + at, weights_of(weights, run, kTilePixels), values, 0.0f, weight,
                           room.other + at, &absolute, &squared);
        tile.cell->squared_error += squared;
    }
    kernels.gradient_of_points(candidates(tile.ids, tile.count), room.x, room.y, kTilePixels, room.out, room.other,
                               selection, tile.cell->add_sums(size_t(tile.count) * (kShapeSums + channels_)), room.dot);
}

void Scene::sample(Engine &engine, const float *xy, size_t n, float *out) {
    prepare_workers(engine);
    const Grid grid{0, 0, width(), height(), 1.0f, 1.0f, 0.0f};
    const int tiles_x = grid.tiles_x(), tiles_y = grid.tiles_y();

    // Sort the points by tile.
    std::vector<uint32_t> tile_of(n), first(size_t(tiles_x) * tiles_y + 1), order(n);
    for (size_t i = 0; i < n; ++i) {
        const int tx = std::min(int(on_canvas(xy[2 * i], canvas_.width) / kTile), tiles_x - 1);
        const int ty = std::min(int(on_canvas(xy[2 * i + 1], canvas_.height) / kTile), tiles_y - 1);
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
        const TileRoom room = w.room(channels_);
        w.finder.find(kernels, set(), grid, cells[task], wanted, [&](int tx, int ty, const uint32_t *ids, int count) {
            engine.pool.poll(worker);
            const size_t tile = size_t(ty) * tiles_x + tx;
            void *scratch = room_for(w.scratch, kernels.scratch_size(count, channels_));
            for (size_t at = first[tile]; at < first[tile + 1]; at += kTilePixels) {
                const int m = int(std::min<size_t>(kTilePixels, first[tile + 1] - at));
                const int whole = (m + kernels.lanes - 1) / kernels.lanes * kernels.lanes;
                for (int i = 0; i < whole; ++i) {
                    const size_t point = order[at + size_t(std::min(i, m - 1))];
                    room.x[i] = on_canvas(xy[2 * point], canvas_.width);
                    room.y[i] = on_canvas(xy[2 * point + 1], canvas_.height);
                }
                kernels.blend_points(blend_, candidates(ids, count), canvas_, room.x, room.y, whole, room.out,
                                     {room.best, room.inverse, nullptr}, scratch);
                for (int i = 0; i < m; ++i)
                    for (int c = 0; c < channels_; ++c)
                        out[size_t(order[at + i]) * channels_ + c] = room.out[c * whole + i];
            }
        });
    });
}

} // namespace imagegs
