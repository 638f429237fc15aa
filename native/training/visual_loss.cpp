#include "training/visual_loss.h"

#include <algorithm>
#include <cmath>

#include "training/blur_planes.h"

namespace imagegs {

namespace {

constexpr int kSmallestSide = 8; // pixels of a scale but the first, at least
constexpr int kRowsPerTask = 16;
constexpr double kSmallestFourth = 1e-14; // mean of fourth powers; below, a straight line stands for its root

// For bands of rows: f(first row, end).
template <class F> void for_rows(Engine &engine, int height, const F &f) {
    engine.pool.run((height + kRowsPerTask - 1) / kRowsPerTask,
                    [&](int task, int) { f(task * kRowsPerTask, std::min(height, (task + 1) * kRowsPerTask)); });
}

struct Size {
    int height, width;
};
Size halved(Size s) { return {(s.height + 1) / 2, (s.width + 1) / 2}; }

// Means of 2 x 2 pixels; the last row or column of an odd side counts twice.
void halve(const float *in, Size size, float *out, int first, int end) {
    const Size half = halved(size);
    for (int y = first; y < end; ++y) {
        const float *above = in + size_t(2 * y) * size.width;
        const float *below = 2 * y + 1 < size.height ? above + size.width : above;
        float *row = out + size_t(y) * half.width;
        const int pairs = size.width / 2;
        for (int x = 0; x < pairs; ++x)
            row[x] = 0.25f * (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]);
        if (pairs < half.width) row[pairs] = 0.5f * (above[2 * pairs] + below[2 * pairs]);
    }
}

// Writes the gradient with respect to `in` of halve(), given that with respect to `out`; for rows of `in`.
void halve_gradient(const float *of_out, Size size, float *of_in, int first, int end) {
    const Size half = halved(size);
    for (int y = first; y < end; ++y) {
        const float *from = of_out + size_t(y / 2) * half.width;
        float *row = of_in + size_t(y) * size.width;
        const float share = y == size.height - 1 && size.height % 2 ? 0.5f : 0.25f;
        for (int x = 0; x < size.width; ++x) row[x] = share * from[x / 2];
        if (size.width % 2) row[size.width - 1] *= 2;
    }
}

// The window's blur of a plane with a margin; its pixels begin at `first`.
std::vector<float> blurred(Engine &engine, const std::vector<float> &in, size_t first, size_t stride, Size size) {
    std::vector<float> out(in.size());
    blur_planes(engine, &in[first], &out[first], {1, size.height, size.width, stride}, kWindow, kWindowHalf, false);
    return out;
}

float *at(std::vector<float> &v, size_t offset) { return v.empty() ? nullptr : v.data() + offset; }

} // namespace

VisualLoss::VisualLoss(Engine &engine, const float *target, const float *pixel_weights, const float *factors,
                       int channels, int height, int width, const bool wanted[kVisualScales][kVisualComponents])
    : channels_(channels), height_(height), width_(width), factors_(factors, factors + channels), grounds_{0.0f} {
    const size_t pixels = size_t(height) * width;
    if (channels % 2 == 0) {
        const float *alpha = target + pixels * (channels - 1);
        const bool opaque = std::all_of(alpha, alpha + pixels, [&](float a) { return a * factors[channels - 1] >= 1; });
        if (!opaque) grounds_.push_back(1.0f);
    }
    std::vector<float> weights;
    if (pixel_weights) weights.assign(pixel_weights, pixel_weights + pixels);
    std::vector<Scale> scales;
    Size size{height, width};
    for (int k = 0; k < kVisualScales; ++k) {
        if (k) {
            if (std::min(size.height, size.width) < kSmallestSide) break;
            const Size half = halved(size);
            if (pixel_weights) {
                std::vector<float> coarse(size_t(half.height) * half.width);
                halve(weights.data(), size, coarse.data(), 0, half.height);
                weights = std::move(coarse);
            }
            size = half;
        }
        Scale scale{size.height, size.width, {}, {}};
        scale.weights.resize(scale.size());
        for (int y = 0; y < size.height; ++y)
            for (int x = 0; x < size.width; ++x)
                scale.weights[scale.at(y, x)] = pixel_weights ? weights[size_t(y) * size.width + x] : 1.0f;
        for (int c = 0; c < kVisualComponents; ++c)
            if (wanted[k][c]) scale.planes[c].picture.resize(scale.size());
        scales.push_back(std::move(scale));
        Light light;
        for (auto *planes : {&light.light, &light.gradient})
            for (auto &plane : *planes) plane.resize(size_t(size.height) * size.width);
        lights_.push_back(std::move(light));
    }
    for (const float ground : grounds_) {
        scales_.push_back(scales);
        paint(engine, target, ground, scales_.back());
        remember(engine, scales_.back());
    }
}

