// Gaussians at random, for the tests of scenes.
#pragma once

#include <cstdint>
#include <vector>

struct Numbers {
    uint32_t n;
    int channels;
    std::vector<float> xy, scale, angle, log_weight, color;
};

enum class Kind { kOrdinary, kExtreme, kEqual };

Numbers make_numbers(uint32_t n, int channels, int width, int height, Kind kind);
