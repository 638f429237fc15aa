// How far a picture is from its reference to the eye: the errors of SSIMULACRA 2 (kernels/visual.h) at several scales,
// each at half the size of the one before, in the space XYB. A picture with alpha is seen over black and over white.
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
    struct Plane {                                     // each with a margin; see Scale
        std::vector<float> reference, mean, variance;  // of the target
        std::vector<float> picture, maps[3], gradient; // of a picture; empty at rest

        std::array<std::vector<float> *, 5> of_picture() { return {&picture, &maps[0], &maps[1], &maps[2], &gradient}; }
    };
    struct Scale {
        int height, width;
        std::vector<float> weights;      // with a margin
        Plane planes[kVisualComponents]; // empty where not wanted

        Size shape() const { return {height, width}; }
        size_t stride() const { return size_t(width) + 2 * kMargin; }
        size_t size() const { return stride() * (size_t(height) + 2 * kMargin); } // of a plane with its margin
        size_t at(int y, int x = 0) const { return (size_t(y) + kMargin) * stride() + kMargin + size_t(x); }
    };
    struct PlaneBlock {
        int scale, component;
        VisualBlock block;
    };
    struct Light { // of a band of rows at one scale: linear light, and the gradient with respect to it
        std::vector<float> light[3], gradient[3];
    };
    struct Band {
        int number;
        std::vector<Light> lights; // of each scale
    };

    template <class F> void for_bands(Engine &, const std::vector<Scale> &, const F &);
    void shine(const Engine &, const float *picture, float ground, const std::vector<Scale> &, Band &) const;
    void paint(Engine &, const float *picture, float ground, std::vector<Scale> &);
    static std::vector<PlaneBlock> blocks_of(std::vector<Scale> &);
    double compare(Engine &, std::vector<Scale> &, const VisualTerms &weights, bool differentiate);
    void differentiate(Engine &, const float *picture, float ground, std::vector<Scale> &, float *gradient);
    ColorRun run(const float *picture, float ground, int row) const;
    void remember(Engine &, std::vector<Scale> &);
    static void wake(std::vector<Scale> &);

    const int channels_, height_, width_;
    std::vector<float> factors_;
    std::vector<float> grounds_;             // black alone where all is opaque
    std::vector<std::vector<Scale>> scales_; // of each ground
    std::vector<Band> bands_;                // of each worker
};

} // namespace imagegs