ColorRun VisualLoss::run(const float *picture, float ground, int row) const {
    ColorRun run{{}, factors_.data(), channels_, ground, width_};
    for (int c = 0; c < channels_; ++c) run.channel[c] = picture + (size_t(c) * height_ + row) * width_;
    return run;
}

// Writes linear light at all scales, and the planes of the picture.
void VisualLoss::paint(Engine &engine, const float *picture, float ground, std::vector<Scale> &scales) {
    for (size_t k = 0; k < scales.size(); ++k) {
        Scale &scale = scales[k];
        for_rows(engine, scale.height, [&](int first, int end) {
            for (int c = 0; k > 0 && c < 3; ++c)
                halve(lights_[k - 1].light[c].data(), {scales[k - 1].height, scales[k - 1].width},
                      lights_[k].light[c].data(), first, end);
            for (int y = first; y < end; ++y) {
                const size_t offset = size_t(y) * scale.width;
                float *light[3], *out[3];
                for (int c = 0; c < 3; ++c) light[c] = lights_[k].light[c].data() + offset;
                for (int c = 0; c < 3; ++c) out[c] = at(scale.planes[c].picture, scale.at(y));
                if (k == 0) engine.kernels->linear_light(run(picture, ground, y), light);
                engine.kernels->xyb(light, scale.width, out);
            }
        });
    }
}

// Makes the planes of the picture the reference.
void VisualLoss::remember(Engine &engine, std::vector<Scale> &scales) {
    for (Scale &scale : scales)
        for (Plane &plane : scale.planes) {
            if (plane.picture.empty()) continue;
            const Size size{scale.height, scale.width};
            plane.reference = plane.picture;
            std::vector<float> squares = plane.picture;
            for (float &value : squares) value *= value;
            plane.mean = blurred(engine, plane.reference, scale.at(0), scale.stride(), size);
            plane.variance = blurred(engine, squares, scale.at(0), scale.stride(), size);
            for (size_t i = 0; i < plane.mean.size(); ++i) plane.variance[i] -= plane.mean[i] * plane.mean[i];
            for (auto *scratch : {&plane.maps[0], &plane.maps[1], &plane.maps[2], &plane.gradient})
                scratch->resize(plane.picture.size());
        }
}

