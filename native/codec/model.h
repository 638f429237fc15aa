// Adaptive probabilities: counters, mixed in the logistic domain (Mahoney 2005, "Adaptive weighing of context models"),
// in integers only, so that every machine arrives at the same numbers.
//
// A binary decision is seen in kContexts contexts at once. Each has a counter; their probabilities are stretched,
// ln(p / (1 - p)), weighed, summed and squashed. Weights learn from the error of the sum.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "range_coder.h"

namespace imagegs {

constexpr int kContexts = 3;

struct Counter {
    uint16_t one = 1 << 15; // probability of a 1, in 1/65536
    uint16_t seen = 0;      // decisions, up to kMostSeen
};
constexpr int kMostSeen = 120;

struct Mixer {
    std::array<int32_t, kContexts> weights = {20000, 20000, 20000}; // in 1/65536
};

// 4096 / (1 + e^(-x / 256)) for |x| <= 2047, by lines between every 128th.
int squash(int x);
// Its inverse for 0 <= p < 4096: the least x with squash(x) >= p.
int stretch(int p);
// What an event of probability p / 4096 costs; for reports only.
float bits_of(int p);

template <class Coder> class Modeler {
public:
    explicit Modeler(Coder &coder) : coder_(coder) {}

    // Codes one decision in its contexts; returns it.
    int code(int bit, const std::array<Counter *, kContexts> &counters, Mixer &mixer) {
        int inputs[kContexts];
        int64_t sum = 0;
        for (int i = 0; i < kContexts; ++i) {
            inputs[i] = stretch(counters[i]->one >> 4);
            sum += int64_t(mixer.weights[i]) * inputs[i];
        }
        const int mixed = int(sum >> 16);
        const int p = squash(mixed < -2047 ? -2047 : mixed > 2047 ? 2047 : mixed); // 1 .. 4095
        bit = coder_.code(bit, uint32_t(p) << 4);
        bits_ += bits_of(bit ? p : 4096 - p);
        const int error = ((bit << 12) - p) * kLearning;
        for (int i = 0; i < kContexts; ++i) {
            const int32_t w = mixer.weights[i] + ((inputs[i] * error + (1 << 13)) >> 14);
            mixer.weights[i] = w < -kMostWeight ? -kMostWeight : w > kMostWeight ? kMostWeight : w;
            learn(*counters[i], bit);
        }
        return bit;
    }

    // A value 0 .. n - 1, all equally likely; n <= 2^31.
    uint32_t code_uniform(uint32_t value, uint32_t n) {
        uint32_t low = 0;
        while (n > 1) { // the lower part has half of the values, rounded down
            const uint32_t half = n / 2;
            const uint32_t upper = coder_.code(value >= low + half, uint32_t((uint64_t(n - half) << 16) / n));
            bits_ += 1;
            if (upper) low += half, n -= half;
            else n = half;
        }
        return low;
    }

    // What has been coded since the last call; of uniform values about.
    double take_bits() { return std::exchange(bits_, 0.0); }

private:
    static constexpr int kLearning = 10;
    static constexpr int32_t kMostWeight = 1 << 20;

    static void learn(Counter &c, int bit) {
        const int target = bit ? 65535 : 0;
        c.one = uint16_t(c.one + (target - c.one) / (c.seen + 2));
        c.one = c.one < 32 ? 32 : c.one > 65503 ? 65503 : c.one;
        c.seen = uint16_t(c.seen + (c.seen < kMostSeen));
    }

    Coder &coder_;
    double bits_ = 0;
};

} // namespace imagegs
