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
// Maps of planes with so many values together are made at once, and those of the finest plane in any case.
constexpr size_t kValuesAtOnce = size_t(1) << 20;
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
    Values halves; // of the weights of pixels
    Size size{height, width};
    int last = 0; // what is coarser is not looked at
    for (int k = 0; k < kVisualScales; ++k)
        if (std::any_of(wanted[k], wanted[k] + kVisualComponents, [](bool is) { return is; })) last = k;
    for (int k = 0; k <= last; ++k) {
        if (k) {
            if (std::min(size.height, size.width) < kSmallestSide) break;
            const Size half = size.halved();
            if (pixel_weights) {
                Values coarse(half.pixels());
                halve_rows(k == 1 ? pixel_weights : halves.data(), size, coarse.data(), 0, half.height);
                halves = std::move(coarse);
            }
            size = half;
        }
        Scale scale{size.height, size.width, {}, {}, {}, {}};
        std::copy_n(wanted[k], kVisualComponents, scale.wanted);
        scale.take_weights(k == 0 || !pixel_weights ? pixel_weights : halves.data());
        scales_.push_back(std::move(scale));
    }
    wake_pictures();
    for (const float ground : grounds_) {
        paint(engine, target, ground);
        references_.push_back(remembered(engine));
    }
    rest();
}

// of_pixels: [row][column], or null where all are 1.
void VisualLoss::Scale::take_weights(const float *of_pixels) {
    no_weights.assign(stride(), 0.0f);
    weights.assign(stride() * size_t(of_pixels ? height : 1), 0.0f);
    if (!of_pixels) std::fill_n(&weights[kMargin], width, 1.0f);
    for (int y = 0; of_pixels && y < height; ++y)
        std::copy_n(of_pixels + size_t(y) * width, width, &weights[size_t(y) * stride() + kMargin]);
}

ColorRun VisualLoss::run(const float *picture, float ground, int row) const {
    ColorRun run{{}, factors_.data(), channels_, ground, width_};
    for (int c = 0; c < channels_; ++c) run.channel[c] = picture + (size_t(c) * height_ + row) * width_;
    return run;
}

// Calls f(band) for every band of rows, each with memory for its light.
template <class F> void VisualLoss::for_bands(Engine &engine, const F &f) {
    bands_.resize(size_t(engine.pool.threads()));
    for (Band &band : bands_) {
        band.lights.resize(scales_.size());
        for (size_t k = 0; k < scales_.size(); ++k)
            for (auto *planes : {&band.lights[k].light, &band.lights[k].gradient})
                for (auto &plane : *planes) plane.resize(size_t(kBandRows >> k) * scales_[k].width);
    }
    engine.pool.run((height_ + kBandRows - 1) / kBandRows, [&](int number, int worker) {
        bands_[worker].number = number;
        f(bands_[worker]);
    });
}

