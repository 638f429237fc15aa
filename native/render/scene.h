// A scene: Gaussians ready to be painted, sampled and differentiated. Owns all memory between calls, so that a
// training step allocates next to nothing.
//
// Painting is one task per cell of 4 x 4 tiles: find each tile's candidates, blend its 256 points, store them; where
// nothing is kept, quarter by quarter of the tile, whose lists are shorter.
// With `keep`, a cell also remembers its candidates and which lanes chose them; gradient() and its like walk the
// same cells again. Where the loss is the squared error alone, squared_error() does both walks in one, tile by tile.
// Either way each (tile, candidate) pair of a cell gets its sums, and a last pass adds up each Gaussian's pairs in the
// order of the cells. No atomics: results are the same bits with any number of threads.
//
// On a canvas that wraps, copies of Gaussians one canvas width and height away follow the Gaussians themselves, each a
// candidate of its own; their pairs count as their owner's (scene_copies.cpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "render/tile_pixels.h"
#include "training/points.h"

namespace imagegs {

// One gradient array for each parameter array, of the same shape.
struct Gradients {
    float *xy, *scale, *angle, *log_weight, *color;
};

struct PairCounts {
    uint64_t tile_candidates; // (tile, Gaussian) pairs
    uint64_t tiles;
};

// Of a pixel of the canvas painted at its own size; see scene_cost.cpp for what counts.
struct MultiplyAdds {
    double mean, worst;
};

// What the tiles of a canvas see, row by row: tile t sees ids[offsets[t]] .. ids[offsets[t + 1]], ascending.
struct TileLists {
    int columns, rows;
    std::vector<uint32_t> offsets, ids;
};

constexpr uint32_t kGaussiansPerTask = 2048;

class Scene {
public:
    // Copies N Gaussians: xy (N, 2), scale (N, 2), angle (N), log_weight (N), color (N, channels). `wrap`: the canvas
    // is periodic (softmax blend only).
    void update(Engine &, Blend, bool wrap, int width, int height, uint32_t n, int channels, const float *xy,
                const float *scale, const float *angle, const float *log_weight, const float *color);

    // Paints output pixels (x0, y0) .. + (width, height); see Grid.
    void render(Engine &, const Grid &, const Picture &, bool keep);

    // Mean squared difference of the whole canvas from `target`, [channel][row][column], and its gradient. Neither the
    // picture nor a selection is kept. Here and below weights are those of pixels (points, row by row).
    double squared_error(Engine &, const float *target, const Weights &, const Gradients &);

    // The same with each pixel the mean of so many samples, at most kTile across and down, spread evenly over it.
    void render_filtered(Engine &, const Grid &, Samples, const Picture &);

    // An upper bound on the (tile, Gaussian) pairs of what render_filtered() walks; see most_pairs() in tiles.h.
    uint64_t most_pairs(Engine &, const Grid &, Samples, uint64_t enough) const;

    // After render(keep = true): `out` is the picture it gave and `color_gradient` dL/dout, both
    // [channel][row][column].
    void gradient(Engine &, const float *out, const float *color_gradient, const Gradients &);

    // After render(keep = true): J^T J times a tangent (N, kShapeSums + channels), in the same form; and the sums
    // (N, diagonal_sums()) that its diagonal is made of. J is the Jacobian of `out`; see kernels/gauss_newton.h.
    void normal_product(Engine &, const float *out, const Weights &, const float *tangent, float *product);
    void normal_diagonal(Engine &, const float *out, const Weights &, float *sums);
    int diagonal_sums(const Weights &weights) const { return kDiagonalSums + (weights.by_channel ? channels_ : 1); }

    // After render(keep = true): by how much the sum of squared errors would grow without each Gaussian, cost (N).
    // `residual` is the target - `out`, [channel][row][column]. A Gaussian's copies go one by one: where a point keeps
    // two of them, their costs are added up.
    void removal_cost(Engine &, const float *out, const Weights &, const float *residual, float *cost);

    // Colours (M, channels) at points (M, 2) in canvas pixels, clamped to the canvas, or modulo a canvas that wraps.
    void sample(Engine &, const float *xy, size_t n, float *out);

    // Nothing where the tiles' lists would take more than `most_work`: (tile, Gaussian) pairs, and 8 a tile.
    std::optional<MultiplyAdds> multiply_adds(Engine &, uint64_t most_work);

    // The Gaussians that any point of each tile of side x side canvas pixels may keep; nothing where they are more than
    // `most_ids` in all. The paper blend sees by canvas tile: there `side` must be kTile.
    std::optional<TileLists> tile_lists(Engine &, int side, uint64_t most_ids);

    const Shape &shape(uint32_t i) const { return shapes_[i]; }
    uint32_t count() const { return count_; }
    int channels() const { return channels_; }
    Blend blend() const { return blend_; }
    int width() const { return int(canvas_.width); }
    int height() const { return int(canvas_.height); }
    const Grid &grid() const { return grid_; }
    PairCounts pair_counts() const { return counts_; }

private:
    struct KeptTile {
        int x, y;
        uint32_t first, count; // into the cell's ids
    };
    struct KeptCell {
        std::vector<KeptTile> tiles;
        std::vector<uint32_t> ids; // of all its tiles' candidates: its pairs
        std::vector<unsigned char> lane_bits;
        std::vector<float> sums; // [pair][what is summed]
        double squared_error;

