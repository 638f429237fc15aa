#include "training/kept_memory.h"

#include <algorithm>

namespace imagegs {

void Places::begin_cell(size_t gaussians) {
    if (++cell == 0 || cell_of.size() != gaussians) cell = 1, cell_of.assign(gaussians, 0);
    place.resize(gaussians);
}

void KeptCell::clear() {
    tiles.clear(), ids.clear(), places.clear(), gaussians.clear(), lane_bits.clear(), sums.clear();
    squared_error = 0;
}

void KeptCell::add(const Tile &tile, const LoadedGaussians &g, Places &known) {
    if (tiles.empty()) known.begin_cell(g.count);
    tiles.push_back({tile.x, tile.y, uint32_t(ids.size()), uint32_t(tile.count)});
    ids.insert(ids.end(), tile.ids, tile.ids + tile.count);
    for (int i = 0; i < tile.count; ++i) {
        const uint32_t gaussian = g.owner(tile.ids[i]);
        if (known.cell_of[gaussian] != known.cell) {
            known.cell_of[gaussian] = known.cell, known.place[gaussian] = uint32_t(gaussians.size());
            gaussians.push_back(gaussian);
        }
        places.push_back(known.place[gaussian]);
    }
}

unsigned char *KeptCell::add_bits(size_t bytes) {
    lane_bits.resize(lane_bits.size() + bytes);
    return lane_bits.data() + lane_bits.size() - bytes;
}

void KeptCell::add_sums(const KeptTile &tile, const float *of_candidates, int n) {
    sums.resize(gaussians.size() * size_t(n));
    for (uint32_t i = 0; i < tile.count; ++i) {
        float *to = &sums[size_t(places[tile.first + i]) * n];
        for (int k = 0; k < n; ++k) to[k] += of_candidates[size_t(i) * n + k];
    }
}

void KeptMemory::begin(size_t n_cells, int threads) {
    parts.clear();
    cells.resize(n_cells);
    for (KeptCell &cell : cells) cell.clear();
    places.resize(size_t(threads));
}

void KeptMemory::sort_parts(const LoadedGaussians &g) {
    first_part.assign(size_t(g.count) + 1, 0);
    for (const KeptCell &cell : cells)
        for (uint32_t gaussian : cell.gaussians) ++first_part[gaussian + 1];
    for (size_t i = 0; i < g.count; ++i) first_part[i + 1] += first_part[i];
    parts.resize(first_part.back());
    std::vector<size_t> next(first_part.begin(), first_part.end() - 1);
    for (size_t c = 0; c < cells.size(); ++c)
        for (size_t place = 0; place < cells[c].gaussians.size(); ++place)
            parts[next[cells[c].gaussians[place]]++] = {uint32_t(c), uint32_t(place)};
}

void KeptMemory::add_parts(uint32_t gaussian, int n, float *total) const {
    std::fill(total, total + n, 0.0f);
    for (size_t i = first_part[gaussian]; i < first_part[gaussian + 1]; ++i) {
        const float *sums = cells[parts[i].cell].sums.data() + size_t(parts[i].place) * n;
        for (int k = 0; k < n; ++k) total[k] += sums[k];
    }
}

void KeptMemory::total_parts(Engine &engine, const LoadedGaussians &g, int n, float *to) {
    visit_gaussians(engine, g, [&](uint32_t i) { add_parts(i, n, to + size_t(i) * n); });
}

std::unique_ptr<KeptMemory> Spares::take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) return std::make_unique<KeptMemory>();
    std::unique_ptr<KeptMemory> last = std::move(free_.back());
    free_.pop_back();
    return last;
}

void Spares::give(std::unique_ptr<KeptMemory> memory) {
    constexpr size_t kMostFree = 1;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.size() < kMostFree) free_.push_back(std::move(memory));
    else if (memory->picture.size() > free_.back()->picture.size()) free_.back() = std::move(memory);
}

} // namespace imagegs
