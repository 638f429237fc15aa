// An index that finds the Gaussians next to a place among those decoded so far. Its cost is bounded, and it is made
// anew for each layer.
//
// The canvas is divided into square bins; each remembers its last kBinSize Gaussians. The neighbours of a place are the
// kNeighbors nearest in its bin and the eight around it; of equally near ones the later. Where a file declares many
// more Gaussians than it holds (it may be cut short), only bins that hold some are stored.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace imagegs {

constexpr int kBinSize = 8, kNeighbors = 4;

struct Neighbor {
    uint32_t row;             // number of the Gaussian, in the order of decoding
    int64_t squared_distance; // unit: a quarter of a pixel, squared
};

struct Neighbors {
    int n = 0;
    std::array<Neighbor, kNeighbors> at{kNone, kNone, kNone, kNone}; // nearest first

    static constexpr Neighbor kNone{0, INT64_MAX};
};

class NeighborIndex {
public:
    // For so many Gaussians: bins are the smallest powers of two that hold four on average, but at least 4 px.
    NeighborIndex(int width, int height, size_t gaussians) {
        while (shift_ < 16 && (int64_t(gaussians) << (2 * shift_)) < 4 * int64_t(width) * height) ++shift_;
        across_ = ((width >> shift_) + 1), down_ = ((height >> shift_) + 1);
        bins_.resize(size_t(across_) * down_);
    }

    // Places are in quarters of a pixel.
    void add(uint32_t row, int32_t x, int32_t y) {
        Bin &bin = bins_[size_t(bin_of(y, down_)) * across_ + bin_of(x, across_)];
        bin.entries[bin.added++ % kBinSize] = {row, x, y};
    }

    // Visits bins from the middle outwards, because Gaussians that are found early rule out most other bins.
    Neighbors nearest(int32_t x, int32_t y) const {
        Neighbors found;
        const int bx = bin_of(x, across_), by = bin_of(y, down_);
        visit(found, bx, by, x, y);
        for (const auto &[i, j] : kAround) {
            const int column = bx + i, row = by + j;
            if (column < 0 || column >= across_ || row < 0 || row >= down_) continue;
            // The least distance to the bin. Places beyond the last bin belong to it, but lie farther out.
            const int64_t dx = i < 0 ? x - edge(bx) + 1 : i > 0 ? edge(column) - x : 0;
            const int64_t dy = j < 0 ? y - edge(by) + 1 : j > 0 ? edge(row) - y : 0;
            if (dx * dx + dy * dy <= found.at[kNeighbors - 1].squared_distance) visit(found, column, row, x, y);
        }
        return found;
    }

private:
    struct Entry {
        uint32_t row;
        int32_t x, y;
    };
    struct Bin {
        uint32_t added = 0;
        std::array<Entry, kBinSize> entries;
    };

    static constexpr int kAround[8][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-1, -1}, {1, -1}, {-1, 1}, {1, 1}};

    int bin_of(int32_t quarters, int n) const {
        const int bin = quarters >> (shift_ + 2);
        return bin < 0 ? 0 : bin < n ? bin : n - 1;
    }

    int32_t edge(int bin) const { return bin << (shift_ + 2); }

    void visit(Neighbors &found, int column, int row, int32_t x, int32_t y) const {
        const Bin &bin = bins_[size_t(row) * across_ + column];
        const int n = int(std::min<uint32_t>(bin.added, kBinSize));
        for (int k = 0; k < n; ++k) {
            const Entry &e = bin.entries[size_t(k)];
            const int64_t dx = e.x - x, dy = e.y - y;
            insert(found, {e.row, dx * dx + dy * dy});
        }
    }

    // Inserts a neighbour: at each place the nearer one stays, the farther one is carried on. It uses masks, because
    // branches would be predicted wrong every other time.
    static void insert(Neighbors &found, Neighbor carried) {
        if (before(found.at[kNeighbors - 1], carried)) return;
        for (Neighbor &held : found.at) {
            const int64_t swap = -int64_t(before(carried, held));
            const int64_t distances = (held.squared_distance ^ carried.squared_distance) & swap;
            const uint32_t rows = (held.row ^ carried.row) & uint32_t(swap);
            held.squared_distance ^= distances, carried.squared_distance ^= distances;
            held.row ^= rows, carried.row ^= rows;
        }
        found.n += found.n < kNeighbors;
    }

    static bool before(const Neighbor &a, const Neighbor &b) {
        return (a.squared_distance < b.squared_distance) |
               ((a.squared_distance == b.squared_distance) & (a.row > b.row));
    }

    int shift_ = 2, across_, down_;
    std::vector<Bin> bins_;
};

} // namespace imagegs