        void clear() { tiles.clear(), ids.clear(), lane_bits.clear(), sums.clear(), squared_error = 0; }
        void add(int x, int y, const uint32_t *first, int count) {
            tiles.push_back({x, y, uint32_t(ids.size()), uint32_t(count)});
            ids.insert(ids.end(), first, first + count);
        }
        unsigned char *add_bits(size_t bytes) {
            lane_bits.resize(lane_bits.size() + bytes);
            return lane_bits.data() + lane_bits.size() - bytes;
        }
        float *add_sums(size_t n) {
            sums.resize(sums.size() + n);
            return sums.data() + sums.size() - n;
        }
    };
    struct Pair {
        uint32_t cell, at; // into the cell's ids
    };
    // Room for one tile in lane order, channels values a point in the last four.
    struct TileRoom {
        float *x, *y, *best, *inverse, *dot, *out, *other, *target, *weights;
    };
    struct Worker {
        TileFinder finder;
        std::vector<unsigned char> scratch, lane_bits;
        std::vector<float> points, weights, bound;
        std::vector<uint32_t> quarter; // the candidates of one

        TileRoom room(int channels);
        float *room_for_weights(int candidates); // null where there are too many
    };
    // A kept tile in lane order, and where its sums go.
    struct LoadedTile {
        Candidates candidates;
        TileRoom room;
        Selection kept; // without weights
        float *weights; // room for them
        Weights point_weights;
        float *sums;
    };

    GaussianSet set() const { return {blend_, canvas_, shapes_.data(), uint32_t(shapes_.size())}; }
    uint32_t owner(uint32_t id) const { return id < count_ ? id : owners_[id - count_]; }
    void add_copies(Engine &);
    const float *with_copies(const float *tangent, int terms);
    float on_canvas(float coordinate, float side) const;
    Candidates candidates(const uint32_t *ids, int n) const {
        return {shapes_.data(), colors_.data(), ids, n, channels_};
    }
    size_t bits_a_tile(const Kernels &k, int candidates) const {
        return size_t(kTilePixels / k.lanes) * k.lane_bits_size * candidates;
    }
    void prepare_workers(const Engine &);
    // A tile that is being painted. `cell` holds its pairs, or is null where nothing is kept.
    struct Tile {
        int x, y; // in tiles
        const uint32_t *ids;
        int count;
        KeptCell *cell;
    };
    template <class Visit> void visit_tiles(Engine &, const Grid &, bool keep_pairs, const Visit &visit);
    // Calls visit(quarter, ids, count) for each quarter of a tile that has pixels. Where the tile's list is short, or
    // the blend cannot tell quarters apart, it is that of them all.
    template <class Visit>
    void visit_quarters(const Kernels &, Worker &, const Grid &, const Tile &, const Visit &visit) const;
    TileRoom paint_quarters(const Kernels &, Worker &, const Tile &) const;
    void blend_tile(const Kernels &, Worker &, const TileRoom &, const Tile &, const Selection &) const;
    void squared_error_of_tile(const Kernels &, Worker &, const Tile &, const float *target, const Weights &,
                               float weight) const;

    // Planar pictures that a walk reads; `other` may be null.
    struct Planes {
        const float *out, *other;
        Weights weights = {};
    };
    Weights load_weights(const LaneOrder &, const Weights &of_pixels, int x, int y, float *lanes) const;
    LoadedTile load_kept(const Kernels &, Worker &, KeptCell &, const KeptTile &, const Planes &, int sums_a_pair);
    template <class Visit> void visit_kept(Engine &, const Planes &, int sums_a_pair, const Visit &visit);
    template <class Visit> void visit_gaussians(Engine &, const Visit &visit);
    void sort_pairs();
    void total_pairs(Engine &, int n, float *to);
    void add_pairs(uint32_t gaussian, int n, float *total) const;
    void reduce(Engine &, const Gradients &);

    Blend blend_ = Blend::kSoftmax;
    Canvas canvas_{};
    bool wrap_ = false;
    int channels_ = 0;
    uint32_t count_ = 0;           // of Gaussians; the copies come behind
    std::vector<Shape> shapes_;    // with the copies
    std::vector<float> colors_;    // with the copies
    std::vector<float> scales_;    // without
    std::vector<uint32_t> owners_; // of the copies
    std::vector<float> tangents_;  // with the copies; scratch of normal_product()
    std::vector<Worker> workers_;

    Grid grid_{};
    bool kept_selection_ = false;       // of the Gaussians as they are
    std::vector<KeptCell> kept_;        // outlives them, for its memory
    std::vector<float> best_, inverse_; // [tile][lane order]
    std::vector<Pair> pairs_;           // sorted by Gaussian, then by cell; empty until they are needed
    std::vector<size_t> first_pair_;    // of each Gaussian, and one past the last
    PairCounts counts_{};
};

template <class Visit>
void Scene::visit_quarters(const Kernels &kernels, Worker &w, const Grid &grid, const Tile &tile,
                           const Visit &visit) const {
    constexpr int kShortList = 12; // a pixel keeps almost as many
    w.quarter.resize(std::max(w.quarter.size(), size_t(tile.count) + 1));
    w.bound.resize(std::max(w.bound.size(), size_t(tile.count) + 16)); // whole vectors
    for (int q = 0; q < kTilePixels / kQuarterPixels; ++q) {
        const int x = tile.x * grid.tile_width + q % 2 * kQuarter, y = tile.y * grid.tile_height + q / 2 * kQuarter;
        if (x >= grid.width || y >= grid.height) continue;
        if (blend_ == Blend::kPaper || tile.count <= kShortList) {
            visit(q, tile.ids, tile.count);
            continue;
        }
        const int n = kernels.cull(blend_, shapes_.data(), canvas_, grid.pixels(x, y, x + kQuarter, y + kQuarter),
                                   tile.ids, tile.count, w.quarter.data(), w.bound.data());
        visit(q, w.quarter.data(), n);
    }
}

} // namespace imagegs
