// Native tests: every kernel of every instruction set against the scalar one, over odd sizes, many channels, extreme
// Gaussians and several thread counts. They run under AddressSanitizer and UndefinedBehaviorSanitizer too (make
// sanitize). Python compares the values themselves with a float64 twin (tests/test_rendering.py, test_gradients.py).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Counts a check, and prints one that fails.
void check(bool ok, const std::string &what);

// The share of values that differ by more than rounding explains. A few may, where two Gaussians are almost tied.
double share_apart(const std::vector<float> &a, const std::vector<float> &b, float tolerance);

// Numbers of 24 bits; the same ones on every machine.
inline uint32_t next_random(uint32_t &state) { return state = state * 1664525u + 1013904223u, state >> 8; }

// Each runs the tests of one instruction set.
void test_scenes(const std::string &isa);
void test_losses(const std::string &isa);
void test_visual_loss(const std::string &isa);
void test_adam(const std::string &isa);
void test_blur_planes(const std::string &isa);

void test_layers();
void test_damaged_layers();
void test_learning();
void test_pool();
