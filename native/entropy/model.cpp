#include "entropy/model.h"

#include <cmath>

namespace imagegs {

namespace {

struct Costs {
    float bits[4097];

    Costs() {
        for (int p = 0; p <= 4096; ++p) bits[p] = -std::log2(float(p < 1 ? 1 : p) / 4096);
    }
};

const Costs costs;

} // namespace

float bits_of(int p) { return costs.bits[p]; }

} // namespace imagegs
