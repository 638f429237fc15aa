// Bindings of training/: losses, Adam, and what a kept render can be asked.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/tuple.h>

#include "python/bindings.h"
#include "python/places.h"
#include "training/adam.h"
#include "training/blur_planes.h"
#include "training/half_size.h"
#include "training/loss.h"
#include "training/nearest.h"
#include "training/sample_gradient.h"
#include "training/squared_error.h"
#include "training/visual_loss.h"

namespace imagegs {

namespace {

// Weights of pixels: (height, width), or (channels, height, width).
using PixelWeights = std::optional<nb::ndarray<const float, nb::c_contig, nb::device::cpu>>;

using PictureShape = std::array<size_t, 3>; // channels, height, width

PictureShape shape_of(const In<3> &picture) { return {picture.shape(0), picture.shape(1), picture.shape(2)}; }

// Checks that weights fit a picture of this shape.
Weights weights_for(const PixelWeights &weights, const PictureShape &picture) {
    if (!weights) return {};
    const size_t first = 3 - std::min<size_t>(weights->ndim(), 3); // 0, or 1 for weights without channels
    bool fits = weights->ndim() == 2 || weights->ndim() == 3;
    for (size_t k = first; fits && k < 3; ++k) fits = weights->shape(k - first) == picture[k];
    require(fits, "the weights of pixels are not of the picture's shape");
    return {weights->data(), first == 0};
}

void require_picture_shape(const KeptRender &kept, const In<3> &a) {
    require(a.shape(0) == size_t(kept.gaussians().channels) && a.shape(1) == size_t(kept.grid().height) &&
                a.shape(2) == size_t(kept.grid().width),
            "pictures are not of the rendered shape");
}

// Checks that weights fit the kept picture.
Weights weights_for(const PixelWeights &weights, const KeptRender &kept) {
    return weights_for(weights,
                       {size_t(kept.gaussians().channels), size_t(kept.grid().height), size_t(kept.grid().width)});
}

template <class Array> void require_own_units(const LoadedGaussians &g, const Array &a) {
    require(a.shape(0) == g.count && a.shape(1) == size_t(own_terms(g)),
            "own units have 6 + channels numbers a Gaussian");
}

// Makes a kept render of the canvas at its own size, or of the pixels of a grid (see grid_of) into `out`.
void make_kept_render(KeptRender *self, Engine &engine, const Scene &scene, std::shared_ptr<Spares> spares,
                      std::optional<Out<3>> out, int x0, int y0, float step_x, float step_y) {
    const LoadedGaussians &g = *scene.gaussians();
    require(g.count > 0, "the scene is empty");
    require(!out || out->shape(0) == size_t(g.channels), "the picture has another number of channels");
    const Grid grid = out ? grid_of(out->shape(2), out->shape(1), x0, y0, step_x, step_y) : g.own_grid();
    const GilReleased released;
    new (self) KeptRender(engine, scene, grid, std::move(spares), out ? out->data() : nullptr);
}

// The picture (channels, height, width), read-only. The array keeps the render alive.
auto picture_of(nb::handle_t<KeptRender> self) {
    const KeptRender &kept = nb::cast<const KeptRender &>(self);
    return nb::ndarray<nb::numpy, const float, nb::ndim<3>>(
        kept.picture(), {size_t(kept.gaussians().channels), size_t(kept.grid().height), size_t(kept.grid().width)},
        self);
}

void gradient(KeptRender &kept, In<3> color_gradient, Out<2> own) {
    require_picture_shape(kept, color_gradient);
    require_own_units(kept.gaussians(), own);
    const GilReleased released;
    kept.gradient(color_gradient.data(), own.data());
}

// The mean squared error of the whole canvas at its own size; `own` gets its gradient.
double squared_error_of(Engine &engine, const Scene &scene, std::shared_ptr<Spares> spares, In<3> target,
                        const PixelWeights &pixel_weights, Out<2> own) {
    const LoadedGaussians &g = *scene.gaussians();
    require(g.count > 0, "the scene is empty");
    require(target.shape(0) == size_t(g.channels) && target.shape(1) == size_t(g.height()) &&
                target.shape(2) == size_t(g.width()),
            "the target is not of the canvas's shape");
    const Weights weights = weights_for(pixel_weights, shape_of(target));
    require_own_units(g, own);
    const GilReleased released;
    const Loan memory(std::move(spares));
    return squared_error(engine, scene, *memory, target.data(), weights, own.data());
}

void sample_gradient_of(Engine &engine, const Scene &scene, std::shared_ptr<Spares> spares, In<2> xy,
                        In<2> color_gradient, Out<2> own) {
    const LoadedGaussians &g = *scene.gaussians();
    require(g.count > 0, "the scene is empty");
    require_points(xy);
    require(color_gradient.shape(0) == xy.shape(0) && color_gradient.shape(1) == size_t(g.channels),
            "each point has a gradient of its colour");
    require_own_units(g, own);
    const GilReleased released;
    const Loan memory(std::move(spares));
    sample_gradient(engine, scene, *memory, xy.data(), xy.shape(0), color_gradient.data(), own.data());
}

void normal_product(KeptRender &kept, const PixelWeights &pixel_weights, In<2> tangent, Out<2> product) {
    require_own_units(kept.gaussians(), tangent);
    require_own_units(kept.gaussians(), product);
    const Weights weights = weights_for(pixel_weights, kept);
    const GilReleased released;
    kept.normal_product(weights, tangent.data(), product.data());
}

void normal_diagonal(KeptRender &kept, const PixelWeights &pixel_weights, Out<2> diagonal) {
    require_own_units(kept.gaussians(), diagonal);
    const Weights weights = weights_for(pixel_weights, kept);
    const GilReleased released;
    kept.normal_diagonal(weights, diagonal.data());
}

void removal_cost(KeptRender &kept, const PixelWeights &pixel_weights, In<3> target, Out<1> cost) {
    require_picture_shape(kept, target);
    require(cost.shape(0) == kept.gaussians().count, "one cost a Gaussian is needed");
    const Weights weights = weights_for(pixel_weights, kept);
    const GilReleased released;
    kept.removal_cost(weights, target.data(), cost.data());
}

std::tuple<double, double, double> loss_of(Engine &engine, In<3> picture, In<3> target,
                                           const PixelWeights &pixel_weights, std::optional<Out<3>> to, float l1,
                                           float l2, float ssim) {
    for (int k = 0; k < 3; ++k)
        require(picture.shape(k) == target.shape(k) && (!to || picture.shape(k) == to->shape(k)),
                "pictures disagree in shape");
    require(to || ssim == 0, "SSIM is not measured without its gradient");
    require(picture.size() > 0, "the picture is empty");
    const Weights weights = weights_for(pixel_weights, shape_of(picture));
    const GilReleased released;
    const LossMeans means =
        loss(engine, picture.data(), target.data(), weights, int(picture.shape(0)), int(picture.shape(1)),
             int(picture.shape(2)), {l1, l2, ssim}, to ? to->data() : nullptr);
    return {means.l1, means.l2, means.ssim};
}

void blur(Engine &engine, In<3> planes, Out<3> to, In<1> weights, bool wrap) {
    for (int k = 0; k < 3; ++k) require(planes.shape(k) == to.shape(k), "planes disagree in shape");
    require(planes.size() > 0, "there is no plane to blur");
    require(weights.shape(0) > 0, "a window has a weight in its middle");
    const float *end = planes.data() + planes.size(), *end_of_to = to.data() + to.size();
    require(end <= to.data() || end_of_to <= planes.data(), "a blur is not made in place");
    const GilReleased released;
    blur_planes(engine, planes.data(), to.data(),
                {int(planes.shape(0)), int(planes.shape(1)), int(planes.shape(2)), planes.shape(2)}, weights.data(),
                int(weights.shape(0)) - 1, wrap);
}

using Rows = nb::ndarray<int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Distances = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

Size size_of(const In<3> &planes) { return {int(planes.shape(1)), int(planes.shape(2))}; }

// out: (planes of `out`, half of `size`)
void require_half(const Out<3> &out, size_t planes, Size size) {
    const Size half = size.halved();
    require(size.height > 0 && size.width > 0, "planes are not empty");
    require(out.shape(0) == planes && int(out.shape(1)) == half.height && int(out.shape(2)) == half.width,
            "halves have half the size, rounded up");
}

void halve(Engine &engine, In<3> planes, Out<3> to) {
    require_half(to, planes.shape(0), size_of(planes));
    const GilReleased released;
    halve_planes(engine, planes.data(), int(planes.shape(0)), size_of(planes), to.data());
}

void halve_error_products(Engine &engine, In<3> picture, In<3> target, In<3> slope, Out<3> to) {
    for (int k = 0; k < 3; ++k)
        require(picture.shape(k) == target.shape(k) && picture.shape(k) == slope.shape(k),
                "pictures disagree in shape");
    require_half(to, 2, size_of(picture));
    const GilReleased released;
    halve_products(engine, picture.data(), target.data(), slope.data(), int(picture.shape(0)), size_of(picture),
                   to.data());
}

void find_nearest(Engine &engine, In<2> points, In<2> queries, Rows rows, Distances distances) {
    const size_t k = rows.shape(1);
    require(points.shape(1) == 2 && queries.shape(1) == 2, "points are pairs");
    require(k >= 1 && k <= points.shape(0), "there are too few points");
    require(rows.shape(0) == queries.shape(0) && distances.shape(0) == queries.shape(0) && distances.shape(1) == k,
            "each query has k rows and distances");
    const auto is_finite = [](const In<2> &values) {
        return std::all_of(values.data(), values.data() + values.size(), [](float v) { return std::isfinite(v); });
    };
    require(is_finite(points) && is_finite(queries), "points are finite");
    const GilReleased released;
    nearest(engine, points.data(), points.shape(0), queries.data(), queries.shape(0), int(k), rows.data(),
            distances.data());
}

using Terms = nb::ndarray<const double, nb::shape<kVisualScales, kVisualComponents, kVisualErrors, 2>, nb::c_contig,
                          nb::device::cpu>;

// wanted: where weights are that are not 0.
void make_visual_loss(VisualLoss *self, Engine &engine, In<3> target, const PixelWeights &pixel_weights, In<1> factors,
                      Terms weights) {
    require(target.size() > 0 && target.shape(0) <= 4, "a picture that is seen has one to four channels");
    require(factors.shape(0) == target.shape(0), "each channel has a factor");
    const Weights of_pixels = weights_for(pixel_weights, shape_of(target));
    require(!of_pixels.by_channel, "the weights of what is seen are those of pixels");
    bool wanted[kVisualScales][kVisualComponents] = {};
    for (int k = 0; k < kVisualScales * kVisualComponents; ++k)
        for (int i = 0; i < kVisualErrors * 2; ++i)
            wanted[k / kVisualComponents][k % kVisualComponents] |= weights.data()[k * kVisualErrors * 2 + i] != 0;
    const GilReleased released;
    new (self) VisualLoss(engine, target.data(), of_pixels.values, factors.data(), int(target.shape(0)),
                          int(target.shape(1)), int(target.shape(2)), wanted);
}

double evaluate_visual(VisualLoss &visual, Engine &engine, In<3> picture, Terms weights, std::optional<Out<3>> to) {
    for (int k = 0; k < 3; ++k)
        require(picture.shape(k) == visual.shape(k) && (!to || to->shape(k) == visual.shape(k)),
                "pictures disagree in shape");
    const GilReleased released;
    return visual.evaluate(engine, picture.data(), *(const VisualTerms *)weights.data(), to ? to->data() : nullptr);
}

using Flat = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using FlatIn = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;

void adam_step(Engine &engine, Flat value, FlatIn gradient, Flat mean, Flat square, std::optional<FlatIn> rates,
               float rate, float beta1, float beta2, float epsilon, int step) {
    const size_t n = value.size();
    require(gradient.size() == n && mean.size() == n && square.size() == n && (!rates || rates->size() == n),
            "arrays disagree in size");
    require(step >= 1, "steps count from 1");
    const double correction1 = 1 - std::pow(double(beta1), step),
                 correction2 = std::sqrt(1 - std::pow(double(beta2), step));
    const AdamStep adam_step{float(rate * correction2 / correction1), beta1, beta2, float(epsilon * correction2)};
    const GilReleased released;
    adam(engine, value.data(), gradient.data(), mean.data(), square.data(), rates ? rates->data() : nullptr, n,
         adam_step);
}

} // namespace

void bind_training(nb::module_ &m) {
    m.def("loss", &loss_of, "engine"_a, "picture"_a, "target"_a, "pixel_weights"_a.none(), "gradient"_a.none(), "l1"_a,
          "l2"_a, "ssim"_a);
    m.def("blur_planes", &blur, "engine"_a, "planes"_a, "out"_a, "weights"_a, "wrap"_a);
    m.def("halve_planes", &halve, "engine"_a, "planes"_a, "out"_a);
    m.def("halve_products", &halve_error_products, "engine"_a, "picture"_a, "target"_a, "slope"_a, "out"_a);
    m.def("nearest", &find_nearest, "engine"_a, "points"_a, "queries"_a, "rows"_a, "distances"_a);
    m.def("adam", &adam_step, "engine"_a, "value"_a, "gradient"_a, "mean"_a, "square"_a, "rates"_a.none(), "rate"_a,
          "beta1"_a, "beta2"_a, "epsilon"_a, "step"_a);
    m.def("squared_error", &squared_error_of, "engine"_a, "scene"_a, "spares"_a, "target"_a, "pixel_weights"_a.none(),
          "gradient"_a);
    m.def("sample_gradient", &sample_gradient_of, "engine"_a, "scene"_a, "spares"_a, "xy"_a, "color_gradient"_a,
          "gradient"_a);
    nb::class_<VisualLoss>(m, "VisualLoss")
        .def("__init__", &make_visual_loss, "engine"_a, "target"_a, "pixel_weights"_a.none(), "factors"_a, "wanted"_a)
        .def("evaluate", &evaluate_visual, "engine"_a, "picture"_a, "weights"_a, "gradient"_a.none())
        .def("rest", &VisualLoss::rest);
    nb::class_<Spares>(m, "Spares").def(nb::init<>());
    nb::class_<KeptRender>(m, "KeptRender")
        .def("__init__", &make_kept_render, "engine"_a, "scene"_a, "spares"_a, "out"_a.none() = nb::none(), "x0"_a = 0,
             "y0"_a = 0, "step_x"_a = 1.0f, "step_y"_a = 1.0f, nb::keep_alive<1, 2>(), nb::keep_alive<1, 5>())
        .def_prop_ro("picture", &picture_of)
        .def("gradient", &gradient, "color_gradient"_a, "gradient"_a)
        .def("normal_product", &normal_product, "pixel_weights"_a.none(), "tangent"_a, "product"_a)
        .def("normal_diagonal", &normal_diagonal, "pixel_weights"_a.none(), "diagonal"_a)
        .def("removal_cost", &removal_cost, "pixel_weights"_a.none(), "target"_a, "cost"_a);
}

} // namespace imagegs
