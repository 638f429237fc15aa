// A canvas that wraps: the copies of its Gaussians that can matter on it.
//
// A Gaussian whose centre, modulo the canvas, is mu has copies at mu + (i width, j height), i and j of -1, 0, 1. Which
// ones can matter somewhere on the canvas Kernels::cull tells, for a part of the Gaussians at a time: too few bounds
// keep more copies than there must be, never fewer, and painting culls them again. The parts do not depend on the
// number of threads, and the copies stand in the order of their owners, then of their rows and columns.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "render/scene.h"

namespace imagegs {

namespace {

float modulo(float v, float side) {
    const float rest = v - std::floor(v / side) * side;
    return std::clamp(rest, 0.0f, side); // both ends are the same place
}

} // namespace

float Scene::on_canvas(float coordinate, float side) const {
    return wrap_ ? modulo(coordinate, side) : std::clamp(coordinate, 0.0f, side);
}

void Scene::add_copies(Engine &engine) {
    struct Part {
        std::vector<Shape> shapes; // of the copies
        std::vector<uint32_t> owners;
    };
    std::vector<Part> parts((count_ + kGaussiansPerTask - 1) / kGaussiansPerTask);
    const Rectangle canvas{0, 0, canvas_.width, canvas_.height};
    engine.pool.run(int(parts.size()), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(count_, first + kGaussiansPerTask);
        std::vector<Shape> all;
        std::vector<uint32_t> owners;
        for (uint32_t i = first; i < end; ++i) {
            Shape &s = shapes_[i];
            s.x = modulo(s.x, canvas_.width), s.y = modulo(s.y, canvas_.height);
            for (int k = 0; k < 9; ++k) {
                all.push_back(s), owners.push_back(i);
                all.back().x += float(k % 3 - 1) * canvas_.width, all.back().y += float(k / 3 - 1) * canvas_.height;
            }
        }
        std::vector<uint32_t> ids(all.size()), kept(all.size() + 1);
        std::vector<float> bound(all.size() + 16); // whole vectors
        std::iota(ids.begin(), ids.end(), 0u);
        const int n = engine.kernels->cull(blend_, all.data(), canvas_, canvas, ids.data(), int(ids.size()),
                                           kept.data(), bound.data());
        for (int k = 0; k < n; ++k)
            if (kept[size_t(k)] % 9 != 4) // the Gaussian itself
                parts[size_t(task)].shapes.push_back(all[kept[size_t(k)]]),
                    parts[size_t(task)].owners.push_back(owners[kept[size_t(k)]]);
    });
    for (const Part &part : parts) {
        shapes_.insert(shapes_.end(), part.shapes.begin(), part.shapes.end());
        owners_.insert(owners_.end(), part.owners.begin(), part.owners.end());
    }
    colors_.reserve(shapes_.size() * size_t(channels_));
    for (uint32_t owner : owners_)
        for (int c = 0; c < channels_; ++c) colors_.push_back(colors_[size_t(owner) * size_t(channels_) + size_t(c)]);
}

// Tangents (N, terms) with a row for each copy.
const float *Scene::with_copies(const float *tangent, int terms) {
    if (owners_.empty()) return tangent;
    const size_t width = size_t(terms);
    tangents_.assign(tangent, tangent + count_ * width);
    tangents_.reserve(shapes_.size() * width);
    for (uint32_t owner : owners_)
        tangents_.insert(tangents_.end(), tangent + owner * width, tangent + (owner + 1) * width);
    return tangents_.data();
}

} // namespace imagegs
