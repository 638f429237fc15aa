#include "training/nearest.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace imagegs {

namespace {

constexpr double kPointsPerCell = 2;
constexpr size_t kQueriesPerTask = 256;

using Found = std::pair<double, int64_t>; // the square of a distance, a row

// Points by the cells of a grid over all of them.
class Cells {
public:
    Cells(const float *points, size_t n) : points_(points), left_(points[0]), top_(points[1]) {
        double right = left_, bottom = top_;
        for (size_t i = 0; i < n; ++i) {
            left_ = std::min(left_, double(points[2 * i])), right = std::max(right, double(points[2 * i]));
            top_ = std::min(top_, double(points[2 * i + 1])), bottom = std::max(bottom, double(points[2 * i + 1]));
        }
        const double across = right - left_, down = bottom - top_, longer = std::max(across, down);
        // A side that is nearly 0 gives one row of cells, not thousands of empty ones.
        const double area = std::max(across, longer / double(n)) * std::max(down, longer / double(n));
        size_ = longer > 0 ? std::sqrt(area * kPointsPerCell / double(n)) : 1;
        columns_ = int(across / size_) + 1, lines_ = int(down / size_) + 1;
        starts_.assign(size_t(columns_) * lines_ + 1, 0);
        for (size_t i = 0; i < n; ++i) ++starts_[cell_of(&points[2 * i]) + 1];
        for (size_t c = 1; c < starts_.size(); ++c) starts_[c] += starts_[c - 1];
        rows_.resize(n);
        std::vector<size_t> next(starts_.begin(), starts_.end() - 1);
        for (size_t i = 0; i < n; ++i) rows_[next[cell_of(&points[2 * i])]++] = int64_t(i);
    }

    // The k nearest of a query, in order. Rings of cells around the query's own cell are searched until no cell
    // farther out can hold a nearer point.
    void search(const float *query, int k, std::vector<Found> &best) const {
        best.clear();
        const int column = column_of(query[0]), line = line_of(query[1]);
        const int last = std::max({column, columns_ - 1 - column, line, lines_ - 1 - line});
        for (int ring = 0; ring <= last; ++ring) {
            if (int(best.size()) == k && beyond(query, column, line, ring) > best.back().first) return;
            for (int y = std::max(0, line - ring); y <= std::min(lines_ - 1, line + ring); ++y) {
                const bool whole = y == line - ring || y == line + ring;
                for (int x = column - ring; x <= column + ring; x += (whole || ring == 0) ? 1 : 2 * ring)
                    if (x >= 0 && x < columns_) visit(query, k, size_t(y) * columns_ + x, best);
            }
        }
    }

private:
    int column_of(double x) const { return int(std::clamp((x - left_) / size_, 0.0, double(columns_ - 1))); }
    int line_of(double y) const { return int(std::clamp((y - top_) / size_, 0.0, double(lines_ - 1))); }
    size_t cell_of(const float *p) const { return size_t(line_of(p[1])) * columns_ + column_of(p[0]); }

    // The square of a distance within which rings from this one on have no point: up to the nearest side of the block
    // of cells before it, 0 for a query outside the block. A cell's rounding is left room for.
    double beyond(const float *query, int column, int line, int ring) const {
        const double x = (query[0] - left_) / size_ - column, y = (query[1] - top_) / size_ - line;
        const double room = std::min({x, 1 - x, y, 1 - y}) + ring - 1 - 1e-6;
        return room > 0 ? room * room * size_ * size_ : 0;
    }

    void visit(const float *query, int k, size_t cell, std::vector<Found> &best) const {
        for (size_t i = starts_[cell]; i < starts_[cell + 1]; ++i) {
            const float *p = points_ + 2 * rows_[i];
            const double dx = double(p[0]) - query[0], dy = double(p[1]) - query[1];
            const Found found{dx * dx + dy * dy, rows_[i]};
            if (int(best.size()) == k) {
                if (!(found < best.back())) continue;
                best.pop_back();
            }
            best.insert(std::upper_bound(best.begin(), best.end(), found), found);
        }
    }

    const float *points_;
    double left_, top_, size_;
    int columns_, lines_;
    std::vector<size_t> starts_; // of the cells in rows_, and the end
    std::vector<int64_t> rows_;  // of the points, cell by cell
};

} // namespace

void nearest(Engine &engine, const float *points, size_t n, const float *queries, size_t m, int k, int64_t *rows,
             double *distances) {
    const Cells cells(points, n);
    engine.pool.run(int((m + kQueriesPerTask - 1) / kQueriesPerTask), [&](int task, int) {
        std::vector<Found> best;
        for (size_t q = task * kQueriesPerTask; q < std::min(m, (task + 1) * kQueriesPerTask); ++q) {
            cells.search(queries + 2 * q, k, best);
            for (int i = 0; i < k; ++i)
                rows[q * k + i] = best[i].second, distances[q * k + i] = std::sqrt(best[i].first);
        }
    });
}

} // namespace imagegs
