// Which Gaussians lie next to a place, of those decoded so far: an index of bounded cost.
//
// The canvas is divided into square bins; each remembers its last kBinSize Gaussians. The neighbours of a place are the
// kNeighbors nearest in its bin and the eight around it, of equally near ones the later. Where a file declares many
// more Gaussians than it holds (it may be cut short), only bins that hold some are stored.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace imagegs {

constexpr int kBinSize = 8, kNeighbors = 4;

struct Neighbor {
    uint32_t row;             // of all Gaussians, in the order of decoding
    int64_t squared_distance; // in quarters of a pixel
};

struct Neighbors {
    int n = 0;
    std::array<Neighbor, kNeighbors> at;
};

class NeighborIndex {
public:
    // Bins are the smallest powers of two that hold four Gaussians of `gaussians` on average, but at least 4 px. At
    // most `present` will be added.
    NeighborIndex(int width, int height, uint32_t gaussians, uint32_t present) {
        while (shift_ < 16 && (int64_t(gaussians) << (2 * shift_)) < 4 * int64_t(width) * height) ++shift_;
        across_ = ((width >> shift_) + 1), down_ = ((height >> shift_) + 1);
        const size_t bins = size_t(across_) * down_;
        sparse_ = bins > kFewBins && bins > present;
        if (!sparse_) bins_.resize(bins);
    }

    // Places are in quarters of a pixel.
    void add(uint32_t row, int32_t x, int32_t y) {
        const size_t at = size_t(bin_of(y, down_)) * across_ + bin_of(x, across_);
        Bin &bin = sparse_ ? filled_[at] : bins_[at];
        bin.entries[bin.added++ % kBinSize] = {row, x, y};
    }

    Neighbors nearest(int32_t x, int32_t y) const {
        Neighbors found;
        const int bx = bin_of(x, across_), by = bin_of(y, down_);
        for (int j = std::max(0, by - 1); j <= std::min(down_ - 1, by + 1); ++j)
            for (int i = std::max(0, bx - 1); i <= std::min(across_ - 1, bx + 1); ++i) {
                const Bin *bin = look_up(size_t(j) * across_ + i);
                const int n = bin ? int(std::min<uint32_t>(bin->added, kBinSize)) : 0;
                for (int k = 0; k < n; ++k) insert(found, bin->entries[k], x, y);
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

    static constexpr size_t kFewBins = 1 << 16; // 6 MB

    const Bin *look_up(size_t at) const {
        if (!sparse_) return &bins_[at];
        const auto found = filled_.find(at);
        return found == filled_.end() ? nullptr : &found->second;
    }

    int bin_of(int32_t quarters, int n) const {
        const int bin = quarters >> (shift_ + 2);
        return bin < 0 ? 0 : bin < n ? bin : n - 1;
    }

    static void insert(Neighbors &found, const Entry &e, int32_t x, int32_t y) {
        const int64_t dx = e.x - x, dy = e.y - y;
        const Neighbor candidate{e.row, dx * dx + dy * dy};
        int at = found.n;
        while (at > 0 && before(candidate, found.at[size_t(at - 1)])) --at;
        if (at == kNeighbors) return;
        found.n = std::min(found.n + 1, kNeighbors);
        for (int k = found.n - 1; k > at; --k) found.at[size_t(k)] = found.at[size_t(k - 1)];
        found.at[size_t(at)] = candidate;
    }

    static bool before(const Neighbor &a, const Neighbor &b) {
        return a.squared_distance != b.squared_distance ? a.squared_distance < b.squared_distance : a.row > b.row;
    }

    int shift_ = 2, across_, down_;
    bool sparse_;
    std::vector<Bin> bins_;
    std::unordered_map<size_t, Bin> filled_; // where sparse_
};

} // namespace imagegs
