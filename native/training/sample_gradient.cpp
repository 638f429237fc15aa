#include "training/sample_gradient.h"

#include "render/points_by_tile.h"

namespace imagegs {

namespace {

// Loads dL/dcolour of a run into room.other. Lanes without a point of their own get no gradient.
void load_gradient(const PointRun &run, int channels, const float *color_gradient, const TileRoom &room) {
    for (int c = 0; c < channels; ++c)
        for (int i = 0; i < run.whole; ++i)
            room.other[c * run.whole + i] = i < run.count ? color_gradient[size_t(run.points[i]) * channels + c] : 0.0f;
}

} // namespace

void sample_gradient(Engine &engine, const Scene &scene, KeptMemory &memory, const float *xy, size_t n,
                     const float *color_gradient, float *gradient) {
    const LoadedGaussians &g = *scene.gaussians();
    const Kernels &kernels = *engine.kernels;
    const Grid grid = PointsByTile::grid_of(g);
    const PointsByTile points(g, grid, xy, n);
    const int n_sums = kShapeSums + g.channels;
    const auto wanted = [&](int x0, int y0, int x1, int y1) { return points.any(x0, y0, x1, y1); };
    const auto visit_tile = [&](Worker &w, size_t cell, const Tile &tile) {
        const TileRoom room = w.room(g.channels);
        const Candidates candidates = g.candidates(tile.ids, tile.count);
        const Selection kept{room.best, room.inverse, room_for(w.lane_bits, bits_a_tile(kernels, tile.count)),
                             w.room_for_weights(tile.count)};
        Places &places = memory.places_of(w);
        memory.cells[cell].add(tile, g, places);
        places.sums.resize(size_t(tile.count) * n_sums);
        points.visit_runs(tile, kernels.lanes, room, [&](const PointRun &run) {
            kernels.blend_points(g.blend, candidates, g.canvas, room.x, room.y, run.whole, room.out, kept,
                                 room_for(w.scratch, kernels.scratch_size(tile.count, g.channels)));
            load_gradient(run, g.channels, color_gradient, room);
            kernels.gradient_of_points(candidates, room.x, room.y, run.whole, room.out, room.other, kept,
                                       places.sums.data(), room.dot);
            memory.cells[cell].add_sums(memory.cells[cell].tiles.back(), places.sums.data(), n_sums);
        });
    };
    walk_tiles(
        engine, memory.workers, g, grid, wanted, [&](size_t cells) { memory.begin(cells, engine.pool.threads()); },
        visit_tile);
    total_gradients(engine, g, memory, gradient);
}

} // namespace imagegs
