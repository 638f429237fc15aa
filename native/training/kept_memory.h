// The memory of one walk over a picture that is differentiated: per cell its tiles, their candidates and which lanes
// chose them, and the sums of each Gaussian that is a candidate in it.
//
// A walk adds up the sums of a cell, tile by tile, each cell a task; a last pass adds up each Gaussian's cells in their
// order, each run of Gaussians a task. No atomics: results are the same bits with any number of threads. Spares hands
// on the memory that a kept render leaves, so a step of a fit allocates next to nothing.
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

// The memory with which a thread finds the place of a Gaussian among those of a cell.
struct Places {
    std::vector<uint32_t> place, cell_of; // of each Gaussian; the place holds if cell_of is `cell`
    uint32_t cell = 0;
    std::vector<float> sums; // of one tile: [candidate][what is summed]

    void begin_cell(size_t gaussians);
};

struct KeptCell {
    std::vector<KeptTile> tiles;
    std::vector<uint32_t> ids;       // the candidates of all its tiles
    std::vector<uint32_t> places;    // of each of them, in `gaussians`
    std::vector<uint32_t> gaussians; // each once
    std::vector<unsigned char> lane_bits;
    std::vector<float> sums; // [place][what is summed]
    double squared_error;

    void clear();
    void add(const Tile &, const LoadedGaussians &, Places &);
    unsigned char *add_bits(size_t bytes);
    void add_sums(const KeptTile &, const float *of_candidates, int n); // n for each candidate
};

struct KeptMemory {
    struct Part { // of a Gaussian's sums
        uint32_t cell, place;
    };

    void begin(size_t n_cells, int threads); // before a walk
    Places &places_of(const Worker &worker) { return places[size_t(&worker - workers.data())]; }
    void sort_parts(const LoadedGaussians &); // after a walk
    template <class Visit> void visit_gaussians(Engine &, const LoadedGaussians &, const Visit &);
    void add_parts(uint32_t gaussian, int n, float *total) const;          // total (n): the sums of its cells, in order
    void total_parts(Engine &, const LoadedGaussians &, int n, float *to); // to (N, n): the sums of all Gaussians

    std::vector<KeptCell> cells;
    std::vector<float> best, inverse; // [tile][lane order]
    std::vector<float> picture;       // [channel][row][column]
    std::vector<float> tangents;      // with the copies; scratch
    std::vector<Part> parts;          // sorted by Gaussian, then by cell; empty until they are needed
    std::vector<size_t> first_part;   // of each Gaussian, and the end of the last
    Workers workers;
    std::vector<Places> places; // of each worker
};

// Sorts the parts if need be, and calls visit(gaussian) for each Gaussian.
template <class Visit> void KeptMemory::visit_gaussians(Engine &engine, const LoadedGaussians &g, const Visit &visit) {
    if (parts.empty()) sort_parts(g);
    engine.pool.run(int((g.count + kGaussiansPerTask - 1) / kGaussiansPerTask), [&](int task, int) {
        const uint32_t first = uint32_t(task) * kGaussiansPerTask, end = std::min(g.count, first + kGaussiansPerTask);
        for (uint32_t i = first; i < end; ++i) visit(i);
    });
}

// Memory that is not in use, kept for the next walk: of several the one with a picture. Threads may share it.
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
