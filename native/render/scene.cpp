#include "render/scene.h"

#include <algorithm>

#include "render/points_by_tile.h"

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

void Scene::sample(Engine &engine, const float *xy, size_t n, float *out) {
    const LoadedGaussians &g = *loaded_;
    const Kernels &kernels = *engine.kernels;
    const Grid grid = PointsByTile::grid_of(g);
    const PointsByTile points(g, grid, xy, n);
    const auto wanted = [&](int x0, int y0, int x1, int y1) { return points.any(x0, y0, x1, y1); };
    const auto sample_tile = [&](Worker &w, size_t, const Tile &tile) {
        const TileRoom room = w.room(g.channels);
        void *scratch = room_for(w.scratch, kernels.scratch_size(tile.count, g.channels));
        points.visit_runs(tile, kernels.lanes, room, [&](const PointRun &run) {
            kernels.blend_points(g.blend, g.candidates(tile.ids, tile.count), g.canvas, room.x, room.y, run.whole,
                                 room.out, {room.best, room.inverse, nullptr}, scratch);
            for (int i = 0; i < run.count; ++i)
                for (int c = 0; c < g.channels; ++c)
                    out[run.points[i] * size_t(g.channels) + size_t(c)] = room.out[c * run.whole + i];
        });
    };
    walk_tiles(engine, workers_, g, grid, wanted, [](size_t) {}, sample_tile);
}

} // namespace imagegs
