// The memory of one walk over a picture that is differentiated: per cell its tiles, their candidates and which lanes
// chose them, and the sums of each (tile, candidate) pair.
//
// A walk writes the sums of a cell's pairs, each cell a task; a last pass adds up each Gaussian's pairs in the order of
// the cells, each run of Gaussians a task. No atomics: results are the same bits with any number of threads. Spares
// hands on the memory that a kept render leaves, so a step of a fit allocates next to nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "render/tile_walk.h"

namespace imagegs {

struct KeptTile {
    int x, y;
    uint32_t first, count; // a range of the cell's ids
};

struct KeptCell {
    std::vector<KeptTile> tiles;
    std::vector<uint32_t> ids; // the candidates of all its tiles; each is a pair
    std::vector<unsigned char> lane_bits;
    std::vector<float> sums; // [pair][what is summed]
    double squared_error;

    void clear() { tiles.clear(), ids.clear(), lane_bits.clear(), sums.clear(), squared_error = 0; }
    void add(const Tile &tile) {
        tiles.push_back({tile.x, tile.y, uint32_t(ids.size()), uint32_t(tile.count)});
        ids.insert(ids.end(), tile.ids, tile.ids + tile.count);
    }
    unsigned char *add_bits(size_t bytes) {
        lane_bits.resize(lane_bits.size() + bytes);
        return lane_bits.data() + lane_bits.size() - bytes;
    }
    float *add_sums(size_t n) {
        sums.resize(sums.size() + n);
        return sums.data() + sums.size() - n;
    }
};

struct KeptMemory {
    struct Pair {
        uint32_t cell, at; // `at` is an index into the cell's ids
    };

    void begin(size_t n_cells);               // before a walk
    void sort_pairs(const LoadedGaussians &); // after a walk
    template <class Visit> void visit_gaussians(Engine &, const LoadedGaussians &, const Visit &);
    void add_pairs(uint32_t gaussian, int n, float *total) const;          // total (n): the sums of its pairs, in order
    void total_pairs(Engine &, const LoadedGaussians &, int n, float *to); // to (N, n): the sums of all Gaussians

    std::vector<KeptCell> cells;
    std::vector<float> best, inverse; // [tile][lane order]
    std::vector<float> picture;       // [channel][row][column]
    std::vector<float> tangents;      // with the copies; scratch
    std::vector<Pair> pairs;          // sorted by Gaussian, then by cell; empty until they are needed
    std::vector<size_t> first_pair;   // of each Gaussian, and the end of the last
    Workers workers;
};

// Sorts the pairs if need be, and calls visit(gaussian) for each Gaussian.
template <class Visit> void KeptMemory::visit_gaussians(Engine &engine, const LoadedGaussians &g, const Visit &visit) {
    if (pairs.empty()) sort_pairs(g);
    engine.pool.run(int((g.count + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(g.count, first + kGaussiansPerTask);
        for (uint32_t i = first; i < end; ++i) visit(i);
    });
}

// Memory that is not in use, kept for the next walk. Threads may share it.
class Spares {
public:
    std::unique_ptr<KeptMemory> take();
    void give(std::unique_ptr<KeptMemory>);

private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<KeptMemory>> free_;
};

// Memory that goes back to its Spares at the end of the Loan's life.
class Loan {
public:
    explicit Loan(std::shared_ptr<Spares> spares) : spares_(std::move(spares)), memory_(spares_->take()) {}
    ~Loan() { spares_->give(std::move(memory_)); }
    Loan(const Loan &) = delete;
    Loan &operator=(const Loan &) = delete;

    KeptMemory &operator*() const { return *memory_; }
    KeptMemory *operator->() const { return memory_.get(); }

private:
    std::shared_ptr<Spares> spares_;
    std::unique_ptr<KeptMemory> memory_;
};

} // namespace imagegs
