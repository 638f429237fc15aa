#include "render/tiles.h"

#include <algorithm>

namespace imagegs {

Rectangle Grid::pixels(int left, int top, int right, int bottom) const {
    right = std::min(right, width), bottom = std::min(bottom, height);
    return {(float(x0 + left) + inset) * step_x, (float(y0 + top) + inset) * step_y,
            (float(x0 + right) - inset) * step_x, (float(y0 + bottom) - inset) * step_y};
}

Rectangle Grid::rectangle(int tile_x0, int tile_y0, int tile_x1, int tile_y1) const {
    return pixels(tile_x0 * tile_width, tile_y0 * tile_height, tile_x1 * tile_width, tile_y1 * tile_height);
}

namespace {

struct Quarter {
    int x0, y0, x1, y1;
};

// Halves each side that is longer than `whole` tiles; returns the number of parts. Cuts fall on multiples of
// `whole` (a power of two), so that cells never straddle.
int split(int x0, int y0, int x1, int y1, int whole, Quarter parts[4]) {
    const auto middle = [whole](int a, int b) {
        int length = whole;
        while (length < b - a) length *= 2;
        return b - a > whole ? a + length / 2 : b;
    };
    const int mx = middle(x0, x1), my = middle(y0, y1);
    int n = 0;
    parts[n++] = {x0, y0, mx, my};
    if (mx < x1) parts[n++] = {mx, y0, x1, my};
    if (my < y1) parts[n++] = {x0, my, mx, y1};
    if (mx < x1 && my < y1) parts[n++] = {mx, my, x1, y1};
    return n;
}

bool fits(int x0, int y0, int x1, int y1, int whole) { return x1 - x0 <= whole && y1 - y0 <= whole; }

// The size of a buffer for n values in whole vectors.
size_t padded(size_t n) { return n + 16; }

uint32_t *room(std::vector<uint32_t> &list, size_t n) {
    if (list.size() < n) list.resize(n);
    return list.data();
}

Cell narrow(const Kernels &kernels, const GaussianSet &set, const Grid &grid, const Cell &from, const Quarter &q) {
    Cell cell{q.x0, q.y0, q.x1, q.y1, std::vector<uint32_t>(from.ids.size())};
    std::vector<float> bound(padded(from.ids.size()));
    const int n = kernels.cull(set.blend, set.shapes, set.canvas, grid.rectangle(q.x0, q.y0, q.x1, q.y1),
                               from.ids.data(), int(from.ids.size()), cell.ids.data(), bound.data());
    cell.ids.resize(size_t(n));
    cell.ids.shrink_to_fit();
    return cell;
}

Cell whole_grid(const GaussianSet &set, const Grid &grid) {
    Cell root{0, 0, grid.tiles_x(), grid.tiles_y(), std::vector<uint32_t>(set.count)};
    for (uint32_t i = 0; i < set.count; ++i) root.ids[i] = i;
    return root;
}

bool is_small(const Cell &c) { return fits(c.tile_x0, c.tile_y0, c.tile_x1, c.tile_y1, kCellTiles); }

// The quarters of all nodes, with the Gaussians that matter in them.
std::vector<Cell> quarters_of(Engine &engine, const GaussianSet &set, const Grid &grid, const Wanted &wanted,
                              const std::vector<Cell> &nodes) {
    struct Job {
        int parent;
        Quarter part;
    };
    std::vector<Job> jobs;
    for (int i = 0; i < int(nodes.size()); ++i) {
        Quarter parts[4];
        const Cell &c = nodes[i];
        const int n = split(c.tile_x0, c.tile_y0, c.tile_x1, c.tile_y1, kCellTiles, parts);
        for (int k = 0; k < n; ++k)
            if (!wanted || wanted(parts[k].x0, parts[k].y0, parts[k].x1, parts[k].y1)) jobs.push_back({i, parts[k]});
    }
    std::vector<Cell> quarters(jobs.size());
    engine.pool.run(int(jobs.size()), [&](int task, int) {
        quarters[task] = narrow(*engine.kernels, set, grid, nodes[jobs[task].parent], jobs[task].part);
    });
    return quarters;
}

} // namespace

std::vector<Cell> find_cells(Engine &engine, const GaussianSet &set, const Grid &grid, const Wanted &wanted) {
    std::vector<Cell> cells, nodes;
    size_t listed = 0;
    nodes.push_back(whole_grid(set, grid));
    while (!nodes.empty()) {
        std::vector<Cell> children = quarters_of(engine, set, grid, wanted, nodes);
        nodes.clear();
        for (Cell &c : children) listed += c.ids.size();
        const bool enough = listed > kMaxListed;
        for (Cell &c : children) (enough || is_small(c) ? cells : nodes).push_back(std::move(c));
    }
    return cells;
}

uint64_t most_pairs(Engine &engine, const GaussianSet &set, const Grid &grid, uint64_t enough) {
    const size_t patience = kMaxListed / 4 + 16 * size_t(set.count);
    uint64_t small = 0, most = 0; // pairs in cells that are not divided further; pairs in all cells
    size_t listed = 0;
    std::vector<Cell> nodes;
    nodes.push_back(whole_grid(set, grid));
    do {
        std::vector<Cell> children = quarters_of(engine, set, grid, nullptr, nodes);
        nodes.clear();
        most = small;
        for (Cell &c : children) {
            const uint64_t pairs = uint64_t(c.ids.size()) * (c.tile_x1 - c.tile_x0) * (c.tile_y1 - c.tile_y0);
            most += pairs, listed += c.ids.size();
            if (is_small(c)) small += pairs;
            else nodes.push_back(std::move(c));
        }
    } while (most > enough && listed <= patience && !nodes.empty());
    return most;
}

void TileFinder::find(const Kernels &kernels, const GaussianSet &set, const Grid &grid, const Cell &cell,
                      const Wanted &wanted, const Found &found) {
    bound_.resize(std::max(bound_.size(), padded(cell.ids.size())));
    levels_.resize(32); // enough: a grid's side in tiles has fewer binary digits
    const auto descend = [&](auto &&self, int x0, int y0, int x1, int y1, const uint32_t *ids, int count,
                             int depth) -> void {
        if (fits(x0, y0, x1, y1, 1)) return found(x0, y0, ids, count);
        Quarter parts[4];
        const int n = split(x0, y0, x1, y1, 1, parts);
        uint32_t *kept = room(levels_[depth], size_t(count) + 1);
        for (int k = 0; k < n; ++k) {
            const Quarter &q = parts[k];
            if (wanted && !wanted(q.x0, q.y0, q.x1, q.y1)) continue;
            const int m = kernels.cull(set.blend, set.shapes, set.canvas, grid.rectangle(q.x0, q.y0, q.x1, q.y1), ids,
                                       count, kept, bound_.data());
            self(self, q.x0, q.y0, q.x1, q.y1, kept, m, depth + 1);
        }
    };
    descend(descend, cell.tile_x0, cell.tile_y0, cell.tile_x1, cell.tile_y1, cell.ids.data(), int(cell.ids.size()), 0);
}

} // namespace imagegs
