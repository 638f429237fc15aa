// Adaptive probabilities: counters, mixed in the logistic domain (Mahoney 2005, "Adaptive weighing of context models"),
// in integers only, so that every machine arrives at the same numbers.
//
// A binary decision is seen in kContexts contexts at once. Each has a counter; their probabilities are stretched,
// ln(p / (1 - p)), weighed, summed and squashed. Weights learn from the error of the sum.
//
// To read a file takes some 60 such decisions for each Gaussian, one after the other. So everything here is inlined,
// and decisions look numbers up rather than compute them.
#pragma once

#include <utility>

#include "entropy/learn.h"
#include "entropy/range_coder.h"

namespace imagegs {

constexpr int kMostStretched = 2047;

// 4096 / (1 + e^(-x / 256)) for |x| <= kMostStretched, linear between every 128th x.
constexpr int squash(int x) {
    // round(4096 / (1 + e^(-k / 2))) for k = -16 .. 16, at most 4095.
    constexpr int points[33] = {1,    2,    4,    6,    10,   17,   27,   45,   74,   120,  194,
                                311,  488,  747,  1102, 1546, 2048, 2550, 2994, 3349, 3608, 3785,
                                3902, 3976, 4022, 4051, 4069, 4079, 4086, 4090, 4092, 4094, 4095};
    const int at = (x + 2048) >> 7, rest = (x + 2048) & 127;
    return (points[at] * (128 - rest) + points[at + 1] * rest + 64) >> 7;
}

struct ModelTables {
    int16_t squashed[2 * kMostStretched + 1]; // of x, at x + kMostStretched
    int16_t stretched[4096];                  // the inverse: for p the least x with squash(x) >= p
};

constexpr ModelTables make_model_tables() {
    ModelTables t{};
    for (int x = -kMostStretched; x <= kMostStretched; ++x) t.squashed[x + kMostStretched] = int16_t(squash(x));
    for (int p = 0, x = -kMostStretched; p < 4096; ++p) {
        while (x < kMostStretched && squash(x) < p) ++x;
        t.stretched[p] = int16_t(x);
    }
    return t;
}

inline constexpr ModelTables kTables = make_model_tables();

// The bits that an event of probability p / 4096 takes; for reports and for choices of encoders.
float bits_of(int p);

// Of a 1 in its contexts, in 1/4096: 1 .. 4095. `inputs` become what each context says.
inline int probability_of_one(const Counters &counters, const Mixer &mixer, Inputs &inputs) {
    int64_t sum = 0;
    for (size_t i = 0; i < kContexts; ++i) {
        inputs[i] = kTables.stretched[counters[i]->bits >> 20];
        sum += int64_t(mixer.weights[i]) * inputs[i];
    }
    const int mixed = int(sum >> 16);
    const int x = mixed < -kMostStretched ? -kMostStretched : mixed > kMostStretched ? kMostStretched : mixed;
    return kTables.squashed[x + kMostStretched];
}

template <class Coder> class Modeler {
public:
    // `counts`: whether take_bits() will be called.
    Modeler(Coder &coder, bool counts) : coder_(coder), counts_(counts) {}

    // Codes one decision in its contexts, and returns it.
    int code(int bit, const Counters &counters, Mixer &mixer) {
        Inputs inputs;
        const int p = probability_of_one(counters, mixer, inputs);
        bit = coder_.code(bit, uint32_t(p) << 4);
        if (counts_) bits_ += bits_of(bit ? p : 4096 - p);
        learn(counters, mixer, inputs, bit, (bit << 12) - p);
        return bit;
    }

    // Codes a value 0 .. n - 1, all equally likely; n <= 2^31.
    uint32_t code_uniform(uint32_t value, uint32_t n) {
        uint32_t low = 0;
        while (n > 1) { // the lower part has half of the values, rounded down
            const uint32_t half = n / 2;
            const uint32_t upper = coder_.code(value >= low + half, uint32_t((uint64_t(n - half) << 16) / n));
            if (counts_) bits_ += 1;
            if (upper) low += half, n -= half;
            else n = half;
        }
        return low;
    }

    // The bits coded since the last call; those of uniform values are approximate.
    double take_bits() { return std::exchange(bits_, 0.0); }

private:
    Coder &coder_;
    const bool counts_;
    double bits_ = 0;
};

} // namespace imagegs
