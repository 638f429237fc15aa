// The lattice of the numbers of a Gaussian in a file: how fine each number is follows from those decoded before it.
//
// A number needs fewer digits where less of the picture depends on it. Over fitted pictures the curvature of the
// squared error follows the sizes l0 >= l1 (the scales' logarithms) and the log-weight w of a Gaussian closely, for
// instance e^(0.86 (l0 + l1) + 0.32 w) for its colour; steps are its inverse square root (docs/experiments.md).
// Everything here is in integers, so that all machines agree: exponents of 2 in sixteenths, log-weights in sixteenths
// of a nat.
#pragma once

#include <cstdint>

namespace imagegs {

// The part that each file sets: the steps of a round Gaussian of 1 px and log-weight 0, as exponents of 2 in
// sixteenths.
struct Lattice {
    int scales_an_octave; // steps of log2(scale)
    int position, angle, weight, color;
    int cell; // positions: cells of 2^cell pixels
};

constexpr int kLowestScale = -10; // log2 of the scale of step 0, pixels

// 2^(k / 16) in 1/65536, for k = 0 .. 15.
constexpr uint32_t kSixteenths[16] = {65536, 68438, 71468,  74632,  77936,  81386,  84990,  88752,
                                      92682, 96785, 101070, 105545, 110218, 115098, 120194, 125515};

// 2^(exponent / 16) in 1/65536; exponents are clipped to -256 .. 320.
inline int64_t power(int exponent) {
    exponent = exponent < -256 ? -256 : exponent > 320 ? 320 : exponent;
    const int octave = exponent >> 4;
    const int64_t fraction = kSixteenths[exponent & 15];
    return octave < 0 ? fraction >> -octave : fraction << octave;
}

// The steps of one Gaussian.
struct Steps {
    int weight;         // exponent of 2 in sixteenths
    int color;          // exponent of 2 in sixteenths
    uint32_t angles;    // the number of equal steps in 0 .. pi
    int bits_x, bits_y; // of the place in the cell
};

// What follows from the scales of a Gaussian: `shorter` in steps, and `ratio`, by how many steps the longer axis is
// longer.
struct Sizes {
    int l0, l1;     // log2 of the scales, longer first, in sixteenths
    int elongation; // log2(s0 / s1 - s1 / s0) in sixteenths: how fast the exponent changes with the angle
};

inline Sizes sizes_of(const Lattice &lattice, int shorter, int ratio) {
    constexpr int elongations[13] = {-64, -24, -8, 2, 9, 16, 21, 26, 31, 35, 39, 43, 48};
    const int q = lattice.scales_an_octave;
    const auto log2_of = [q](int step) { return (step * 16 + q / 2) / q + 16 * kLowestScale; };
    const int quarters = (ratio * 4 + q / 2) / q;
    return {log2_of(shorter + ratio), log2_of(shorter), quarters < 13 ? elongations[quarters] : 4 * quarters};
}

inline int weight_step(const Lattice &lattice, const Sizes &s) { return lattice.weight - ((s.l0 + s.l1) >> 2); }

constexpr int kMostWeight = 16 * 128; // sixteenths of a nat

// The log-weight in sixteenths of a nat; -kMostWeight - 1 and kMostWeight + 1 stand for all numbers beyond.
inline int weight_of(int value, int step) {
    const int64_t w = (int64_t(value) * power(step)) >> 12;
    return int(w < -kMostWeight ? -kMostWeight - 1 : w > kMostWeight ? kMostWeight + 1 : w);
}

inline uint32_t angles_of(const Lattice &lattice, const Sizes &s, int weight) {
    const int step = lattice.angle - ((13 * (s.l0 + s.l1)) >> 6) - ((30 * weight) >> 8);
    const int64_t n = power(s.elongation - step) >> 16;
    return n < 1 ? 1 : n > 65536 ? 65536 : uint32_t(n);
}

inline int color_step(const Lattice &lattice, const Sizes &s, int weight) {
    return lattice.color - ((28 * (s.l0 + s.l1)) >> 6) - ((59 * weight) >> 8);
}

// The number of bits of the place in the cell, x and y, for angle number `angle` of `angles`.
inline void place_bits(const Lattice &lattice, const Sizes &s, int weight, uint32_t angle, uint32_t angles, int *bits_x,
                       int *bits_y) {
    // 16 log2 |cos|, for 32 sectors of 0 .. pi
    constexpr int cosines[32] = {0,   0,   -1,  -1,  -2,  -4,  -5,  -7, -9, -12, -15, -20, -25, -33, -44, -64,
                                 -64, -44, -33, -25, -20, -15, -12, -9, -7, -5,  -4,  -2,  -1,  -1,  0,   0};
    const int sector = int((uint64_t(2 * angle + 1) * 16) / angles);
    const int along = lattice.position + ((45 * s.l0 - 10 * s.l1) >> 6) - ((11 * weight) >> 8);
    const int across = lattice.position + ((48 * s.l1 - 13 * s.l0) >> 6) - ((11 * weight) >> 8);
    const int cosine = cosines[sector], sine = cosines[(sector + 16) & 31];
    // Of both axes of the Gaussian, the one that needs more bits in this direction decides.
    const auto bits = [&](int a, int b) {
        const int finest = a > b ? a : b, n = (16 * lattice.cell + finest + 8) >> 4;
        return n < 0 ? 0 : n > 20 ? 20 : n;
    };
    *bits_x = bits(cosine - along, sine - across);
    *bits_y = bits(sine - along, cosine - across);
}

} // namespace imagegs
