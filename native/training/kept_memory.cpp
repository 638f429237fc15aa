#include "training/kept_memory.h"

#include <algorithm>

namespace imagegs {

void KeptMemory::begin(size_t n_cells) {
    pairs.clear();
    cells.resize(n_cells);
    for (KeptCell &cell : cells) cell.clear();
}

void KeptMemory::sort_pairs(const LoadedGaussians &g) {
    first_pair.assign(size_t(g.count) + 1, 0);
    for (const KeptCell &cell : cells)
        for (uint32_t id : cell.ids) ++first_pair[g.owner(id) + 1];
    for (size_t i = 0; i < g.count; ++i) first_pair[i + 1] += first_pair[i];
    pairs.resize(first_pair.back());
    std::vector<size_t> next(first_pair.begin(), first_pair.end() - 1);
    for (size_t c = 0; c < cells.size(); ++c)
        for (size_t at = 0; at < cells[c].ids.size(); ++at)
            pairs[next[g.owner(cells[c].ids[at])]++] = {uint32_t(c), uint32_t(at)};
}

void KeptMemory::add_pairs(uint32_t gaussian, int n, float *total) const {
    std::fill(total, total + n, 0.0f);
    for (size_t i = first_pair[gaussian]; i < first_pair[gaussian + 1]; ++i) {
        const float *sums = cells[pairs[i].cell].sums.data() + size_t(pairs[i].at) * n;
        for (int k = 0; k < n; ++k) total[k] += sums[k];
    }
}

void KeptMemory::total_pairs(Engine &engine, const LoadedGaussians &g, int n, float *to) {
    visit_gaussians(engine, g, [&](uint32_t i) { add_pairs(i, n, to + size_t(i) * n); });
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
}

} // namespace imagegs
