// Losses, Adam and the blur of planes.
#include <algorithm>
#include <cmath>

#include "tests.h"
#include "training/adam.h"
#include "training/blur_planes.h"
#include "training/loss.h"
#include "training/visual_loss.h"

using namespace imagegs;

void test_losses(const std::string &isa) {
    Engine engine(2, isa), scalar(1, "scalar");
    const int sizes[][2] = {{1, 1}, {3, 40}, {257, 129}, {300, 20}};
    for (const auto &size : sizes) {
        const size_t n = size_t(2) * size[0] * size[1];
        std::vector<float> picture(n), target(n), a(n), b(n);
        for (size_t i = 0; i < n; ++i) picture[i] = float(i % 13) / 13, target[i] = float(i % 17) / 17;
        std::vector<float> values(n);
        for (size_t i = 0; i < n; ++i) values[i] = float(i % 3);
        for (const Weights w : {Weights{}, Weights{values.data(), false}, Weights{values.data(), true}}) {
            const LossMeans x =
                loss(engine, picture.data(), target.data(), w, 2, size[1], size[0], {1, 1, 1}, a.data());
            const LossMeans y =
                loss(scalar, picture.data(), target.data(), w, 2, size[1], size[0], {1, 1, 1}, b.data());
            check(std::abs(x.ssim - y.ssim) < 1e-5 && std::abs(x.l1 - y.l1) < 1e-5 && std::abs(x.l2 - y.l2) < 1e-5,
                  isa + ": losses");
            check(share_apart(a, b, 1e-3f) == 0, isa + ": loss gradients");
        }
    }
}

void test_visual_loss(const std::string &isa) {
    Engine engine(2, isa), scalar(1, "scalar");
    const int sizes[][2] = {{1, 1}, {3, 40}, {257, 129}, {300, 20}};
    static VisualTerms terms;
    bool wanted[kVisualScales][kVisualComponents];
    std::fill_n(&wanted[0][0], kVisualScales * kVisualComponents, true);
    for (size_t i = 0; i < sizeof(terms) / sizeof(double); ++i) (&terms[0][0][0][0])[i] = double(i % 5);
    const float factors[4] = {1, 1, 1, 1};
    for (const auto &size : sizes)
        for (int channels = 1; channels <= 4; ++channels) {
            const size_t n = size_t(channels) * size[0] * size[1];
            std::vector<float> picture(n), target(n), a(n), b(n), weights(n, 1.0f);
            for (size_t i = 0; i < n; ++i) picture[i] = float(i % 13) / 12 - 0.02f, target[i] = float(i % 17) / 16;
            VisualLoss fast(engine, target.data(), weights.data(), factors, channels, size[1], size[0], wanted);
            VisualLoss slow(scalar, target.data(), nullptr, factors, channels, size[1], size[0], wanted);
            const double x = fast.evaluate(engine, picture.data(), terms, a.data());
            const double y = slow.evaluate(scalar, picture.data(), terms, b.data());
            // Variances are differences of nearly equal numbers: they round otherwise where lanes do.
            check(std::abs(x - y) <= 2e-3 * y + 1e-5, isa + ": visual loss");
            check(share_apart(a, b, 1e-2f) <= 0.002, isa + ": gradients of the visual loss");
        }
}

void test_adam(const std::string &isa) {
    Engine engine(2, isa), scalar(1, "scalar");
    std::vector<float> values[2], mean(101), square(101), gradient(101), rates(101, 0.5f);
    for (size_t i = 0; i < gradient.size(); ++i) gradient[i] = float(i) - 50;
    for (int k = 0; k < 2; ++k) {
        values[k].assign(101, 1.0f);
        std::fill(mean.begin(), mean.end(), 0.0f), std::fill(square.begin(), square.end(), 0.0f);
        adam(k ? engine : scalar, values[k].data(), gradient.data(), mean.data(), square.data(), rates.data(), 101,
             {0.1f, 0.9f, 0.99f, 1e-8f});
    }
    check(share_apart(values[1], values[0], 1e-5f) == 0, isa + ": adam");
}

void test_blur_planes(const std::string &isa) {
    Engine engine(3, isa), scalar(1, "scalar");
    const int sizes[][2] = {{1, 1}, {3, 40}, {257, 19}, {2, 2}};
    const float weights[6] = {0.3f, 0.2f, 0.1f, 0.03f, 0.015f, 0.005f};
    for (const auto &size : sizes)
        for (const bool wrap : {false, true}) {
            const size_t stride = size_t(size[0]) + 7; // what is between rows stays as it is
            const PlanesShape shape{2, size[1], size[0], stride};
            std::vector<float> in(2 * size[1] * stride), a(in.size(), -1.0f), b = a;
            for (size_t i = 0; i < in.size(); ++i) in[i] = i % stride < size_t(size[0]) ? float(i % 13) / 13 : 1e9f;
            blur_planes(engine, in.data(), a.data(), shape, weights, 5, wrap);
            blur_planes(scalar, in.data(), b.data(), shape, weights, 5, wrap);
            check(share_apart(a, b, 1e-5f) == 0, isa + ": blurred planes");
            bool untouched = true;
            for (size_t i = 0; i < a.size(); ++i)
                untouched &= i % stride < size_t(size[0]) ? std::abs(a[i]) <= 1 : a[i] == -1;
            check(untouched, isa + ": between the rows of blurred planes");
        }
}
