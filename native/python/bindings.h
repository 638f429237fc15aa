// Shared by all files of bindings: the types of arrays that come from Python, and the check of arguments. Each file
// checks the arguments of one folder's calls, and releases the GIL around them. It computes nothing.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "python/gil.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace imagegs {

template <int Dimensions> using In = nb::ndarray<const float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
template <int Dimensions> using Out = nb::ndarray<float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
using AnyPicture = nb::ndarray<nb::ndim<3>, nb::c_contig, nb::device::cpu>;

using Table = nb::ndarray<int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using TableIn = nb::ndarray<const int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

inline void require(bool ok, const char *message) {
    if (!ok) throw nb::value_error(message);
}

// Each function adds the names of one folder to the module.
void bind_core(nb::module_ &);
void bind_render(nb::module_ &);
void bind_training(nb::module_ &);
void bind_entropy(nb::module_ &);

} // namespace imagegs
