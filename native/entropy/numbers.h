// The coder of whole numbers in adaptive contexts: each number is a few binary decisions (model.h).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "entropy/model.h"

namespace imagegs {

constexpr int kNodes = 64;      // the most decisions of one integer
constexpr int kClasses = 16;    // the values that a context can have
constexpr int kMostDigits = 24; // magnitudes are below 2^24

// The counters of one kind of number: without a context, and in each of two contexts.
struct Contexts {
    std::array<Counter, kNodes> alone;
    std::array<std::array<Counter, kNodes>, kClasses> first, second;
    std::array<Mixer, kNodes> mixers;
};

template <class Coder> class NumberCoder {
public:
    NumberCoder(Coder &coder, bool counts_bits) : modeler_(coder, counts_bits) {}

    // Codes a value 0 .. n - 1, n <= 8, by halving.
    uint32_t symbol(uint32_t value, uint32_t n, Contexts &c, int first, int second) {
        uint32_t low = 0;
        int node = 1;
        while (n > 1) {
            const uint32_t half = n / 2;
            const int upper = decide(value >= low + half, c, node, first, second);
            if (upper) low += half, n -= half;
            else n = half;
            node = 2 * node + upper;
        }
        return low;
    }

    // Codes whether the number is 0, its sign, and its magnitude.
    int64_t integer(int64_t value, Contexts &c, int first, int second) {
        if (!decide(value != 0, c, 0, first, second)) return 0;
        const int negative = decide(value < 0, c, 1, first, second);
        const int64_t m = magnitude(value < 0 ? -value : value, c, first, second);
        return negative ? -m : m;
    }

    int64_t natural(int64_t value, Contexts &c, int first, int second) {
        return decide(value != 0, c, 0, first, second) ? magnitude(value, c, first, second) : 0;
    }

    uint32_t uniform(uint32_t value, uint32_t n) { return modeler_.code_uniform(value, n); }
    double take_bits() { return modeler_.take_bits(); }

private:
    // Codes one decision of a number in its contexts.
    int decide(int bit, Contexts &c, int node, int first, int second) {
        const Counters counters = {&c.alone[size_t(node)], &c.first[size_t(first)][size_t(node)],
                                   &c.second[size_t(second)][size_t(node)]};
        return modeler_.code(bit, counters, c.mixers[size_t(node)]);
    }

    // Codes a number of 1 or more: first how many binary digits it has, then the digits after the first. Only two of
    // these have contexts.
    int64_t magnitude(int64_t m, Contexts &c, int first, int second) {
        const int digits = std::bit_width(uint64_t(m));
        int n = 1;
        while (n < kMostDigits && decide(digits > n, c, 1 + n, first, second)) ++n;
        int64_t found = 1;
        for (int k = n - 2; k >= 0; --k) {
            const int digit = int(m >> k & 1), place = n - 2 - k;
            if (place == 0) found = 2 * found + decide(digit, c, 26 + std::min(n, 12), first, second);
            else if (place == 1)
                found = 2 * found + decide(digit, c, 38 + 2 * std::min(n, 12) + int(found & 1), first, second);
            else found = 2 * found + modeler_.code_uniform(uint32_t(digit), 2);
        }
        return found;
    }

    Modeler<Coder> modeler_;
};

} // namespace imagegs
