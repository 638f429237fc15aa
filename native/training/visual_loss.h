// How far a picture is from its reference to the eye: the errors of SSIMULACRA 2 (kernels/visual.h) at several scales,
// each at half the size of the one before, in the space XYB. A picture with alpha is seen over black and over white.
//
// Memory for pictures and their gradients is shared by both grounds. Maps are made of a few planes at a time, the
// finest first: those of one plane take as much as the three planes of a picture.
#pragma once

#include <array>
#include <vector>

#include "core/engine.h"
#include "training/half_size.h"
#include "training/points.h"

namespace imagegs {

constexpr int kVisualScales = 6, kVisualComponents = 3;

// [scale][component X, Y, B - Y][error][the error, its fourth power]
using VisualTerms = double[kVisualScales][kVisualComponents][kVisualErrors][2];

class VisualLoss {
public:
    // target: [channel][row][column], of 1 to 4 channels as ColorRun has them, with a factor each. pixel_weights:
    // [row][column] of mean 1, or null. wanted[scale][component]: what is looked at.
    VisualLoss(Engine &, const float *target, const float *pixel_weights, const float *factors, int channels,
               int height, int width, const bool wanted[kVisualScales][kVisualComponents]);

    // The loss of a picture: the sum over [scale][component][error] of weights[..][0] x the mean of the errors and
    // weights[..][1] x the root of the mean of their fourth powers; the mean over both grounds. To gradient, of the
    // picture's shape, its gradient is added; null: none is wanted. Not to be called from two threads at a time.
    double evaluate(Engine &, const float *picture, const VisualTerms &weights, float *gradient);

    // Frees what holds pictures, and not the target: evaluate takes it anew.
    void rest();

    size_t shape(int k) const { return size_t(k == 0 ? channels_ : k == 1 ? height_ : width_); }

private:
    using Values = std::vector<float>;
    struct Reference { // planes of the target over one ground; empty where not wanted
        Values image, mean, variance;
    };
    using References = std::array<std::array<Reference, kVisualComponents>, kVisualScales>;
    struct Scale {
        int height, width;
        bool wanted[kVisualComponents];
        Values weights;                     // of pixels: all rows, or one for all; with margins left and right
        Values no_weights;                  // a row of zeros
        Values pictures[kVisualComponents]; // with a margin; then their gradients. Empty at rest or where not wanted

        Size shape() const { return {height, width}; }
        size_t stride() const { return size_t(width) + 2 * kMargin; }
        size_t size() const { return stride() * (size_t(height) + 2 * kMargin); } // of a plane with its margin
        size_t at(int y, int x = 0) const { return (size_t(y) + kMargin) * stride() + kMargin + size_t(x); }
        bool weights_a_row() const { return weights.size() > stride(); } // each row has its own
        void take_weights(const float *of_pixels);
    };
    struct PlaneOf {
        int scale, component;
        size_t place; // of its maps and gradient in the memory for them
    };
    using Batch = std::vector<PlaneOf>;
    struct PlaneBlock {
        const PlaneOf *plane; // of the batch
        VisualBlock block;
    };
    struct Light { // of a band of rows at one scale: linear light, and the gradient with respect to it
        Values light[3], gradient[3];
    };
    struct Band {
        int number;
        std::vector<Light> lights; // of each scale
    };

    template <class F> void for_bands(Engine &, const F &);
    void shine(const Engine &, const float *picture, float ground, Band &) const;
    void paint(Engine &, const float *picture, float ground);
    References remembered(Engine &) const;
    std::vector<Batch> batches();
    std::vector<PlaneBlock> blocks_of(const Batch &, const References &);
    void compare(Engine &, const Batch &, const References &, const VisualTerms &weights, bool differentiate,
                 double &loss);
    void clear_margins(const Batch &);
    void keep_gradients(Engine &, const std::vector<PlaneBlock> &);
    void differentiate(Engine &, const float *picture, float ground, float *gradient);
    ColorRun run(const float *picture, float ground, int row) const;
    void wake_pictures();

    const int channels_, height_, width_;
    std::vector<float> factors_;
    std::vector<float> grounds_; // black alone where all is opaque
    std::vector<Scale> scales_;
    std::vector<References> references_; // of each ground
    Values maps_[3], gradients_;         // of a batch of planes; empty at rest
    std::vector<Band> bands_;            // of each worker
};

} // namespace imagegs
