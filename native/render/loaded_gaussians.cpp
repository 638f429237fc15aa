// Loads Gaussians, and makes the copies that can matter on a canvas that wraps.
//
// A Gaussian whose centre, modulo the canvas, is mu has copies at mu + (i width, j height), i and j of -1, 0, 1.
// Kernels::cull finds those that can matter somewhere on the canvas, for a part of the Gaussians at a time. A part
// gives looser bounds than all Gaussians would, so it may keep copies in vain, but it loses none; painting culls again.
// The parts do not depend on the number of threads. Copies are in the order of their owners, then of rows and columns.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "render/loaded_gaussians.h"

namespace imagegs {

namespace {

float modulo(float v, float side) {
    const float rest = v - std::floor(v / side) * side;
    return std::clamp(rest, 0.0f, side); // both ends are the same place
}

} // namespace

float LoadedGaussians::on_canvas(float coordinate, float side) const {
    return wrap ? modulo(coordinate, side) : std::clamp(coordinate, 0.0f, side);
}

void LoadedGaussians::load(Engine &engine, Blend of, bool wraps, int width, int height, const GaussianArrays &from) {
    blend = of, wrap = wraps, channels = from.channels, count = from.count;
    canvas = {float(width), float(height), float((width - 1) / kTile), float((height - 1) / kTile)};
    shapes.resize(count);
    elongations.resize(count);
    colors.assign(from.color, from.color + size_t(count) * channels);
    owners.clear();
    engine.pool.run(int((count + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(count, first + kGaussiansPerTask);
        for (uint32_t i = first; i < end; ++i) {
            const float *scale = from.scale + 2 * size_t(i);
            shapes[i] =
                make_shape(from.xy + 2 * size_t(i), scale, from.angle[i], from.log_weight[i], blend == Blend::kPaper);
            elongations[i] = elongation_of(scale);
        }
    });
    if (wrap) add_copies(engine);
}

void LoadedGaussians::add_copies(Engine &engine) {
    struct Part {
        std::vector<Shape> shapes; // of the copies
        std::vector<uint32_t> owners;
    };
    std::vector<Part> parts((count + kGaussiansPerTask - 1) / kGaussiansPerTask);
    const Rectangle whole{0, 0, canvas.width, canvas.height};
    engine.pool.run(int(parts.size()), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(count, first + kGaussiansPerTask);
        std::vector<Shape> all;
        std::vector<uint32_t> owners_of_all;
        for (uint32_t i = first; i < end; ++i) {
            Shape &s = shapes[i];
            s.x = modulo(s.x, canvas.width), s.y = modulo(s.y, canvas.height);
            for (int k = 0; k < 9; ++k) {
                all.push_back(s), owners_of_all.push_back(i);
                all.back().x += float(k % 3 - 1) * canvas.width, all.back().y += float(k / 3 - 1) * canvas.height;
            }
        }
        std::vector<uint32_t> ids(all.size()), kept(all.size() + 1);
        std::vector<float> bound(all.size() + 16); // whole vectors
        std::iota(ids.begin(), ids.end(), 0u);
        const int n = engine.kernels->cull(blend, all.data(), canvas, whole, ids.data(), int(ids.size()), kept.data(),
                                           bound.data());
        for (int k = 0; k < n; ++k)
            if (kept[size_t(k)] % 9 != 4) // the Gaussian itself
                parts[size_t(task)].shapes.push_back(all[kept[size_t(k)]]),
                    parts[size_t(task)].owners.push_back(owners_of_all[kept[size_t(k)]]);
    });
    for (const Part &part : parts) {
        shapes.insert(shapes.end(), part.shapes.begin(), part.shapes.end());
        owners.insert(owners.end(), part.owners.begin(), part.owners.end());
    }
    colors.reserve(shapes.size() * size_t(channels));
    for (uint32_t owner : owners)
        for (int c = 0; c < channels; ++c) colors.push_back(colors[size_t(owner) * size_t(channels) + size_t(c)]);
}

} // namespace imagegs
