// The prediction of a channel's next colour, between the usual colour of the channel and that of the neighbours.
//
// Which of the two predicts better depends on the picture and the channel: fitted colours next to each other may be
// almost independent, and then their mean only adds noise. So there are kGuesses points from one to the other, and the
// one with the least recent error, in bits, is taken.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>

namespace imagegs {

constexpr int kGuesses = 5;
constexpr int kUsualWindow = 64; // Gaussians
constexpr int kCostShift = 8;    // costs are means over about 2^8 Gaussians

// Colours are in the units of LayerCoder::State::colors.
struct Guess {
    int64_t usual = 0, seen = 0;
    std::array<int64_t, kGuesses> values{}, costs{};

    void between(int64_t around) {
        for (int k = 0; k < kGuesses; ++k) values[size_t(k)] = usual + (((around - usual) * k) >> 2);
    }

    int64_t best() const { return values[size_t(std::min_element(costs.begin(), costs.end()) - costs.begin())]; }

    void learn(int64_t value, int64_t step) {
        for (size_t k = 0; k < kGuesses; ++k) {
            const uint64_t off = uint64_t(std::abs(value - values[k]) + step);
            const int digits = int(std::bit_width(off));
            const int64_t cost = 16 * digits + int64_t((off << 5) >> digits); // about 16 log2(off)
            costs[k] += ((cost << 10) - costs[k]) >> kCostShift;
        }
        usual += (value - usual) / std::min<int64_t>(++seen, kUsualWindow);
    }
};

} // namespace imagegs