// Writes a band's linear light at all scales.
void VisualLoss::shine(const Engine &engine, const float *picture, float ground, Band &band) const {
    for (int k = 0; k < int(scales_.size()); ++k) {
        const Rows rows = rows_of_band(band.number, k, scales_[k].height);
        for (int c = 0; k > 0 && c < 3; ++c) {
            const Rows finer = rows_of_band(band.number, k - 1, scales_[k - 1].height);
            halve_rows(band.lights[k - 1].light[c].data(), {finer.count(), scales_[k - 1].width},
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
void VisualLoss::paint(Engine &engine, const float *picture, float ground) {
    for_bands(engine, [&](Band &band) {
        shine(engine, picture, ground, band);
        for (int k = 0; k < int(scales_.size()); ++k) {
            Scale &scale = scales_[k];
            const Rows rows = rows_of_band(band.number, k, scale.height);
            for (int y = rows.first; y < rows.end; ++y) {
                float *light[3], *out[3];
                for (int c = 0; c < 3; ++c) {
                    light[c] = &band.lights[k].light[c][size_t(y - rows.first) * scale.width];
                    out[c] = at(scale.pictures[c], scale.at(y));
                }
                engine.kernels->xyb(light, scale.width, out);
            }
        }
    });
}

// The planes of the picture as references.
VisualLoss::References VisualLoss::remembered(Engine &engine) const {
    References references;
    for (size_t k = 0; k < scales_.size(); ++k)
        for (int c = 0; c < kVisualComponents; ++c) {
            const Scale &scale = scales_[k];
            if (!scale.wanted[c]) continue;
            Reference &reference = references[k][c];
            reference.image = scale.pictures[c];
            Values squares = reference.image;
            for (float &value : squares) value *= value;
            reference.mean = blurred(engine, reference.image, scale.at(0), scale.stride(), scale.shape());
            reference.variance = blurred(engine, squares, scale.at(0), scale.stride(), scale.shape());
            for (size_t i = 0; i < squares.size(); ++i) reference.variance[i] -= reference.mean[i] * reference.mean[i];
        }
    return references;
}

// Memory for the planes of a picture.
void VisualLoss::wake_pictures() {
    for (Scale &scale : scales_)
        for (int c = 0; c < kVisualComponents; ++c)
            if (scale.wanted[c]) scale.pictures[c].resize(scale.size());
}

void VisualLoss::rest() {
    for (Scale &scale : scales_)
        for (Values &plane : scale.pictures) Values().swap(plane);
    for (Values *shared : {&maps_[0], &maps_[1], &maps_[2], &gradients_}) Values().swap(*shared);
    std::vector<Band>().swap(bands_);
}

// The planes, the finest scale's first, in batches whose maps are made at once; and memory for these.
std::vector<VisualLoss::Batch> VisualLoss::batches() {
    std::vector<Batch> batches;
    size_t used = 0, most = 0;
    for (int k = 0; k < int(scales_.size()); ++k)
        for (int c = 0; c < kVisualComponents; ++c) {
            if (!scales_[k].wanted[c]) continue;
            const size_t size = scales_[k].size();
            if (batches.empty() || used + size > std::max(kValuesAtOnce, most)) batches.emplace_back(), used = 0;
            batches.back().push_back({k, c, used});
            used += size, most = std::max(most, used);
        }
    for (Values *shared : {&maps_[0], &maps_[1], &maps_[2], &gradients_}) shared->resize(most);
    return batches;
}

// The blocks of a batch, without the weights of errors.
std::vector<VisualLoss::PlaneBlock> VisualLoss::blocks_of(const Batch &batch, const References &references) {
    std::vector<PlaneBlock> blocks;
    for (const PlaneOf &plane : batch) {
        const Scale &scale = scales_[plane.scale];
        const Values &picture = scale.pictures[plane.component];
        const Reference &reference = references[plane.scale][plane.component];
        const ptrdiff_t stride = ptrdiff_t(scale.stride()), weights_stride = scale.weights_a_row() ? stride : 0;
        const int across = (scale.width + kBlurBlockWidth - 1) / kBlurBlockWidth,
                  down = (scale.height + kBlurBlockHeight - 1) / kBlurBlockHeight;
        for (int i = 0; i < across * down; ++i) {
            const int x0 = i % across * kBlurBlockWidth, y0 = i / across * kBlurBlockHeight;
            const size_t at = scale.at(y0, x0), place = plane.place + at;
            blocks.push_back({&plane,
                              {&picture[at],
                               &reference.image[at],
                               &reference.mean[at],
                               &reference.variance[at],
                               stride,
                               std::min(kBlurBlockWidth, scale.width - x0),
                               std::min(kBlurBlockHeight, scale.height - y0),
                               &scale.weights[size_t(weights_stride * y0 + kMargin + x0)],
                               weights_stride,
                               &scale.no_weights[size_t(kMargin + x0)],
                               y0,
                               scale.height,
                               {},
                               {},
                               {&maps_[0][place], &maps_[1][place], &maps_[2][place]},
                               &gradients_[place]}});
        }
    }
    return blocks;
}

// Adds the loss of painted planes; with its gradient on request, which takes the place of the planes.
void VisualLoss::compare(Engine &engine, const Batch &batch, const References &references, const VisualTerms &weights,
                         bool differentiate, double &loss) {
    std::vector<PlaneBlock> blocks = blocks_of(batch, references);
    std::vector<ErrorSums> sums(blocks.size());
    std::vector<Values> scratch(size_t(engine.pool.threads()));
    engine.pool.run(int(blocks.size()), [&](int task, int worker) {
        scratch[worker].resize(kVisualScratchFloats);
        engine.kernels->visual_maps(blocks[task].block, sums[task].of, scratch[worker].data());
    });
    std::vector<ErrorSums> means(batch.size());
    for (size_t task = 0; task < blocks.size(); ++task) {
        const PlaneOf &plane = *blocks[task].plane;
        for (int i = 0; i < 2 * kVisualErrors; ++i)
            means[&plane - batch.data()].of[i] += sums[task].of[i] / double(scales_[plane.scale].shape().pixels());
    }
    std::vector<PlaneSlopes> slopes;
    for (const PlaneOf &plane : batch) {
        slopes.push_back(slopes_of(means[slopes.size()], weights[plane.scale][plane.component],
                                   double(scales_[plane.scale].shape().pixels())));
        loss += slopes.back().loss;
    }
    if (!differentiate) return;
    clear_margins(batch);
    engine.pool.run(int(blocks.size()), [&](int task, int worker) {
        scratch[worker].resize(kVisualScratchFloats);
        VisualBlock &block = blocks[task].block;
        const PlaneSlopes &of = slopes[blocks[task].plane - batch.data()];
        std::copy_n(of.of_mean, kVisualErrors, block.mean_weights);
        std::copy_n(of.of_fourth, kVisualErrors, block.fourth_weights);
        engine.kernels->visual_gradient(block, scratch[worker].data());
    });
    keep_gradients(engine, blocks);
}

// Clears the margins of a batch's maps, where those of another batch may have been.
void VisualLoss::clear_margins(const Batch &batch) {
    for (const PlaneOf &plane : batch)
        for (Values &maps : maps_) {
            const Scale &scale = scales_[plane.scale];
            float *first = &maps[plane.place];
            const size_t above = scale.at(0), rows = size_t(scale.height), stride = scale.stride();
            std::fill_n(first, above, 0.0f); // and what is left of the first row
            for (size_t y = 1; y < rows; ++y) std::fill_n(first + above + y * stride - 2 * kMargin, 2 * kMargin, 0.0f);
            std::fill(first + above + rows * stride - 2 * kMargin, first + scale.size(), 0.0f);
        }
}

// Writes the gradients of a batch's blocks over the planes of the picture.
void VisualLoss::keep_gradients(Engine &engine, const std::vector<PlaneBlock> &blocks) {
    engine.pool.run(int(blocks.size()), [&](int task, int) {
        const auto &[plane, block] = blocks[size_t(task)];
        Values &picture = scales_[plane->scale].pictures[plane->component];
        float *to = picture.data() + (block.picture - picture.data());
        for (int y = 0; y < block.height; ++y)
            std::copy_n(block.gradient + y * block.stride, block.width, to + y * block.stride);
    });
}

// From the gradients of the planes to that of the picture, the coarsest scale first.
void VisualLoss::differentiate(Engine &engine, const float *picture, float ground, float *gradient) {
    const float share = 1 / float(grounds_.size());
    for_bands(engine, [&](Band &band) {
        shine(engine, picture, ground, band);
        for (int k = int(scales_.size()); k-- > 0;) {
            Scale &scale = scales_[k];
            const Rows rows = rows_of_band(band.number, k, scale.height);
            for (int c = 0; c < 3; ++c) {
                std::vector<float> &plane = band.lights[k].gradient[c];
                if (k + 1 < int(scales_.size()))
                    halve_gradient(band.lights[k + 1].gradient[c].data(), {rows.count(), scale.width}, plane.data());
                else std::fill(plane.begin(), plane.end(), 0.0f);
            }
            for (int y = rows.first; y < rows.end; ++y) {
                float *of_light[3], *to[4] = {};
                const float *light[3], *of_xyb[3];
                for (int c = 0; c < 3; ++c) {
                    const size_t row = size_t(y - rows.first) * scale.width;
                    of_light[c] = &band.lights[k].gradient[c][row], light[c] = &band.lights[k].light[c][row];
                    of_xyb[c] = at(scale.pictures[c], scale.at(y));
                }
                engine.kernels->xyb_gradient(light, scale.width, of_xyb, of_light);
                for (int c = 0; k == 0 && c < channels_; ++c) to[c] = gradient + (size_t(c) * height_ + y) * width_;
                if (k == 0) engine.kernels->linear_light_gradient(run(picture, ground, y), light, of_light, share, to);
            }
        }
    });
}

double VisualLoss::evaluate(Engine &engine, const float *picture, const VisualTerms &weights, float *gradient) {
    wake_pictures();
    const std::vector<Batch> all = batches();
    double loss = 0;
    for (size_t g = 0; g < grounds_.size(); ++g) {
        paint(engine, picture, grounds_[g]);
        double of_ground = 0;
        for (const Batch &batch : all) compare(engine, batch, references_[g], weights, gradient != nullptr, of_ground);
        loss += of_ground / double(grounds_.size());
        if (gradient) differentiate(engine, picture, grounds_[g], gradient);
    }
    return loss;
}

} // namespace imagegs
