// Bindings of core/: the engine, time limits, the numbers of the blends, and link_over.
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "core/constants.h"
#include "core/engine.h"
#include "core/link_over.h"
#include "core/memory.h"
#include "python/bindings.h"

namespace imagegs {

namespace {

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

std::vector<std::string> isa_names() {
    const Kernels *list[kMaxKernelTables];
    const int n = list_kernels(list);
    std::vector<std::string> names;
    for (int i = 0; i < n; ++i) names.emplace_back(list[i]->name);
    return names;
}

} // namespace

void bind_core(nb::module_ &m) {
    m.attr("TILE") = kTile;
    m.attr("PAPER_TOP_K") = kPaperTopK;
    m.attr("PAPER_RADIUS") = kPaperRadius;
    m.attr("PAPER_EPSILON") = kPaperEpsilon;
    m.attr("SOFTMAX_TOP_K") = kSoftmaxTopK;
    m.attr("SOFTMAX_CUTOFF") = kSoftmaxCutoff;
    m.def("isa_names", &isa_names);
    m.def("seconds_left", &seconds_left);
    m.def("set_seconds_left", &set_seconds_left, "seconds"_a);
    m.def("give_back_memory", [] {
        const GilReleased released;
        give_back_memory();
    });
    m.def("link_over", &link_over_of, "file"_a, "temporary"_a, "target"_a);

    nb::class_<Engine>(m, "Engine")
        .def(
            "__init__",
            [](Engine *self, int threads, const std::string &isa) { new (self) Engine(threads, isa, check_signals); },
            "threads"_a, "isa"_a)
        .def_prop_ro("threads", [](const Engine &e) { return e.pool.threads(); })
        .def_prop_ro("isa", [](const Engine &e) { return e.kernels->name; });
}

} // namespace imagegs
