// The engine, which every call needs: the threads, and the kernels for this processor.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "core/kernels.h"
#include "core/pool.h"

namespace imagegs {

struct Engine {
    Engine(int threads, const std::string &isa, std::function<void()> poll = nullptr)
        : kernels(find(isa)), pool(threads, std::move(poll)) {}

    const Kernels *kernels;
    Pool pool;

private:
    static const Kernels *find(const std::string &isa) {
        if (const Kernels *kernels = find_kernels(isa.c_str())) return kernels;
        throw std::invalid_argument("no kernels named '" + isa + "' for this processor");
    }
};

} // namespace imagegs
