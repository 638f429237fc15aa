// The order of the 256 pixels of a tile in the kernels: blocks of `lanes` pixels, as square as possible (4 x 4, 4 x 2,
// 2 x 2, 1 x 1), so that the pixels of a block choose nearly the same Gaussians.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "core/constants.h"

namespace imagegs {

struct LaneOrder {
    int block_width, block_height;
    std::array<uint8_t, kTilePixels> x, y; // of each lane
    std::array<float, kTilePixels> fx, fy; // the same as numbers
};

// Orders the pixels of each square of `side` pixels, one square after the other: the whole tile, or its quarters.
constexpr LaneOrder make_lane_order(int lanes, int side) {
    LaneOrder order{};
    order.block_width = lanes >= 8 ? 4 : lanes >= 4 ? 2 : 1;
    order.block_height = lanes / order.block_width;
    int at = 0;
    const int across = kTile / side, blocks_across = side / order.block_width;
    const int blocks = blocks_across * (side / order.block_height);
    for (int block = 0; block < across * across * blocks; ++block) {
        const int square = block / blocks, inner = block % blocks;
        const int bx = square % across * side + inner % blocks_across * order.block_width;
        const int by = square / across * side + inner / blocks_across * order.block_height;
        for (int y = 0; y < order.block_height; ++y)
            for (int x = 0; x < order.block_width; ++x, ++at) {
                order.fx[at] = order.x[at] = uint8_t(bx + x);
                order.fy[at] = order.y[at] = uint8_t(by + y);
            }
    }
    return order;
}

struct LaneOrders {
    LaneOrder of[4];

    constexpr explicit LaneOrders(int side)
        : of{make_lane_order(1, side), make_lane_order(4, side), make_lane_order(8, side), make_lane_order(16, side)} {}

    const LaneOrder &operator[](int lanes) const { return of[lanes == 16 ? 3 : lanes == 8 ? 2 : lanes == 4 ? 1 : 0]; }
};

// The table is made by the compiler, because one made at its first use has a lock, which a fork may leave locked.
inline const LaneOrder &lane_order(int lanes) {
    static constexpr LaneOrders orders(kTile);
    return orders[lanes];
}

// The order in which the quarters of the tile follow each other.
inline const LaneOrder &quarter_order(int lanes) {
    static constexpr LaneOrders orders(kQuarter);
    return orders[lanes];
}

// Copies a tile between lane order and rows of `stride` values (contiguous along x).
template <int BlockWidth, bool ToRows, class Lanes, class Rows>
inline void copy_segments(const LaneOrder &order, Lanes *lanes, Rows *rows, size_t stride) {
    for (int at = 0; at < kTilePixels; at += BlockWidth) {
        Rows *row = rows + order.y[at] * stride + order.x[at];
        if constexpr (ToRows) std::memcpy(row, lanes + at, sizeof(float) * BlockWidth);
        else std::memcpy(lanes + at, row, sizeof(float) * BlockWidth);
    }
}

template <bool ToRows, class Lanes, class Rows>
inline void copy_tile(const LaneOrder &order, Lanes *lanes, Rows *rows, size_t stride) {
    switch (order.block_width) {
    case 4: return copy_segments<4, ToRows>(order, lanes, rows, stride);
    case 2: return copy_segments<2, ToRows>(order, lanes, rows, stride);
    default: return copy_segments<1, ToRows>(order, lanes, rows, stride);
    }
}

} // namespace imagegs
