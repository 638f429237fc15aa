#include "training/squared_error.h"

#include <algorithm>

namespace imagegs {

namespace {

// The picture with which tiles are compared.
struct Target {
    const float *values;
    Weights pixel_weights;
    float weight; // the weight of one squared difference in the loss
};

// Loads the target's tile into room.target. Lanes beyond the picture get no error.
void load_target(const LaneOrder &order, const Grid &grid, const Tile &tile, int channels, const float *target,
                 const TileRoom &room) {
    load_tile(order, target, channels, grid, tile.x * kTile, tile.y * kTile, room.target);
    const int width = grid.width - tile.x * kTile, height = grid.height - tile.y * kTile;
    if (width >= kTile && height >= kTile) return;
    for (int i = 0; i < kTilePixels; ++i)
        for (int c = 0; c < channels && (order.x[i] >= width || order.y[i] >= height); ++c)
            room.target[c * kTilePixels + i] = room.out[c * kTilePixels + i];
}

// Adds the tile's error to `sum`; dL/dout goes into room.other.
void compare(const Kernels &kernels, const TileRoom &room, int channels, const Weights &weights, float weight,
             double &sum) {
    const int runs = weights.values ? channels : 1; // with weights, each channel is a run
    const size_t values = size_t(channels / runs) * kTilePixels;
    for (int run = 0; run < runs; ++run) {
        const size_t at = run * values;
        double absolute, squared;
        kernels.pixel_loss(room.out + at, room.target + at, weights_of(weights, run, kTilePixels), values, 0.0f, weight,
                           room.other + at, &absolute, &squared);
        sum += squared;
    }
}

// Adds the tile's error and the sums of its candidates to the cell's.
void visit_tile(const Kernels &kernels, const LoadedGaussians &g, Worker &w, const Grid &grid, const Tile &tile,
                const Target &target, KeptMemory &memory, KeptCell &cell) {
    const LaneOrder &order = lane_order(kernels.lanes);
    const int x = tile.x * kTile, y = tile.y * kTile;
    const TileRoom room = w.room(g.channels);
    const Selection selection{room.best, room.inverse, room_for(w.lane_bits, bits_a_tile(kernels, tile.count)),
                              w.room_for_weights(tile.count)};
    prefetch_tile(target.values, g.channels, grid, x, y);
    blend_tile(kernels, g, w, grid, tile, room, selection);
    load_target(order, grid, tile, g.channels, target.values, room);
    const Weights weights = load_weights(order, target.pixel_weights, g.channels, grid, x, y, room.weights);
    Places &places = memory.places_of(w);
    cell.add(tile, g, places);
    compare(kernels, room, g.channels, weights, target.weight, cell.squared_error);
    const int n_sums = kShapeSums + g.channels;
    places.sums.resize(size_t(tile.count) * n_sums);
    kernels.gradient_of_points(g.candidates(tile.ids, tile.count), room.x, room.y, kTilePixels, room.out, room.other,
                               selection, places.sums.data(), room.dot);
    cell.add_sums(cell.tiles.back(), places.sums.data(), n_sums);
}

} // namespace

double squared_error(Engine &engine, const Scene &scene, KeptMemory &memory, const float *target,
                     const Weights &pixel_weights, float *gradient) {
    const LoadedGaussians &g = *scene.gaussians();
    const Grid grid = g.own_grid();
    const double values = double(grid.width) * grid.height * g.channels;
    const Target compared{target, pixel_weights, float(1 / values)};
    walk_tiles(
        engine, memory.workers, g, grid, nullptr, [&](size_t cells) { memory.begin(cells, engine.pool.threads()); },
        [&](Worker &w, size_t cell, const Tile &tile) {
            visit_tile(*engine.kernels, g, w, grid, tile, compared, memory, memory.cells[cell]);
        });
    total_gradients(engine, g, memory, gradient);
    double sum = 0;
    for (const KeptCell &cell : memory.cells) sum += cell.squared_error;
    return sum / values;
}

} // namespace imagegs
