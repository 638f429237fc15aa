// An encoder chooses a whole number with few bits that is not far from what would be best for the picture.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "entropy/numbers.h"

namespace imagegs {

// The bits of NumberCoder::integer(value) in its contexts, for one value after the other; the contexts do not learn.
class IntegerBits {
public:
    IntegerBits(Contexts &c, int first, int second) : c_(c), first_(size_t(first)), second_(size_t(second)) {}

    double of(int64_t value) {
        if (value == 0) return decision(0, 0);
        const uint64_t m = uint64_t(value < 0 ? -value : value);
        const int n = std::bit_width(m), place = std::min(n, 12);
        double bits = decision(0, 1) + decision(1, value < 0);
        for (int k = 1; k < n; ++k) bits += decision(1 + k, 1);
        if (n < kMostDigits) bits += decision(1 + n, 0);
        if (n >= 2) bits += decision(26 + place, int(m >> (n - 2) & 1));
        if (n >= 3) bits += decision(38 + 2 * place + int(m >> (n - 2) & 1), int(m >> (n - 3) & 1)) + (n - 3);
        return bits;
    }

private:
    double decision(int node, int bit) {
        int &p = ones_[size_t(node)];
        if (p == 0) {
            const size_t at = size_t(node);
            Inputs inputs;
            p = probability_of_one({&c_.alone[at], &c_.first[first_][at], &c_.second[second_][at]}, c_.mixers[at],
                                   inputs);
        }
        return double(bits_of(bit ? p : 4096 - p));
    }

    Contexts &c_;
    const size_t first_, second_;
    std::array<int, kNodes> ones_{}; // probabilities of a 1, in 1/4096, of the nodes that were asked for
};

// The number q with the least bits(q) + worth (q - wanted)^2: numbers farther than kReach from the nearest are not
// looked at, but for `expected`, which most contexts make cheap. Of equally good ones the nearest, then the lower.
template <class Bits> int64_t cheapest(double wanted, double worth, int64_t expected, Bits bits) {
    constexpr int kReach = 32;
    const auto distance = [&](int64_t q) { return worth * (double(q) - wanted) * (double(q) - wanted); };
    const int64_t nearest = std::llrint(wanted);
    int64_t found = nearest;
    double least = distance(nearest) + bits(nearest);
    const auto consider = [&](int64_t q) {
        const double cost = distance(q) + bits(q);
        if (cost < least) least = cost, found = q;
    };
    for (int side : {-1, 1})
        for (int k = 1; k <= kReach && distance(nearest + side * k) < least; ++k) consider(nearest + side * k);
    if (std::abs(expected) < int64_t(1) << kMostDigits) consider(expected); // else no number of a file
    return found;
}

} // namespace imagegs
