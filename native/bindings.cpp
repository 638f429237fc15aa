// Python module imagegs._native: argument checks and nothing else. Every call releases the GIL.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "codec/layer.h"
#include "gil.h"
#include "link_over.h"
#include "loss.h"
#include "scene.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace imagegs;

namespace {

template <int Dimensions> using In = nb::ndarray<const float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
template <int Dimensions> using Out = nb::ndarray<float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
// Of pixels: (height, width), or (channels, height, width).
using PixelWeights = std::optional<nb::ndarray<const float, nb::c_contig, nb::device::cpu>>;
using AnyPicture = nb::ndarray<nb::ndim<3>, nb::c_contig, nb::device::cpu>;

void require(bool ok, const char *message) {
    if (!ok) throw nb::value_error(message);
}

// Those of a picture's pixels, of the shape (channels, height, width).
Weights weights_for(const PixelWeights &weights, const In<3> &picture) {
    if (!weights) return {};
    const size_t first = 3 - std::min<size_t>(weights->ndim(), 3); // of the picture's sides that they have
    bool fits = weights->ndim() == 2 || weights->ndim() == 3;
    for (size_t k = first; fits && k < 3; ++k) fits = weights->shape(k - first) == picture.shape(k);
    require(fits, "the weights of pixels are not of the picture's shape");
    return {weights->data(), first == 0};
}

void update(Scene &scene, Engine &engine, int blend, bool wrap, int width, int height, In<2> xy, In<2> scale,
            In<1> angle, In<1> log_weight, In<2> color) {
    const size_t n = xy.shape(0), channels = color.shape(1);
    require(blend == 0 || blend == 1, "unknown blend");
    require(!wrap || Blend(blend) == Blend::kSoftmax, "the paper blend does not wrap");
    require(n > 0 && n < (size_t(1) << (wrap ? 27 : 31)) && width > 0 && height > 0, "nothing to paint");
    require(xy.shape(1) == 2 && scale.shape(0) == n && scale.shape(1) == 2 && angle.shape(0) == n &&
                log_weight.shape(0) == n && color.shape(0) == n && channels >= 1 && channels <= size_t(kMaxChannels),
            "arrays of Gaussians disagree in shape");
    const GilReleased released;
    scene.update(engine, Blend(blend), wrap, width, height, uint32_t(n), int(channels), xy.data(), scale.data(),
                 angle.data(), log_weight.data(), color.data());
}

Sample sample_of(const nb::dlpack::dtype &type) {
    if (type == nb::dtype<float>()) return Sample::kFloat;
    if (type == nb::dtype<uint8_t>()) return Sample::kUint8;
    if (type == nb::dtype<uint16_t>()) return Sample::kUint16;
    throw nb::type_error("pictures are float32, uint8 or uint16");
}

Grid grid_of(size_t width, size_t height, int x0, int y0, float step_x, float step_y) {
    require(width > 0 && height > 0 && width < (1u << 23) && height < (1u << 23), "the picture is empty or too large");
    require(step_x > 0 && step_y > 0, "steps must be positive");
    return {x0, y0, int(width), int(height), step_x, step_y, 0.5f};
}

void require_samples(int samples_x, int samples_y) {
    for (int samples : {samples_x, samples_y})
        require(samples >= 1 && samples <= kTile, "1 to 16 samples are possible");
}

// out is (channels, height, width) if planar, else (height, width, channels). Each pixel is the mean of samples_x x
// samples_y samples.
void render(Scene &scene, Engine &engine, AnyPicture out, int x0, int y0, float step_x, float step_y, bool planar,
            bool keep, int samples_x, int samples_y) {
    const size_t height = out.shape(planar ? 1 : 0), width = out.shape(planar ? 2 : 1),
                 channels = out.shape(planar ? 0 : 2);
    require(scene.count() > 0, "the scene is empty");
    require(channels == size_t(scene.channels()), "the picture has another number of channels");
    const Grid grid = grid_of(width, height, x0, y0, step_x, step_y);
    require_samples(samples_x, samples_y);
    const bool filtered = samples_x > 1 || samples_y > 1;
    require(!filtered || !keep, "a filtered picture keeps no selection");
    Picture picture{out.data(), sample_of(out.dtype()), channels, width * channels, 1};
    if (planar) picture.column_stride = 1, picture.row_stride = width, picture.channel_stride = width * height;
    const GilReleased released;
    if (filtered) scene.render_filtered(engine, grid, {samples_x, samples_y}, picture);
    else scene.render(engine, grid, picture, keep);
}

// Of a picture that `render` would paint.
uint64_t most_pairs_of(const Scene &scene, Engine &engine, size_t width, size_t height, int x0, int y0, float step_x,
                       float step_y, int samples_x, int samples_y, uint64_t enough) {
    require(scene.count() > 0, "the scene is empty");
    const Grid grid = grid_of(width, height, x0, y0, step_x, step_y);
    require_samples(samples_x, samples_y);
    const GilReleased released;
    return scene.most_pairs(engine, grid, {samples_x, samples_y}, enough);
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

void sample(Scene &scene, Engine &engine, In<2> xy, Out<2> out) {
    require(scene.count() > 0, "the scene is empty");
    require(xy.shape(1) == 2 && out.shape(0) == xy.shape(0) && out.shape(1) == size_t(scene.channels()),
            "arrays disagree in shape");
    require(xy.shape(0) < (size_t(1) << 32), "too many points");
    const GilReleased released;
    scene.sample(engine, xy.data(), xy.shape(0), out.data());
}

// Mean and worst of a pixel.
std::optional<std::pair<double, double>> multiply_adds(Scene &scene, Engine &engine, uint64_t most_work) {
    require(scene.count() > 0, "the scene is empty");
    std::optional<MultiplyAdds> found;
    {
        const GilReleased released;
        found = scene.multiply_adds(engine, most_work);
    }
    if (!found) return std::nullopt;
    return std::pair{found->mean, found->worst};
}

using Ids = nb::ndarray<nb::numpy, uint32_t, nb::ndim<1>>;

Ids to_numpy(std::vector<uint32_t> &&list) {
    auto kept = std::make_unique<std::vector<uint32_t>>(std::move(list));
    nb::capsule owner(kept.get(), [](void *p) noexcept { delete static_cast<std::vector<uint32_t> *>(p); });
    std::vector<uint32_t> &numbers = *kept.release(); // the capsule's now
    return Ids(numbers.data(), {numbers.size()}, owner);
}

// Columns and rows of tiles, offsets and ids.
std::optional<std::tuple<int, int, Ids, Ids>> tile_lists(Scene &scene, Engine &engine, int side, uint64_t most_ids) {
    require(scene.count() > 0, "the scene is empty");
    require(side >= 1 && side <= 65535, "a tile has 1 to 65535 canvas pixels a side");
    require(scene.blend() != Blend::kPaper || side == kTile, "the paper blend has tiles of one size");
    require(most_ids < (uint64_t(1) << 32), "offsets have 32 bits");
    const auto tiles = [side](int length) { return uint64_t((length + side - 1) / side); };
    require(tiles(scene.width()) * tiles(scene.height()) < (uint64_t(1) << 31), "too many tiles");
    std::optional<TileLists> found;
    {
        const GilReleased released;
        found = scene.tile_lists(engine, side, most_ids);
    }
    if (!found) return std::nullopt;
    return std::tuple{found->columns, found->rows, to_numpy(std::move(found->offsets)),
                      to_numpy(std::move(found->ids))};
}

// (N, 7) as gaussian.h has them: centre, the rows of W, log-weight.
void shapes(const Scene &scene, Out<2> out) {
    require(out.shape(0) == scene.count() && out.shape(1) == 7, "7 numbers a Gaussian are needed");
    for (uint32_t i = 0; i < scene.count(); ++i) {
        const Shape &s = scene.shape(i);
        const float values[7] = {s.x, s.y, s.ux, s.uy, s.vx, s.vy, s.log_weight};
        std::copy_n(values, 7, out.data() + size_t(i) * 7);
    }
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

using Table = nb::ndarray<int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using TableIn = nb::ndarray<const int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

Lattice lattice_of(int scales_an_octave, int position, int angle, int weight, int color, int cell) {
    require(scales_an_octave >= 1 && scales_an_octave <= 64 && cell >= 0 && cell <= 15, "no such lattice");
    for (int step : {position, angle, weight, color}) require(step >= -128 && step <= 127, "no such lattice");
    return {scales_an_octave, position, angle, weight, color, cell};
}

void make_layer_coder(LayerCoder *self, const Lattice &lattice, int width, int height, int channels, bool weights) {
    require(width >= 1 && width <= 65535 && height >= 1 && height <= 65535, "no such canvas");
    require(channels >= 1 && channels <= kMaxCodedChannels, "nothing to code");
    new (self) LayerCoder({lattice, width, height, channels, weights});
}

// Returns the bytes and the bits of each column; the table's rows are sorted.
std::pair<nb::bytes, std::vector<double>> encode_layer(LayerCoder &coder, Table table) {
    require(table.shape(1) == size_t(coder.columns()) && table.shape(0) >= 1 && table.shape(0) < (size_t(1) << 31),
            "the table has another number of columns, or no rows");
    std::vector<double> bits(table.shape(1));
    std::vector<uint8_t> bytes;
    {
        const GilReleased released;
        bytes = coder.encode(table.data(), uint32_t(table.shape(0)), bits.data());
    }
    return {nb::bytes(bytes.data(), bytes.size()), bits};
}

// Fills the table; returns why the bytes are no layer, or nothing, and the bits of each column if they are wanted.
std::pair<const char *, std::vector<double>> decode_layer(LayerCoder &coder, nb::bytes bytes, Table table,
                                                          bool count_bits) {
    require(table.shape(1) == size_t(coder.columns()) && table.shape(0) >= 1 && table.shape(0) < (size_t(1) << 31),
            "the table has another number of columns, or no rows");
    const uint8_t *data = static_cast<const uint8_t *>(bytes.data());
    std::vector<double> bits(count_bits ? table.shape(1) : 0);
    Fault fault;
    {
        const GilReleased released;
        fault = coder.decode(data, bytes.size(), table.data(), uint32_t(table.shape(0)),
                             count_bits ? bits.data() : nullptr);
    }
    const char *why[] = {nullptr, "a part of the canvas holds more Gaussians than the whole",
                         "a number is out of its range", "bytes are left over"};
    return {why[int(fault)], bits};
}

// What follows from the columns kShorter, kRatio, kWeight and kAngle of each row: (rows, 6) weight step, log-weight,
// angles, colour step, bits of the place x and y; see lattice.h. An angle beyond `angles` counts as the last.
void lattice_steps(const Lattice &lattice, TableIn table, Table out) {
    require(table.shape(1) > kAngle && out.shape(0) == table.shape(0) && out.shape(1) == 6, "arrays disagree in shape");
    for (size_t i = 0; i < table.shape(0); ++i) {
        const int32_t *row = table.data() + i * table.shape(1);
        int32_t *to = out.data() + i * 6;
        const Sizes sizes = sizes_of(lattice, row[kShorter], row[kRatio]);
        to[0] = weight_step(lattice, sizes);
        to[1] = weight_of(row[kWeight], to[0]);
        const uint32_t angles = angles_of(lattice, sizes, to[1]);
        to[2] = int32_t(angles);
        to[3] = color_step(lattice, sizes, to[1]);
        place_bits(lattice, sizes, to[1], std::min(uint32_t(row[kAngle]), angles - 1), angles, to + 4, to + 5);
    }
}

// Lets Ctrl-C end a long call.
void check_signals() {
    if (!MainThread::is_this()) return;
    const GilHeld held;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

std::pair<int, int> link_over_of(nb::bytes file, nb::bytes temporary, nb::bytes target) {
    const GilReleased released;
    const LinkedOver done = link_over(file.c_str(), temporary.c_str(), target.c_str());
    return {done.link, done.rename};
}

void follow_main_thread(nb::module_ &m) {
    MainThread::set(nb::cast<unsigned long>(nb::module_::import_("threading").attr("main_thread")().attr("ident")));
    m.def("_after_fork", &MainThread::set_to_this);
    const nb::module_ os = nb::module_::import_("os");
    if (nb::hasattr(os, "register_at_fork")) os.attr("register_at_fork")("after_in_child"_a = m.attr("_after_fork"));
}

std::vector<std::string> isa_names() {
    const Kernels *list[kMaxKernelTables];
    const int n = list_kernels(list);
    std::vector<std::string> names;
    for (int i = 0; i < n; ++i) names.emplace_back(list[i]->name);
    return names;
}

} // namespace

NB_MODULE(_native, m) {
    m.doc() = "Native kernels; see imagegs.rendering and imagegs.fitting for the public calls.";
#ifdef NDEBUG
    nb::set_leak_warnings(false); // a daemon thread at exit keeps what it works with
#endif
    follow_main_thread(m);
    m.attr("TILE") = kTile;
    m.attr("PAPER_TOP_K") = kPaperTopK;
    m.attr("PAPER_RADIUS") = kPaperRadius;
    m.attr("PAPER_EPSILON") = kPaperEpsilon;
    m.attr("SOFTMAX_TOP_K") = kSoftmaxTopK;
    m.attr("DIAGONAL_SUMS") = kDiagonalSums;
    m.attr("SOFTMAX_CUTOFF") = kSoftmaxCutoff;
    m.def("isa_names", &isa_names);
    m.def("seconds_left", &seconds_left);
    m.def("set_seconds_left", &set_seconds_left, "seconds"_a);
    nb::register_exception_translator([](const std::exception_ptr &error, void *) {
        try {
            std::rethrow_exception(error);
        } catch (const OutOfTime &) {
            PyErr_SetString(PyExc_TimeoutError, "more seconds than were given");
        }
    });
    m.def("link_over", &link_over_of, "file"_a, "temporary"_a, "target"_a);

    nb::class_<Engine>(m, "Engine")
        .def(
            "__init__",
            [](Engine *self, int threads, const std::string &isa) { new (self) Engine(threads, isa, check_signals); },
            "threads"_a, "isa"_a)
        .def_prop_ro("threads", [](const Engine &e) { return e.pool.threads(); })
        .def_prop_ro("isa", [](const Engine &e) { return e.kernels->name; })
        .def("loss", &loss_of, "picture"_a, "target"_a, "pixel_weights"_a.none(), "gradient"_a, "l1"_a, "l2"_a,
             "ssim"_a)
        .def("adam", &adam_step, "value"_a, "gradient"_a, "mean"_a, "square"_a, "rates"_a.none(), "rate"_a, "beta1"_a,
             "beta2"_a, "epsilon"_a, "step"_a);

    m.attr("LOWEST_SCALE") = kLowestScale;
    m.attr("FIRST_COLOR") = int(kFirstColor);
    nb::class_<Lattice>(m, "Lattice")
        .def(
            "__init__",
            [](Lattice *self, int scales_an_octave, int position, int angle, int weight, int color, int cell) {
                new (self) Lattice(lattice_of(scales_an_octave, position, angle, weight, color, cell));
            },
            "scales_an_octave"_a, "position"_a, "angle"_a, "weight"_a, "color"_a, "cell"_a)
        .def("steps", &lattice_steps, "table"_a, "out"_a);
    nb::class_<LayerCoder>(m, "LayerCoder")
        .def("__init__", &make_layer_coder, "lattice"_a, "width"_a, "height"_a, "channels"_a, "weights"_a)
        .def("encode", &encode_layer, "table"_a)
        .def("decode", &decode_layer, "data"_a, "table"_a, "count_bits"_a);

    nb::class_<Scene>(m, "Scene")
        .def(nb::init<>())
        .def("update", &update, "engine"_a, "blend"_a, "wrap"_a, "width"_a, "height"_a, "xy"_a, "scale"_a, "angle"_a,
             "log_weight"_a, "color"_a)
        .def("render", &render, "engine"_a, "out"_a, "x0"_a, "y0"_a, "step_x"_a, "step_y"_a, "planar"_a, "keep"_a,
             "samples_x"_a = 1, "samples_y"_a = 1)
        .def("gradient", &gradient, "engine"_a, "out"_a, "color_gradient"_a, "xy"_a, "scale"_a, "angle"_a,
             "log_weight"_a, "color"_a)
        .def("squared_error", &squared_error, "engine"_a, "target"_a, "pixel_weights"_a.none(), "xy"_a, "scale"_a,
             "angle"_a, "log_weight"_a, "color"_a)
        .def("normal_product", &normal_product, "engine"_a, "out"_a, "pixel_weights"_a.none(), "tangent"_a, "product"_a)
        .def("normal_diagonal", &normal_diagonal, "engine"_a, "out"_a, "pixel_weights"_a.none(), "sums"_a)
        .def("removal_cost", &removal_cost, "engine"_a, "out"_a, "pixel_weights"_a.none(), "residual"_a, "cost"_a)
        .def("sample", &sample, "engine"_a, "xy"_a, "out"_a)
        .def("most_pairs", &most_pairs_of, "engine"_a, "width"_a, "height"_a, "x0"_a, "y0"_a, "step_x"_a, "step_y"_a,
             "samples_x"_a, "samples_y"_a, "enough"_a)
        .def("multiply_adds", &multiply_adds, "engine"_a, "most_work"_a)
        .def("tile_lists", &tile_lists, "engine"_a, "side"_a, "most_ids"_a)
        .def("shapes", &shapes, "out"_a)
        .def_prop_ro("tile_candidates", [](const Scene &s) { return s.pair_counts().tile_candidates; })
        .def_prop_ro("tiles", [](const Scene &s) { return s.pair_counts().tiles; });
}
