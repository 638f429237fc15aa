// The module imagegs._native: the thread that handles signals, and the bindings of each folder.
#include <stdexcept>

#include "core/pool.h"
#include "python/bindings.h"

using namespace imagegs;

namespace {

void follow_main_thread(nb::module_ &m) {
    MainThread::set(nb::cast<unsigned long>(nb::module_::import_("threading").attr("main_thread")().attr("ident")));
    m.def("_after_fork", &MainThread::set_to_this);
    const nb::module_ os = nb::module_::import_("os");
    if (nb::hasattr(os, "register_at_fork")) os.attr("register_at_fork")("after_in_child"_a = m.attr("_after_fork"));
}

} // namespace

NB_MODULE(_native, m) {
    m.doc() = "Native kernels; see imagegs.rendering and imagegs.fitting for the public calls.";
#ifdef NDEBUG
    nb::set_leak_warnings(false); // a daemon thread at exit keeps its objects
#endif
    follow_main_thread(m);
    nb::register_exception_translator([](const std::exception_ptr &error, void *) {
        try {
            std::rethrow_exception(error);
        } catch (const OutOfTime &) {
            PyErr_SetString(PyExc_TimeoutError, "more seconds than were given");
        }
    });
    bind_core(m);
    bind_render(m);
    bind_training(m);
    bind_entropy(m);
}
