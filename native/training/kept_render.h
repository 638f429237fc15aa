// A picture and what it was made of: a value that can be asked for gradients, J^T J and what each Gaussian is worth.
//
// It shares the Gaussians of the scene that it was painted from and owns the rest, so it does not change when the scene
// paints another picture. Each question is a walk over the kept tiles (a task for each cell, a call of a kernel for the
// 256 points of each tile in lane order), then a pass that adds up the cells of each Gaussian (kept_memory.h). Lanes
// beyond the picture do not count. Pictures are [channel][row][column] floats of the grid's size. Weights are those of
// pixels, row by row.
#pragma once

#include <memory>

#include "render/scene.h"
#include "training/kept_memory.h"
#include "training/points.h"

namespace imagegs {

// Numbers of a Gaussian in its own units, then of its colours: gradients, tangents and diagonals are (N, own_terms()).
inline int own_terms(const LoadedGaussians &g) { return kOwnUnits + g.channels; }

class KeptRender {
public:
    // Paints the pixels of a grid, each at its centre, with the present Gaussians of the scene. The engine does all
    // walks, and must outlive this object, as must the memory `picture`; where that is null, the picture is its own.
    KeptRender(Engine &, const Scene &, const Grid &, std::shared_ptr<Spares>, float *picture = nullptr);

    const LoadedGaussians &gaussians() const { return *gaussians_; }
    const Grid &grid() const { return grid_; }
    const float *picture() const { return picture_; }
    uint64_t pairs() const { return n_pairs_; } // number of (tile, Gaussian) pairs

    // The gradient of a loss whose gradient with respect to the picture is `color_gradient`.
    void gradient(const float *color_gradient, float *own);

    // J^T W J times a tangent, and its diagonal. J is the Jacobian of the picture; see kernels/gauss_newton.h.
    void normal_product(const Weights &, const float *tangent, float *product);
    void normal_diagonal(const Weights &, float *diagonal);

    // By how much the sum of squared errors against a target would grow without each Gaussian, cost (N). A Gaussian's
    // copies are removed one by one; where a point keeps two of them, their costs are added.
    void removal_cost(const Weights &, const float *target, float *cost);

private:
    // A kept tile in lane order, and the place for its sums.
    struct LoadedTile {
        Candidates candidates;
        TileRoom room;
        Selection kept; // without weights
        float *weights; // memory for the weights of `kept`
        Weights point_weights;
        float *sums;
    };
    // What a walk reads besides the picture; `other` is a planar picture, or null.
    struct Planes {
        const float *other;
        Weights weights = {};
    };
    LoadedTile load(Worker &, KeptCell &, const KeptTile &, const Planes &, float *sums) const;
    template <class Visit> void visit(const Planes &, int n_sums, const Visit &visit);
    const float *score_changes(const float *tangent);

    Engine &engine_;
    std::shared_ptr<const LoadedGaussians> gaussians_;
    Grid grid_;
    Loan memory_;
    float *picture_;
    uint64_t n_pairs_ = 0;
};

// Loads the weights of a tile's pixels into `lanes`. Returns no weights if the pixels have none.
Weights load_weights(const LaneOrder &, const Weights &of_pixels, int channels, const Grid &, int x, int y,
                     float *lanes);

// The sums of each Gaussian as a gradient in own units.
void total_gradients(Engine &, const LoadedGaussians &, KeptMemory &, float *own);

} // namespace imagegs
