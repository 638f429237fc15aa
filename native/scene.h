// A scene: Gaussians ready to be painted, sampled and differentiated. Owns all memory between calls, so that a
// training step allocates next to nothing.
//
// Painting is one task per cell of 4 x 4 tiles: find each tile's candidates, blend its 256 points, store them.
// With `keep`, a cell also remembers its candidates and which lanes chose them; gradient() then walks the same
// cells: every (tile, candidate) pair has a slot, slots are sorted by Gaussian, and a last pass sums each
// Gaussian's slots in order. No atomics: results are the same bits with any number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "tile_pixels.h"

namespace imagegs {

// One gradient array for each parameter array, of the same shape.
struct Gradients {
    float *xy, *scale, *angle, *log_weight, *color;
};

struct PairCounts {
    uint64_t tile_candidates; // (tile, Gaussian) pairs
    uint64_t tiles;
};

class Scene {
public:
    // Copies N Gaussians: xy (N, 2), scale (N, 2), angle (N), log_weight (N), color (N, channels).
    void update(Engine &, Blend, int width, int height, uint32_t n, int channels, const float *xy, const float *scale,
                const float *angle, const float *log_weight, const float *color);

    // Paints output pixels (x0, y0) .. + (width, height); see Grid.
    void render(Engine &, const Grid &, const Picture &, bool keep);

    // After render(keep = true): `out` is the picture it gave and `color_gradient` dL/dout, both
    // [channel][row][column].
    void gradient(Engine &, const float *out, const float *color_gradient, const Gradients &);

    // After render(keep = true): J^T J times a tangent (N, kShapeSums + channels), in the same form; and the sums
    // (N, kDiagonalSums) that its diagonal is made of. J is the Jacobian of `out`; see kernels/gauss_newton.h.
    void normal_product(Engine &, const float *out, const float *tangent, float *product);
    void normal_diagonal(Engine &, const float *out, float *sums);

    // After render(keep = true): by how much the sum of squared errors would grow without each Gaussian, cost (N).
    // `residual` is the target - `out`, [channel][row][column].
    void removal_cost(Engine &, const float *out, const float *residual, float *cost);

    // Colours (M, channels) at points (M, 2) in canvas pixels, clamped to the canvas.
    void sample(Engine &, const float *xy, size_t n, float *out);

    uint32_t count() const { return uint32_t(shapes_.size()); }
    int channels() const { return channels_; }
    const Grid &grid() const { return grid_; }
    PairCounts pair_counts() const { return counts_; }

private:
    struct KeptTile {
        int x, y;
        uint32_t first, count; // into the cell's ids and slots
    };
    struct KeptCell {
        std::vector<KeptTile> tiles;
        std::vector<uint32_t> ids, slots;
        std::vector<unsigned char> lane_bits;
    };
    struct Worker {
        TileFinder finder;
        std::vector<unsigned char> scratch;
        std::vector<float> points; // x, y, out, gradient of up to 256 points
    };

    GaussianSet set() const { return {blend_, canvas_, shapes_.data(), count()}; }
    Candidates candidates(const uint32_t *ids, int n) const {
        return {shapes_.data(), colors_.data(), ids, n, channels_};
    }
    void prepare_workers(const Engine &);
    void render_tile(const Kernels &, Worker &, const Picture &, int tile_x, int tile_y, const uint32_t *ids, int count,
                     KeptCell *keep);
    // A kept tile in lane order: its points, two pictures and what forward left.
    struct LoadedTile {
        Candidates candidates;
        const float *x, *y, *out;
        float *other; // channels values a point
        Selection kept;
        const uint32_t *slots;
        float *scratch; // a value a point
    };
    LoadedTile load_kept(const Kernels &, Worker &, const KeptCell &, const KeptTile &, const float *out,
                         const float *other) const;
    template <class Visit>
    void visit_kept(Engine &, const float *out, const float *other, int sums_a_slot, const Visit &visit);
    void sort_slots();
    void total_slots(Engine &, int n, float *to) const;
    void add_slots(uint32_t gaussian, int n, float *total) const;
    void reduce(uint32_t first, uint32_t end, const Gradients &) const;

    Blend blend_ = Blend::kSoftmax;
    Canvas canvas_{};
    int channels_ = 0;
    std::vector<Shape> shapes_;
    std::vector<float> scales_, colors_;
    std::vector<Worker> workers_;

    Grid grid_{};
    std::vector<KeptCell> kept_;
    std::vector<float> best_, inverse_; // [tile][lane order]
    std::vector<uint32_t> first_slot_;  // of each Gaussian, and one past the last; empty until slots are sorted
    std::vector<float> sums_;           // [slot][kShapeSums + channels]
    PairCounts counts_{};
};

} // namespace imagegs
