#include "render/tile_walk.h"

namespace imagegs {

namespace {

constexpr int kMostStoredWeights = 4096; // candidates of a tile; 4 MB a thread

} // namespace

void *room_for(std::vector<unsigned char> &scratch, size_t bytes) {
    if (scratch.size() < bytes) scratch.resize(bytes + bytes / 2);
    return scratch.data();
}

void prepare_workers(Workers &workers, const Engine &engine, int channels) {
    workers.resize(size_t(engine.pool.threads()));
    for (Worker &w : workers) w.points.resize(size_t(kTilePixels) * (5 + 4 * channels));
}

TileRoom Worker::room(int channels) {
    float *p = points.data();
    const auto take = [&p](int values_a_point) {
        return (p += kTilePixels * values_a_point) - kTilePixels * values_a_point;
    };
    return {take(1),        take(1),        take(1),        take(1),       take(1),
            take(channels), take(channels), take(channels), take(channels)};
}

float *Worker::room_for_weights(int candidates) {
    if (candidates > kMostStoredWeights) return nullptr;
    weights.resize(std::max(weights.size(), size_t(candidates) * kTilePixels));
    return weights.data();
}

void blend_tile(const Kernels &kernels, const LoadedGaussians &g, Worker &w, const Grid &grid, const Tile &tile,
                const TileRoom &room, const Selection &selection) {
    tile_points(lane_order(kernels.lanes), grid, tile.x * kTile, tile.y * kTile, room.x, room.y);
    kernels.blend_points(g.blend, g.candidates(tile.ids, tile.count), g.canvas, room.x, room.y, kTilePixels, room.out,
                         selection, room_for(w.scratch, kernels.scratch_size(tile.count, g.channels)));
}

} // namespace imagegs
