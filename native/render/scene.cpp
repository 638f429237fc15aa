#include "render/scene.h"

#include <algorithm>

namespace imagegs {

void Scene::update(Engine &engine, Blend blend, bool wrap, int width, int height, const GaussianArrays &arrays) {
    if (loaded_.use_count() > 1) loaded_ = std::make_shared<LoadedGaussians>();
    loaded_->load(engine, blend, wrap, width, height, arrays);
}

// Calls store(tile, colors) for every tile of the grid, with the colours of its points in quarter order.
template <class Store> void Scene::paint(Engine &engine, const Grid &grid, const Store &store) {
    counts_ = {0, uint64_t(grid.tiles_x()) * uint64_t(grid.tiles_y())};
    counts_.tile_candidates = walk_tiles(
        engine, workers_, *loaded_, grid, nullptr, [](size_t) {},
        [&](Worker &w, size_t, const Tile &tile) { store(tile, paint_quarters(*engine.kernels, w, grid, tile).out); });
}

void Scene::render(Engine &engine, const Grid &grid, const Picture &picture) {
    paint(engine, grid, [&](const Tile &tile, const float *colors) {
        const int x = tile.x * kTile, y = tile.y * kTile;
        store_tile(quarter_order(engine.kernels->lanes), colors, loaded_->channels, x, y,
                   std::min(kTile, grid.width - x), std::min(kTile, grid.height - y), picture);
    });
}

// The samples of a grid's pixels as the pixels of a finer grid. Its tiles hold whole pixels of the first one.
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
    const int across = kTile / samples.x, down = kTile / samples.y; // pixels of a tile
    paint(engine, of_samples(grid, samples), [&](const Tile &tile, const float *colors) {
        const int x = tile.x * across, y = tile.y * down;
        store_means(quarter_order(engine.kernels->lanes), colors, loaded_->channels, samples, x, y,
                    std::min(across, grid.width - x), std::min(down, grid.height - y), picture);
    });
}

uint64_t Scene::most_pairs(Engine &engine, const Grid &grid, Samples samples, uint64_t enough) const {
    return imagegs::most_pairs(engine, loaded_->set(), of_samples(grid, samples), enough);
}

// Paints the tile in quarter order. The lists of quarters are shorter than the tile's, and the colours have the same
// bits.
TileRoom Scene::paint_quarters(const Kernels &kernels, Worker &w, const Grid &grid, const Tile &tile) const {
    const LoadedGaussians &g = *loaded_;
    const LaneOrder &order = quarter_order(kernels.lanes);
    const TileRoom room = w.room(g.channels);
    tile_points(order, grid, tile.x * grid.tile_width, tile.y * grid.tile_height, room.x, room.y);
    visit_quarters(kernels, g, w, grid, tile, [&](int quarter, const uint32_t *ids, int count) {
        const int at = quarter * kQuarterPixels;
        kernels.blend_points(g.blend, g.candidates(ids, count), g.canvas, room.x + at, room.y + at, kQuarterPixels,
                             room.other, {room.best, room.inverse, nullptr},
                             room_for(w.scratch, kernels.scratch_size(count, g.channels)));
        for (int c = 0; c < g.channels; ++c)
            std::copy_n(room.other + c * kQuarterPixels, kQuarterPixels, room.out + c * kTilePixels + at);
    });
    return room;
}

namespace {

// Points sorted by the tile of the canvas that they lie on.
class PointsByTile {
public:
    PointsByTile(const LoadedGaussians &g, const Grid &grid, const float *xy, size_t n)
        : tiles_x_(grid.tiles_x()), first_(size_t(grid.tiles_x()) * grid.tiles_y() + 1), order_(n) {
        std::vector<uint32_t> tile_of(n);
        for (size_t i = 0; i < n; ++i) {
            const int tx = std::min(int(g.on_canvas(xy[2 * i], g.canvas.width) / kTile), tiles_x_ - 1);
            const int ty = std::min(int(g.on_canvas(xy[2 * i + 1], g.canvas.height) / kTile), grid.tiles_y() - 1);
            tile_of[i] = uint32_t(ty) * tiles_x_ + tx;
            ++first_[tile_of[i] + 1];
        }
        for (size_t t = 1; t < first_.size(); ++t) first_[t] += first_[t - 1];
        std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
        for (size_t i = 0; i < n; ++i) order_[next[tile_of[i]]++] = uint32_t(i);
    }

    size_t begin(int tx, int ty) const { return first_[size_t(ty) * tiles_x_ + tx]; }
    size_t end(int tx, int ty) const { return first_[size_t(ty) * tiles_x_ + tx + 1]; }
    size_t operator[](size_t at) const { return order_[at]; }

    // The points of a row of tiles lie next to each other, so each row needs two look-ups.
    bool any(int x0, int y0, int x1, int y1) const {
        for (int y = y0; y < y1; ++y)
            if (first_[size_t(y) * tiles_x_ + x1] > begin(x0, y)) return true;
        return false;
    }

private:
    int tiles_x_;
    std::vector<uint32_t> first_, order_;
};

} // namespace

void Scene::sample(Engine &engine, const float *xy, size_t n, float *out) {
    const LoadedGaussians &g = *loaded_;
    const Kernels &kernels = *engine.kernels;
    const Grid grid{0, 0, g.width(), g.height(), 1.0f, 1.0f, 0.0f};
    const PointsByTile points(g, grid, xy, n);
    const auto wanted = [&](int x0, int y0, int x1, int y1) { return points.any(x0, y0, x1, y1); };
    const auto sample_tile = [&](Worker &w, size_t, const Tile &tile) {
        const TileRoom room = w.room(g.channels);
        void *scratch = room_for(w.scratch, kernels.scratch_size(tile.count, g.channels));
        const size_t end = points.end(tile.x, tile.y);
        for (size_t at = points.begin(tile.x, tile.y); at < end; at += kTilePixels) {
            const int m = int(std::min<size_t>(kTilePixels, end - at));
            const int whole = (m + kernels.lanes - 1) / kernels.lanes * kernels.lanes;
            for (int i = 0; i < whole; ++i) {
                const size_t point = points[at + size_t(std::min(i, m - 1))];
                room.x[i] = g.on_canvas(xy[2 * point], g.canvas.width);
                room.y[i] = g.on_canvas(xy[2 * point + 1], g.canvas.height);
            }
            kernels.blend_points(g.blend, g.candidates(tile.ids, tile.count), g.canvas, room.x, room.y, whole, room.out,
                                 {room.best, room.inverse, nullptr}, scratch);
            for (int i = 0; i < m; ++i)
                for (int c = 0; c < g.channels; ++c)
                    out[points[at + size_t(i)] * size_t(g.channels) + size_t(c)] = room.out[c * whole + i];
        }
    };
    walk_tiles(engine, workers_, g, grid, wanted, [](size_t) {}, sample_tile);
}

} // namespace imagegs