// The loss of one scale; with its gradient on request.
double VisualLoss::compare(Engine &engine, Scale &scale, const double weights[kVisualComponents][kVisualErrors][2],
                           bool differentiate) {
    const int across = (scale.width + kBlurBlockWidth - 1) / kBlurBlockWidth,
              down = (scale.height + kBlurBlockHeight - 1) / kBlurBlockHeight;
    const double pixels = double(scale.height) * scale.width;
    std::vector<int> wanted; // the component of each block
    std::vector<VisualBlock> blocks;
    for (int c = 0; c < kVisualComponents; ++c) {
        Plane &plane = scale.planes[c];
        for (int k = 0; k < across * down && !plane.picture.empty(); ++k) {
            const int x0 = k % across * kBlurBlockWidth, y0 = k / across * kBlurBlockHeight;
            wanted.push_back(c);
            const size_t at = scale.at(y0, x0);
            blocks.push_back({&plane.picture[at],
                              &plane.reference[at],
                              &plane.mean[at],
                              &plane.variance[at],
                              &scale.weights[at],
                              ptrdiff_t(scale.stride()),
                              std::min(kBlurBlockWidth, scale.width - x0),
                              std::min(kBlurBlockHeight, scale.height - y0),
                              {},
                              {},
                              {&plane.maps[0][at], &plane.maps[1][at], &plane.maps[2][at]},
                              &plane.gradient[at]});
        }
    }
    struct Sums {
        double of[2 * kVisualErrors] = {};
    };
    std::vector<Sums> sums(blocks.size());
    std::vector<std::vector<float>> scratch(size_t(engine.pool.threads()));
    engine.pool.run(int(blocks.size()), [&](int task, int worker) {
        scratch[worker].resize(kVisualScratchFloats);
        engine.kernels->visual_maps(blocks[task], sums[task].of, scratch[worker].data());
    });
    Sums means[kVisualComponents];
    for (size_t task = 0; task < blocks.size(); ++task)
        for (int k = 0; k < 2 * kVisualErrors; ++k) means[wanted[task]].of[k] += sums[task].of[k] / pixels;
    double loss = 0;
    float of_mean[kVisualComponents][kVisualErrors], of_fourth[kVisualComponents][kVisualErrors];
    for (int c = 0; c < kVisualComponents; ++c)
        for (int e = 0; e < kVisualErrors; ++e) {
            const double mean = means[c].of[2 * e], fourth = means[c].of[2 * e + 1];
            const double slope = std::pow(std::max(fourth, kSmallestFourth), -0.75),
                         share = fourth < kSmallestFourth ? 1 : 0.25;
            loss += weights[c][e][0] * mean + weights[c][e][1] * fourth * slope;
            of_mean[c][e] = float(weights[c][e][0] / pixels);
            of_fourth[c][e] = float(weights[c][e][1] / pixels * share * slope);
        }
    if (!differentiate) return loss;
    engine.pool.run(int(blocks.size()), [&](int task, int worker) {
        scratch[worker].resize(kVisualScratchFloats);
        VisualBlock &block = blocks[task];
        std::copy_n(of_mean[wanted[task]], kVisualErrors, block.mean_weights);
        std::copy_n(of_fourth[wanted[task]], kVisualErrors, block.fourth_weights);
        engine.kernels->visual_gradient(block, scratch[worker].data());
    });
    return loss;
}

// From the gradients of the planes to that of the picture, the coarsest scale first.
void VisualLoss::differentiate(Engine &engine, const float *picture, float ground, std::vector<Scale> &scales,
                               float *gradient) {
    for (size_t k = scales.size(); k-- > 0;) {
        Scale &scale = scales[k];
        const Size size{scale.height, scale.width};
        for_rows(engine, scale.height, [&](int first, int end) {
            for (int c = 0; c < 3; ++c) {
                float *plane = lights_[k].gradient[c].data();
                if (k + 1 < scales.size()) halve_gradient(lights_[k + 1].gradient[c].data(), size, plane, first, end);
                else std::fill(plane + size_t(first) * scale.width, plane + size_t(end) * scale.width, 0.0f);
            }
            for (int y = first; y < end; ++y) {
                float *of_light[3], *light[3], *to[4] = {};
                const float *of_xyb[3];
                for (int c = 0; c < 3; ++c) {
                    of_light[c] = &lights_[k].gradient[c][size_t(y) * scale.width];
                    light[c] = &lights_[k].light[c][size_t(y) * scale.width];
                    of_xyb[c] = at(scale.planes[c].gradient, scale.at(y));
                }
                engine.kernels->xyb_gradient(light, scale.width, of_xyb, of_light);
                for (int c = 0; k == 0 && c < channels_; ++c) to[c] = gradient + (size_t(c) * height_ + y) * width_;
                if (k == 0)
                    engine.kernels->linear_light_gradient(run(picture, ground, y), of_light, 1 / float(grounds_.size()),
                                                          to);
            }
        });
    }
}

double VisualLoss::evaluate(Engine &engine, const float *picture, const VisualTerms &weights, float *gradient) {
    double loss = 0;
    for (size_t g = 0; g < grounds_.size(); ++g) {
        std::vector<Scale> &scales = scales_[g];
        paint(engine, picture, grounds_[g], scales);
        for (size_t k = 0; k < scales.size(); ++k)
            loss += compare(engine, scales[k], weights[k], gradient != nullptr) / double(grounds_.size());
        if (gradient) differentiate(engine, picture, grounds_[g], scales, gradient);
    }
    return loss;
}

} // namespace imagegs
