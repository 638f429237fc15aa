// The sizes of tiles, and the numbers that define the two blends. Python has them from here (python/core.cpp). The
// library for web pages has its own copy (src/imagegs/web/constants.js), which tests/test_web_module.py compares.
#pragma once

namespace imagegs {

constexpr int kTile = 16; // side of a tile, pixels
constexpr int kTilePixels = kTile * kTile;
constexpr int kQuarter = kTile / 2; // side of a quarter of a tile
constexpr int kQuarterPixels = kQuarter * kQuarter;
constexpr int kMaxChannels = 32;

// "paper" blend: Image-GS (SIGGRAPH 2025), section 3.
constexpr int kPaperTopK = 10;         // Gaussians that a pixel keeps
constexpr float kPaperRadius = 3.0f;   // half side of the square that is seen, in standard deviations
constexpr float kPaperEpsilon = 1e-4f; // added to the sum of weights

// "softmax" blend.
constexpr int kSoftmaxTopK = 10;       // Gaussians that a pixel keeps
constexpr float kSoftmaxCutoff = 7.0f; // nats below the best exponent of a pixel that it still sees

} // namespace imagegs
