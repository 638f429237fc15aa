// Bindings of training/: losses, Adam, and what a kept render can be asked.
#include <cmath>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include "python/bindings.h"
#include "render/scene.h"
#include "training/loss.h"

namespace imagegs {

namespace {

// Of pixels: (height, width), or (channels, height, width).
using PixelWeights = std::optional<nb::ndarray<const float, nb::c_contig, nb::device::cpu>>;

// Those of a picture's pixels, of the shape (channels, height, width).
Weights weights_for(const PixelWeights &weights, const In<3> &picture) {
    if (!weights) return {};
    const size_t first = 3 - std::min<size_t>(weights->ndim(), 3); // of the picture's sides that they have
    bool fits = weights->ndim() == 2 || weights->ndim() == 3;
    for (size_t k = first; fits && k < 3; ++k) fits = weights->shape(k - first) == picture.shape(k);
    require(fits, "the weights of pixels are not of the picture's shape");
    return {weights->data(), first == 0};
}

void require_rendered_shape(const Scene &scene, const In<3> &a) {
    require(a.shape(0) == size_t(scene.channels()) && a.shape(1) == size_t(scene.grid().height) &&
                a.shape(2) == size_t(scene.grid().width),
            "pictures are not of the rendered shape");
}

Gradients gradients_of(const Scene &scene, Out<2> xy, Out<2> scale, Out<1> angle, Out<1> log_weight, Out<2> color) {
    const size_t n = scene.count(), channels = size_t(scene.channels());
    require(xy.shape(0) == n && xy.shape(1) == 2 && scale.shape(0) == n && scale.shape(1) == 2 && angle.shape(0) == n &&
                log_weight.shape(0) == n && color.shape(0) == n && color.shape(1) == channels,
            "gradient arrays are not of the Gaussians' shapes");
    return {xy.data(), scale.data(), angle.data(), log_weight.data(), color.data()};
}

void gradient(Scene &scene, Engine &engine, In<3> out, In<3> color_gradient, Out<2> xy, Out<2> scale, Out<1> angle,
              Out<1> log_weight, Out<2> color) {
    for (const In<3> &a : {out, color_gradient}) require_rendered_shape(scene, a);
    const Gradients to = gradients_of(scene, xy, scale, angle, log_weight, color);
    const GilReleased released;
    scene.gradient(engine, out.data(), color_gradient.data(), to);
}

// Of the whole canvas at its own size.
double squared_error(Scene &scene, Engine &engine, In<3> target, const PixelWeights &pixel_weights, Out<2> xy,
                     Out<2> scale, Out<1> angle, Out<1> log_weight, Out<2> color) {
    require(scene.count() > 0, "the scene is empty");
    require(target.shape(0) == size_t(scene.channels()) && target.shape(1) == size_t(scene.height()) &&
                target.shape(2) == size_t(scene.width()),
            "the target is not of the canvas's shape");
    const Weights weights = weights_for(pixel_weights, target);
    const Gradients to = gradients_of(scene, xy, scale, angle, log_weight, color);
    const GilReleased released;
    return scene.squared_error(engine, target.data(), weights, to);
}

void normal_product(Scene &scene, Engine &engine, In<3> out, const PixelWeights &pixel_weights, In<2> tangent,
                    Out<2> product) {
    const size_t terms = size_t(kShapeSums) + scene.channels();
    require_rendered_shape(scene, out);
    require(tangent.shape(0) == scene.count() && tangent.shape(1) == terms && product.shape(0) == scene.count() &&
                product.shape(1) == terms,
            "tangents have 6 + channels numbers a Gaussian");
    const Weights weights = weights_for(pixel_weights, out);
    const GilReleased released;
    scene.normal_product(engine, out.data(), weights, tangent.data(), product.data());
}

void normal_diagonal(Scene &scene, Engine &engine, In<3> out, const PixelWeights &pixel_weights, Out<2> sums) {
    require_rendered_shape(scene, out);
    const Weights weights = weights_for(pixel_weights, out);
    require(sums.shape(0) == scene.count() && sums.shape(1) == size_t(scene.diagonal_sums(weights)),
            "a Gaussian has 6 sums, and one for all channels or one for each");
    const GilReleased released;
    scene.normal_diagonal(engine, out.data(), weights, sums.data());
}

void removal_cost(Scene &scene, Engine &engine, In<3> out, const PixelWeights &pixel_weights, In<3> residual,
                  Out<1> cost) {
    for (const In<3> &a : {out, residual}) require_rendered_shape(scene, a);
    require(cost.shape(0) == scene.count(), "one cost a Gaussian is needed");
    const Weights weights = weights_for(pixel_weights, out);
    const GilReleased released;
    scene.removal_cost(engine, out.data(), weights, residual.data(), cost.data());
}

std::tuple<double, double, double> loss_of(Engine &engine, In<3> picture, In<3> target,
                                           const PixelWeights &pixel_weights, Out<3> to, float l1, float l2,
                                           float ssim) {
    for (int k = 0; k < 3; ++k)
        require(picture.shape(k) == target.shape(k) && picture.shape(k) == to.shape(k), "pictures disagree in shape");
    require(picture.size() > 0, "the picture is empty");
    const Weights weights = weights_for(pixel_weights, picture);
    const GilReleased released;
    const LossMeans means = loss(engine, picture.data(), target.data(), weights, int(picture.shape(0)),
                                 int(picture.shape(1)), int(picture.shape(2)), {l1, l2, ssim}, to.data());
    return {means.l1, means.l2, means.ssim};
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
    m.attr("DIAGONAL_SUMS") = kDiagonalSums;
    m.def("loss", &loss_of, "engine"_a, "picture"_a, "target"_a, "pixel_weights"_a.none(), "gradient"_a, "l1"_a, "l2"_a,
          "ssim"_a);
    m.def("adam", &adam_step, "engine"_a, "value"_a, "gradient"_a, "mean"_a, "square"_a, "rates"_a.none(), "rate"_a,
          "beta1"_a, "beta2"_a, "epsilon"_a, "step"_a);
    nb::borrow<nb::class_<Scene>>(m.attr("Scene"))
        .def("gradient", &gradient, "engine"_a, "out"_a, "color_gradient"_a, "xy"_a, "scale"_a, "angle"_a,
             "log_weight"_a, "color"_a)
        .def("squared_error", &squared_error, "engine"_a, "target"_a, "pixel_weights"_a.none(), "xy"_a, "scale"_a,
             "angle"_a, "log_weight"_a, "color"_a)
        .def("normal_product", &normal_product, "engine"_a, "out"_a, "pixel_weights"_a.none(), "tangent"_a, "product"_a)
        .def("normal_diagonal", &normal_diagonal, "engine"_a, "out"_a, "pixel_weights"_a.none(), "sums"_a)
        .def("removal_cost", &removal_cost, "engine"_a, "out"_a, "pixel_weights"_a.none(), "residual"_a, "cost"_a);
}

} // namespace imagegs
