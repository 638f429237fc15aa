// Bindings of render/: a scene, what it paints, samples and counts.
#include <memory>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>

#include "python/bindings.h"
#include "python/places.h"
#include "render/scene.h"

namespace imagegs {

namespace {

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
    scene.update(engine, Blend(blend), wrap, width, height,
                 {uint32_t(n), int(channels), xy.data(), scale.data(), angle.data(), log_weight.data(), color.data()});
}

Sample sample_of(const nb::dlpack::dtype &type) {
    if (type == nb::dtype<float>()) return Sample::kFloat;
    if (type == nb::dtype<uint8_t>()) return Sample::kUint8;
    if (type == nb::dtype<uint16_t>()) return Sample::kUint16;
    throw nb::type_error("pictures are float32, uint8 or uint16");
}

void require_samples(int samples_x, int samples_y) {
    for (int samples : {samples_x, samples_y})
        require(samples >= 1 && samples <= kTile, "1 to 16 samples are possible");
}

// out is (channels, height, width) if planar, else (height, width, channels). Each pixel is the mean of samples_x x
// samples_y samples.
void render(Scene &scene, Engine &engine, AnyPicture out, int x0, int y0, float step_x, float step_y, bool planar,
            int samples_x, int samples_y) {
    const size_t height = out.shape(planar ? 1 : 0), width = out.shape(planar ? 2 : 1),
                 channels = out.shape(planar ? 0 : 2);
    require(scene.gaussians()->count > 0, "the scene is empty");
    require(channels == size_t(scene.gaussians()->channels), "the picture has another number of channels");
    const Grid grid = grid_of(width, height, x0, y0, step_x, step_y);
    require_samples(samples_x, samples_y);
    const bool filtered = samples_x > 1 || samples_y > 1;
    Picture picture{out.data(), sample_of(out.dtype()), channels, width * channels, 1};
    if (planar) picture.column_stride = 1, picture.row_stride = width, picture.channel_stride = width * height;
    const GilReleased released;
    if (filtered) scene.render_filtered(engine, grid, {samples_x, samples_y}, picture);
    else scene.render(engine, grid, picture);
}

// An upper bound on the (tile, Gaussian) pairs of a picture that `render` would paint.
uint64_t most_pairs_of(const Scene &scene, Engine &engine, size_t width, size_t height, int x0, int y0, float step_x,
                       float step_y, int samples_x, int samples_y, uint64_t enough) {
    require(scene.gaussians()->count > 0, "the scene is empty");
    const Grid grid = grid_of(width, height, x0, y0, step_x, step_y);
    require_samples(samples_x, samples_y);
    const GilReleased released;
    return scene.most_pairs(engine, grid, {samples_x, samples_y}, enough);
}

void sample(Scene &scene, Engine &engine, In<2> xy, Out<2> out) {
    require(scene.gaussians()->count > 0, "the scene is empty");
    require_points(xy);
    require(out.shape(0) == xy.shape(0) && out.shape(1) == size_t(scene.gaussians()->channels),
            "arrays disagree in shape");
    const GilReleased released;
    scene.sample(engine, xy.data(), xy.shape(0), out.data());
}

// The multiply-adds of a pixel, on average and at most.
std::optional<std::pair<double, double>> multiply_adds(Scene &scene, Engine &engine, uint64_t most_work) {
    require(scene.gaussians()->count > 0, "the scene is empty");
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
    std::vector<uint32_t> &numbers = *kept.release(); // owned by the capsule from here on
    return Ids(numbers.data(), {numbers.size()}, owner);
}

// Returns the numbers of columns and rows of tiles, offsets and ids.
std::optional<std::tuple<int, int, Ids, Ids>> tile_lists(Scene &scene, Engine &engine, int side, uint64_t most_ids) {
    require(scene.gaussians()->count > 0, "the scene is empty");
    require(side >= 1 && side <= 65535, "a tile has 1 to 65535 canvas pixels a side");
    require(scene.gaussians()->blend != Blend::kPaper || side == kTile, "the paper blend has tiles of one size");
    require(most_ids < (uint64_t(1) << 32), "offsets have 32 bits");
    const auto tiles = [side](int length) { return uint64_t((length + side - 1) / side); };
    require(tiles(scene.gaussians()->width()) * tiles(scene.gaussians()->height()) < (uint64_t(1) << 31),
            "too many tiles");
    std::optional<TileLists> found;
    {
        const GilReleased released;
        found = scene.tile_lists(engine, side, most_ids);
    }
    if (!found) return std::nullopt;
    return std::tuple{found->columns, found->rows, to_numpy(std::move(found->offsets)),
                      to_numpy(std::move(found->ids))};
}

void elongations(In<2> scale, Out<1> out) {
    require(scale.shape(1) == 2 && out.shape(0) == scale.shape(0), "a number for two scales each is needed");
    for (size_t i = 0; i < out.shape(0); ++i) out.data()[i] = elongation_of(scale.data() + 2 * i);
}

// Fills `out` (N, 7) with the shapes of gaussian.h: centre, the rows of W, log-weight.
void shapes(const Scene &scene, Out<2> out) {
    require(out.shape(0) == scene.gaussians()->count && out.shape(1) == 7, "7 numbers a Gaussian are needed");
    for (uint32_t i = 0; i < scene.gaussians()->count; ++i) {
        const Shape &s = scene.gaussians()->shapes[i];
        const float values[7] = {s.x, s.y, s.ux, s.uy, s.vx, s.vy, s.log_weight};
        std::copy_n(values, 7, out.data() + size_t(i) * 7);
    }
}

} // namespace

void bind_render(nb::module_ &m) {
    m.def("elongations", &elongations, "scale"_a, "out"_a);
    nb::class_<Scene>(m, "Scene")
        .def(nb::init<>())
        .def("update", &update, "engine"_a, "blend"_a, "wrap"_a, "width"_a, "height"_a, "xy"_a, "scale"_a, "angle"_a,
             "log_weight"_a, "color"_a)
        .def("render", &render, "engine"_a, "out"_a, "x0"_a, "y0"_a, "step_x"_a, "step_y"_a, "planar"_a,
             "samples_x"_a = 1, "samples_y"_a = 1)
        .def("sample", &sample, "engine"_a, "xy"_a, "out"_a)
        .def("most_pairs", &most_pairs_of, "engine"_a, "width"_a, "height"_a, "x0"_a, "y0"_a, "step_x"_a, "step_y"_a,
             "samples_x"_a, "samples_y"_a, "enough"_a)
        .def("multiply_adds", &multiply_adds, "engine"_a, "most_work"_a)
        .def("tile_lists", &tile_lists, "engine"_a, "side"_a, "most_ids"_a)
        .def("shapes", &shapes, "out"_a)
        .def_prop_ro("tile_candidates", [](const Scene &s) { return s.pair_counts().tile_candidates; })
        .def_prop_ro("tiles", [](const Scene &s) { return s.pair_counts().tiles; });
}

} // namespace imagegs
