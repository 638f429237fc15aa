#include "training/visual_loss.h"

#include <algorithm>
#include <cmath>

#include "training/blur_planes.h"
#include "training/half_size.h"

namespace imagegs {

namespace {

constexpr int kSmallestSide = 8; // pixels of a scale but the first, at least
// Bands of rows, of which all scales but the last have whole pairs: what is made of a band at one scale is all that it
// needs at the next.
constexpr int kBandRows = 1 << (kVisualScales - 1);
constexpr double kSmallestFourth = 1e-14; // mean of fourth powers; below, a straight line stands for its root

// The rows of the band at scale k; the last band may have fewer.
struct Rows {
    int first, end;
    int count() const { return end - first; }
};
Rows rows_of_band(int band, int k, int height) {
    const int rows = kBandRows >> k;
    return {std::min(height, band * rows), std::min(height, (band + 1) * rows)};
}

// Writes the gradient with respect to a plane, given that with respect to its half.
void halve_gradient(const float *of_half, Size size, float *of_plane) {
    const int width = size.halved().width, pairs = size.width / 2;
    for (int y = 0; y < size.height; ++y) {
        const float *from = of_half + size_t(y / 2) * width;
        float *row = of_plane + size_t(y) * size.width;
        const float share = y == size.height - 1 && size.height % 2 ? 0.5f : 0.25f;
        for (int x = 0; x < pairs; ++x) row[2 * x] = row[2 * x + 1] = share * from[x];
        if (pairs < width) row[2 * pairs] = 2 * share * from[pairs];
    }
}

// The window's blur of a plane with a margin; its pixels begin at `first`.
std::vector<float> blurred(Engine &engine, const std::vector<float> &in, size_t first, size_t stride, Size size) {
    std::vector<float> out(in.size());
    blur_planes(engine, &in[first], &out[first], {1, size.height, size.width, stride}, kWindow, kWindowHalf, false);
    return out;
}

float *at(std::vector<float> &v, size_t offset) { return v.empty() ? nullptr : v.data() + offset; }

struct ErrorSums { // of each error, and of its fourth power
    double of[2 * kVisualErrors] = {};
};

// The part of the loss that one plane adds, and its slopes by the error and by its fourth power at each pixel.
struct PlaneSlopes {
    double loss;
    float of_mean[kVisualErrors], of_fourth[kVisualErrors];
};
PlaneSlopes slopes_of(const ErrorSums &means, const double weights[kVisualErrors][2], double pixels) {
    PlaneSlopes slopes{};
    for (int e = 0; e < kVisualErrors; ++e) {
        const double mean = means.of[2 * e], fourth = means.of[2 * e + 1];
        const double slope = std::pow(std::max(fourth, kSmallestFourth), -0.75),
                     share = fourth < kSmallestFourth ? 1 : 0.25;
        slopes.loss += weights[e][0] * mean + weights[e][1] * fourth * slope;
        slopes.of_mean[e] = float(weights[e][0] / pixels);
        slopes.of_fourth[e] = float(weights[e][1] / pixels * share * slope);
    }
    return slopes;
}

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
    int last = 0; // what is coarser is not looked at
    for (int k = 0; k < kVisualScales; ++k)
        if (std::any_of(wanted[k], wanted[k] + kVisualComponents, [](bool is) { return is; })) last = k;
    for (int k = 0; k <= last; ++k) {
        if (k) {
            if (std::min(size.height, size.width) < kSmallestSide) break;
            const Size half = size.halved();
            if (pixel_weights) {
                std::vector<float> coarse(size_t(half.height) * half.width);
                halve_rows(weights.data(), size, coarse.data(), 0, half.height);
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

// Calls f(band) for every band of rows, each with memory for its light.
template <class F> void VisualLoss::for_bands(Engine &engine, const std::vector<Scale> &scales, const F &f) {
    bands_.resize(size_t(engine.pool.threads()));
    for (Band &band : bands_) {
        band.lights.resize(scales.size());
        for (size_t k = 0; k < scales.size(); ++k)
            for (auto *planes : {&band.lights[k].light, &band.lights[k].gradient})
                for (auto &plane : *planes) plane.resize(size_t(kBandRows >> k) * scales[k].width);
    }
    engine.pool.run((height_ + kBandRows - 1) / kBandRows, [&](int number, int worker) {
        bands_[worker].number = number;
        f(bands_[worker]);
    });
}

// Writes a band's linear light at all scales.
void VisualLoss::shine(const Engine &engine, const float *picture, float ground, const std::vector<Scale> &scales,
                       Band &band) const {
    for (int k = 0; k < int(scales.size()); ++k) {
        const Rows rows = rows_of_band(band.number, k, scales[k].height);
        for (int c = 0; k > 0 && c < 3; ++c) {
            const Rows finer = rows_of_band(band.number, k - 1, scales[k - 1].height);
            halve_rows(band.lights[k - 1].light[c].data(), {finer.count(), scales[k - 1].width},
                       band.lights[k].light[c].data(), 0, rows.count());
        }
        for (int y = rows.first; k == 0 && y < rows.end; ++y) {
            float *light[3];
            for (int c = 0; c < 3; ++c) light[c] = &band.lights[0].light[c][size_t(y - rows.first) * width_];
            engine.kernels->linear_light(run(picture, ground, y), light);
        }
    }
}

// Writes the planes of the picture.
void VisualLoss::paint(Engine &engine, const float *picture, float ground, std::vector<Scale> &scales) {
    for_bands(engine, scales, [&](Band &band) {
        shine(engine, picture, ground, scales, band);
        for (int k = 0; k < int(scales.size()); ++k) {
            Scale &scale = scales[k];
            const Rows rows = rows_of_band(band.number, k, scale.height);
            for (int y = rows.first; y < rows.end; ++y) {
                float *light[3], *out[3];
                for (int c = 0; c < 3; ++c) {
                    light[c] = &band.lights[k].light[c][size_t(y - rows.first) * scale.width];
                    out[c] = at(scale.planes[c].picture, scale.at(y));
                }
                engine.kernels->xyb(light, scale.width, out);
            }
        }
    });
}

// Makes the planes of the picture the reference.
void VisualLoss::remember(Engine &engine, std::vector<Scale> &scales) {
    for (Scale &scale : scales)
        for (Plane &plane : scale.planes) {
            if (plane.picture.empty()) continue;
            plane.reference = plane.picture;
            std::vector<float> squares = plane.picture;
            for (float &value : squares) value *= value;
            plane.mean = blurred(engine, plane.reference, scale.at(0), scale.stride(), scale.shape());
            plane.variance = blurred(engine, squares, scale.at(0), scale.stride(), scale.shape());
            for (size_t i = 0; i < plane.mean.size(); ++i) plane.variance[i] -= plane.mean[i] * plane.mean[i];
        }
}

// Memory for a picture where it is compared with the reference.
void VisualLoss::wake(std::vector<Scale> &scales) {
    for (Scale &scale : scales)
        for (Plane &plane : scale.planes)
            for (auto *held : plane.of_picture()) held->resize(plane.reference.size());
}

void VisualLoss::rest() {
    for (std::vector<Scale> &scales : scales_)
        for (Scale &scale : scales)
            for (Plane &plane : scale.planes)
                for (auto *held : plane.of_picture()) std::vector<float>().swap(*held);
    std::vector<Band>().swap(bands_);
}

// The blocks of all planes, the finest scale's first, without the weights of errors.
std::vector<VisualLoss::PlaneBlock> VisualLoss::blocks_of(std::vector<Scale> &scales) {
    std::vector<PlaneBlock> blocks;
    for (int k = 0; k < int(scales.size()); ++k) {
        Scale &scale = scales[k];
        const int across = (scale.width + kBlurBlockWidth - 1) / kBlurBlockWidth,
                  down = (scale.height + kBlurBlockHeight - 1) / kBlurBlockHeight;
        for (int c = 0; c < kVisualComponents; ++c) {
            Plane &plane = scale.planes[c];
            for (int i = 0; i < across * down && !plane.reference.empty(); ++i) {
                const int x0 = i % across * kBlurBlockWidth, y0 = i / across * kBlurBlockHeight;
                const size_t at = scale.at(y0, x0);
                blocks.push_back({k,
                                  c,
                                  {&plane.picture[at],
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
                                   &plane.gradient[at]}});
            }
        }
    }
    return blocks;
}

// The loss of painted planes; with its gradient on request.
double VisualLoss::compare(Engine &engine, std::vector<Scale> &scales, const VisualTerms &weights, bool differentiate) {
    std::vector<PlaneBlock> blocks = blocks_of(scales);
    std::vector<ErrorSums> sums(blocks.size());
    std::vector<std::vector<float>> scratch(size_t(engine.pool.threads()));
    engine.pool.run(int(blocks.size()), [&](int task, int worker) {
        scratch[worker].resize(kVisualScratchFloats);
        engine.kernels->visual_maps(blocks[task].block, sums[task].of, scratch[worker].data());
    });
    ErrorSums means[kVisualScales][kVisualComponents];
    for (size_t task = 0; task < blocks.size(); ++task) {
        const auto &[scale, component, _] = blocks[task];
        for (int i = 0; i < 2 * kVisualErrors; ++i)
            means[scale][component].of[i] += sums[task].of[i] / double(scales[scale].shape().pixels());
    }
    double loss = 0;
    PlaneSlopes slopes[kVisualScales][kVisualComponents];
    for (int k = 0; k < int(scales.size()); ++k)
        for (int c = 0; c < kVisualComponents; ++c) {
            slopes[k][c] = slopes_of(means[k][c], weights[k][c], double(scales[k].shape().pixels()));
            loss += slopes[k][c].loss;
        }
    if (!differentiate) return loss;
    engine.pool.run(int(blocks.size()), [&](int task, int worker) {
        scratch[worker].resize(kVisualScratchFloats);
        VisualBlock &block = blocks[task].block;
        const PlaneSlopes &of = slopes[blocks[task].scale][blocks[task].component];
        std::copy_n(of.of_mean, kVisualErrors, block.mean_weights);
        std::copy_n(of.of_fourth, kVisualErrors, block.fourth_weights);
        engine.kernels->visual_gradient(block, scratch[worker].data());
    });
    return loss;
}

// From the gradients of the planes to that of the picture, the coarsest scale first.
void VisualLoss::differentiate(Engine &engine, const float *picture, float ground, std::vector<Scale> &scales,
                               float *gradient) {
    const float share = 1 / float(grounds_.size());
    for_bands(engine, scales, [&](Band &band) {
        shine(engine, picture, ground, scales, band);
        for (int k = int(scales.size()); k-- > 0;) {
            Scale &scale = scales[k];
            const Rows rows = rows_of_band(band.number, k, scale.height);
            for (int c = 0; c < 3; ++c) {
                std::vector<float> &plane = band.lights[k].gradient[c];
                if (k + 1 < int(scales.size()))
                    halve_gradient(band.lights[k + 1].gradient[c].data(), {rows.count(), scale.width}, plane.data());
                else std::fill(plane.begin(), plane.end(), 0.0f);
            }
            for (int y = rows.first; y < rows.end; ++y) {
                float *of_light[3], *to[4] = {};
                const float *light[3], *of_xyb[3];
                for (int c = 0; c < 3; ++c) {
                    const size_t row = size_t(y - rows.first) * scale.width;
                    of_light[c] = &band.lights[k].gradient[c][row], light[c] = &band.lights[k].light[c][row];
                    of_xyb[c] = at(scale.planes[c].gradient, scale.at(y));
                }
                engine.kernels->xyb_gradient(light, scale.width, of_xyb, of_light);
                for (int c = 0; k == 0 && c < channels_; ++c) to[c] = gradient + (size_t(c) * height_ + y) * width_;
                if (k == 0) engine.kernels->linear_light_gradient(run(picture, ground, y), light, of_light, share, to);
            }
        }
    });
}

double VisualLoss::evaluate(Engine &engine, const float *picture, const VisualTerms &weights, float *gradient) {
    double loss = 0;
    for (size_t g = 0; g < grounds_.size(); ++g) {
        std::vector<Scale> &scales = scales_[g];
        wake(scales);
        paint(engine, picture, grounds_[g], scales);
        loss += compare(engine, scales, weights, gradient != nullptr) / double(grounds_.size());
        if (gradient) differentiate(engine, picture, grounds_[g], scales, gradient);
    }
    return loss;
}

} // namespace imagegs
