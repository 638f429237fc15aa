// Painting, sampling, gradients and products with J^T J.
#include <algorithm>
#include <cmath>

#include "gaussians.h"
#include "render/scene.h"
#include "tests.h"
#include "training/squared_error.h"

using namespace imagegs;

namespace {

struct Results {
    std::vector<float> picture, gradient, product, diagonal, costs, samples, filtered;
};

Results paint(Engine &engine, const Numbers &g, Blend blend, bool wrap, int width, int height, float step) {
    Scene scene;
    scene.update(
        engine, blend, wrap, width, height,
        {uint32_t(g.n), g.channels, g.xy.data(), g.scale.data(), g.angle.data(), g.log_weight.data(), g.color.data()});
    const int out_width = std::max(1, int(width / step)), out_height = std::max(1, int(height / step));
    const size_t plane = size_t(out_width) * out_height;
    Results r{std::vector<float>(plane * g.channels),
              std::vector<float>(size_t(g.n) * (6 + g.channels)),
              std::vector<float>(size_t(g.n) * (6 + g.channels)),
              {},
              {},
              {},
              {}};
    const Grid grid{0, 0, out_width, out_height, step, step, 0.5f};
    const auto spares = std::make_shared<Spares>();
    KeptRender kept(engine, scene, grid, spares);
    std::copy_n(kept.picture(), r.picture.size(), r.picture.data());
    std::vector<float> slope(r.picture.size());
    for (size_t i = 0; i < slope.size(); ++i) slope[i] = float(int(i % 7) - 3);
    kept.gradient(slope.data(), r.gradient.data());
    std::vector<float> tangent(r.product.size());
    for (size_t i = 0; i < tangent.size(); ++i) tangent[i] = float(int(i % 5) - 2);
    // Weights of pixels; each channel has its own if the number of channels is even.
    std::vector<float> values(plane * g.channels);
    for (size_t i = 0; i < values.size(); ++i) values[i] = float(i % 3);
    const Weights weights{values.data(), g.channels % 2 == 0};
    kept.normal_product(weights, tangent.data(), r.product.data());
    r.diagonal.resize(r.product.size());
    kept.normal_diagonal(weights, r.diagonal.data());
    r.costs.resize(g.n);
    kept.removal_cost(weights, slope.data(), r.costs.data());
    check(scene.most_pairs(engine, grid, {1, 1}, 0) >= kept.pairs(), "the bound of the pairs holds");
    if (step == 1.0f) { // the gradient of the squared difference from 1/2, by both ways
        for (size_t i = 0; i < slope.size(); ++i)
            slope[i] =
                values[weights.by_channel ? i : i % plane] * (r.picture[i] - 0.5f) * (2.0f / float(slope.size()));
        const std::vector<float> half(r.picture.size(), 0.5f);
        std::vector<float> walks(r.gradient.size()), walk(r.gradient.size());
        kept.gradient(slope.data(), walks.data());
        squared_error(engine, scene, *Loan(spares), half.data(), weights, walk.data());
        check(share_apart(walk, walks, 1e-5f) == 0, "one walk for the squared error");
    }
    std::vector<uint8_t> bytes(plane * g.channels);
    const size_t row = size_t(out_width) * g.channels;
    scene.render(engine, grid, {bytes.data(), Sample::kUint8, size_t(g.channels), row, 1});
    r.filtered.resize(plane * g.channels);
    if (step != 1.0f) // only a part of the picture, because each pixel has 15 samples
        scene.render_filtered(engine, {0, 0, std::min(out_width, 9), std::min(out_height, 20), step, step, 0.5f},
                              {3, 5}, {r.filtered.data(), Sample::kFloat, size_t(g.channels), row, 1});
    std::vector<float> points;
    for (int i = 0; i < 77; ++i)
        points.push_back((i * 37 % 101 - 5) * width / 90.0f), points.push_back((i * 53 % 97 - 5) * height / 90.0f);
    r.samples.resize(size_t(77) * g.channels);
    scene.sample(engine, points.data(), 77, r.samples.data());
    return r;
}

bool finite(const std::vector<float> &v) {
    return std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); });
}

} // namespace

void test_scenes(const std::string &isa) {
    Engine engine(1, isa), threaded(3, isa), scalar(1, "scalar");
    const int sizes[][2] = {{1, 1}, {16, 16}, {17, 5}, {70, 131}};
    struct Canvas {
        Blend blend;
        bool wrap;
    };
    for (auto [blend, wrap] :
         {Canvas{Blend::kPaper, false}, Canvas{Blend::kSoftmax, false}, Canvas{Blend::kSoftmax, true}})
        for (const auto &size : sizes)
            for (int channels : {1, 2, 3, 4, 32})
                for (Kind kind : {Kind::kOrdinary, Kind::kExtreme, Kind::kEqual}) {
                    const Numbers g = make_numbers(kind == Kind::kEqual ? 30 : 90, channels, size[0], size[1], kind);
                    const std::string what = isa + " " + std::to_string(size[0]) + "x" + std::to_string(size[1]) +
                                             " c" + std::to_string(channels) + " kind" + std::to_string(int(kind)) +
                                             (wrap ? " wrap" : "");
                    for (float step : {1.0f, 0.61f}) {
                        const Results r = paint(engine, g, blend, wrap, size[0], size[1], step);
                        const Results t = paint(threaded, g, blend, wrap, size[0], size[1], step);
                        check(finite(r.picture) && finite(r.samples) && finite(r.filtered), what + ": finite");
                        check(r.picture == t.picture && r.gradient == t.gradient && r.product == t.product &&
                                  r.diagonal == t.diagonal && r.costs == t.costs && r.samples == t.samples &&
                                  r.filtered == t.filtered,
                              what + ": threads");
                        if (kind != Kind::kOrdinary) continue;
                        const Results s = paint(scalar, g, blend, wrap, size[0], size[1], step);
                        check(share_apart(r.picture, s.picture, 1e-4f) < 0.01, what + ": picture");
                        check(share_apart(r.samples, s.samples, 1e-4f) < 0.03, what + ": samples");
                        check(share_apart(r.gradient, s.gradient, 3e-3f) < 0.03, what + ": gradient");
                        check(share_apart(r.product, s.product, 3e-3f) < 0.03, what + ": product");
                        check(share_apart(r.diagonal, s.diagonal, 3e-3f) < 0.03, what + ": diagonal");
                        check(share_apart(r.costs, s.costs, 3e-3f) < 0.03, what + ": costs");
                    }
                }
}
