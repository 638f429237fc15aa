// What every call needs: the threads and the kernels for this processor.
#pragma once

#include <stdexcept>
#include <string>

#include "kernels.h"
#include "pool.h"

namespace imagegs {

struct Engine {
    Engine(int threads, const std::string &isa) : pool(threads), kernels(find_kernels(isa.c_str())) {
        if (!kernels) throw std::invalid_argument("no kernels named '" + isa + "' for this processor");
    }
    Pool pool;
    const Kernels *kernels;
};

} // namespace imagegs
