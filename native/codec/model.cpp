#include "model.h"

#include <cmath>

namespace imagegs {

namespace {

// round(4096 / (1 + e^(-k / 2))) for k = -16 .. 16, at most 4095.
constexpr int kSquash[33] = {1,    2,    4,    6,    10,   17,   27,   45,   74,   120,  194,
                             311,  488,  747,  1102, 1546, 2048, 2550, 2994, 3349, 3608, 3785,
                             3902, 3976, 4022, 4051, 4069, 4079, 4086, 4090, 4092, 4094, 4095};

struct Tables {
    int16_t stretch[4096];
    float bits[4097];

    Tables() {
        int x = -2047;
        for (int p = 0; p < 4096; ++p) {
            while (x < 2047 && squash(x) < p) ++x;
            stretch[p] = int16_t(x);
        }
        for (int p = 0; p <= 4096; ++p) bits[p] = -std::log2(float(p < 1 ? 1 : p) / 4096);
    }
};

const Tables tables;

} // namespace

int squash(int x) {
    const int at = (x + 2048) >> 7, rest = (x + 2048) & 127;
    return (kSquash[at] * (128 - rest) + kSquash[at + 1] * rest + 64) >> 7;
}

int stretch(int p) { return tables.stretch[p]; }
float bits_of(int p) { return tables.bits[p]; }

} // namespace imagegs
