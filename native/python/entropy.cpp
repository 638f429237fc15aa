// Bindings of entropy/: the lattice and the coder of layers.
#include <cmath>

#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

#include "entropy/layer.h"
#include "entropy/numbers.h"
#include "python/bindings.h"

namespace imagegs {

namespace {

using Doubles = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

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

// `wanted` and `worth` are finite, below 2^24, and have a row for each of the table's, a column for each channel.
void choose_colors(LayerCoder &coder, Table table, Doubles wanted, Doubles worth) {
    const size_t n = table.shape(0), channels = size_t(coder.columns()) - kFirstColor;
    require(table.shape(1) == size_t(coder.columns()) && n >= 1 && n < (size_t(1) << 31),
            "the table has another number of columns, or no rows");
    for (const Doubles &each : {wanted, worth})
        require(each.shape(0) == n && each.shape(1) == channels, "arrays disagree in shape");
    for (size_t i = 0; i < n * channels; ++i)
        require(std::abs(wanted.data()[i]) < double(1 << kMostDigits) && std::isfinite(worth.data()[i]),
                "a wish is out of range");
    const GilReleased released;
    coder.choose_colors(table.data(), uint32_t(n), {wanted.data(), worth.data()});
}

// Fills the table. Returns the reason why the bytes are no valid layer, or null, and the bits of each column if wanted.
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

// Computes `out` (rows, 6) from the columns kShorter, kRatio, kWeight and kAngle: weight step, log-weight, angles,
// colour step, bits of the place x and y; see lattice.h. An angle beyond `angles` counts as the last one.
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

} // namespace

void bind_entropy(nb::module_ &m) {
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
        .def("choose_colors", &choose_colors, "table"_a, "wanted"_a, "worth"_a)
        .def("decode", &decode_layer, "data"_a, "table"_a, "count_bits"_a);
}

} // namespace imagegs
