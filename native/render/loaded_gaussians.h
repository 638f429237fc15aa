// Gaussians as the kernels take them: whitened shapes and colours on a canvas. A scene makes them. A kept render shares
// them, so it does not change when the scene loads others.
//
// On a canvas that wraps, copies of Gaussians one canvas width and height away follow the Gaussians themselves, each a
// candidate of its own; their pairs count as their owner's (loaded_gaussians.cpp).
#pragma once

#include <cstdint>
#include <vector>

#include "render/tiles.h"

namespace imagegs {

constexpr uint32_t kGaussiansPerTask = 2048;

// Arrays of N Gaussians: xy (N, 2) and scale (N, 2) in canvas pixels, angle (N) in radians, log_weight (N) in nats,
// color (N, channels).
struct GaussianArrays {
    uint32_t count;
    int channels;
    const float *xy, *scale, *angle, *log_weight, *color;
};

class LoadedGaussians {
public:
    // Copies the arrays. `wrap`: the canvas is periodic (softmax blend only).
    void load(Engine &, Blend, bool wrap, int width, int height, const GaussianArrays &);

    GaussianSet set() const { return {blend, canvas, shapes.data(), uint32_t(shapes.size())}; }
    uint32_t owner(uint32_t id) const { return id < count ? id : owners[id - count]; }
    Candidates candidates(const uint32_t *ids, int n) const { return {shapes.data(), colors.data(), ids, n, channels}; }
    int width() const { return int(canvas.width); }
    int height() const { return int(canvas.height); }
    Grid own_grid() const { return {0, 0, width(), height(), 1.0f, 1.0f, 0.5f}; } // of the canvas pixels
    float on_canvas(float coordinate, float side) const; // clamped, or modulo a canvas that wraps

    Blend blend = Blend::kSoftmax;
    Canvas canvas{};
    bool wrap = false;
    int channels = 0;
    uint32_t count = 0;             // of Gaussians without copies, which follow them
    std::vector<Shape> shapes;      // with the copies
    std::vector<float> colors;      // [Gaussian][channel], with the copies
    std::vector<float> elongations; // without the copies; see gaussian.h
    std::vector<uint32_t> owners;   // of the copies

private:
    void add_copies(Engine &);
};

} // namespace imagegs
