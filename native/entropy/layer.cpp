#include "entropy/layer.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <numeric>
#include <stdexcept>

#include "entropy/choosing.h"
#include "entropy/guess.h"
#include "entropy/neighbors.h"
#include "entropy/numbers.h"

namespace imagegs {

namespace {

constexpr uint32_t kSmallCount = 8; // counts of fewer Gaussians are coded as symbols
constexpr int kSectors = 8;         // equal parts of 0 .. pi
constexpr int kColorFraction = 12;  // bits after the point of a colour that predicts others

int bucket(int64_t v) { return std::min(kClasses - 1, int(std::bit_width(uint64_t(v < 0 ? -v : v)))); }
int clipped(int64_t v, int low, int high) { return v < low ? low : v > high ? high : int(v); }
int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
int64_t round_divide(int64_t a, int64_t b) { return floor_divide(2 * a + b, 2 * b); }

// The numbers of a Gaussian from which those of later ones are predicted.
struct Known {
    int32_t shorter, ratio, weight; // weight in sixteenths of a nat
    int32_t sector;                 // eighths of 0 .. pi
    int32_t x, y;                   // quarters of a pixel
};

} // namespace

struct LayerCoder::State {
    LayerFormat format;
    NeighborIndex index{1, 1, 1};
    std::vector<Known> known;
    std::vector<uint32_t> by_cell; // all Gaussians, in the order in which a layer visits their cells
    std::vector<int64_t> colors;   // [Gaussian][channel]
    std::vector<Contexts> count = std::vector<Contexts>(kSmallCount + kClasses);
    Contexts shorter, ratio, weight, sector;
    std::vector<Contexts> color;
    std::vector<Guess> guesses; // of each channel
    Fault fault = Fault::kNone; // the fault of an earlier layer, after which this state cannot be used

    explicit State(const LayerFormat &f) : format(f), color(size_t(f.channels)), guesses(size_t(f.channels)) {}

    // Encodes or decodes a layer. An encoder chooses colours where there are wishes.
    template <class Coder>
    Fault walk(Coder &, int32_t *table, uint32_t n, double *bits, const ColorWishes *wishes = nullptr);

    int cells_x() const { return (format.width >> format.lattice.cell) + 1; }
    int cells_y() const { return (format.height >> format.lattice.cell) + 1; }
    int cell_x(const Known &k) const { return std::min(k.x >> (format.lattice.cell + 2), cells_x() - 1); }
    int cell_y(const Known &k) const { return std::min(k.y >> (format.lattice.cell + 2), cells_y() - 1); }
};

namespace {

// An encoder whose bytes nobody wants.
class NoBytes {
public:
    static constexpr bool kEncodes = true;

    int code(int bit, uint32_t) { return bit; }
};

struct Cells { // a rectangle of cells
    int x, y, width, height;
};

// Encodes or decodes the rows of one layer.
template <class Coder> class Walk {
public:
    Walk(LayerCoder::State &state, Coder &coder, int32_t *table, uint32_t n, double *bits, const ColorWishes *wishes)
        : s_(state), f_(state.format), numbers_(coder, bits != nullptr), table_(table), n_(n), bits_(bits),
          wishes_(wishes), order_(n), earlier_(std::move(state.by_cell)) {
        std::iota(order_.begin(), order_.end(), 0u);
        s_.by_cell.clear();
        s_.by_cell.reserve(earlier_.size() + n);
    }

    void run() {
        s_.known.reserve(s_.known.size() + n_);
        s_.colors.reserve((s_.known.size() + n_) * size_t(f_.channels));
        split({0, 0, s_.cells_x(), s_.cells_y()}, 0, n_, 0, uint32_t(earlier_.size()));
        if (Coder::kEncodes && !wishes_) reorder();
        note(kCellX);
        s_.index = NeighborIndex(f_.width, f_.height, s_.known.size() + n_);
        for (uint32_t i = 0; i < s_.known.size(); ++i) s_.index.add(i, s_.known[i].x, s_.known[i].y);
        for (uint32_t i = 0; i < n_; ++i) gaussian(row(wishes_ ? order_[i] : i));
    }

private:
    int32_t *row(uint32_t i) { return table_ + size_t(i) * f_.columns(); }

    // Codes the counts of a part of the canvas. The part holds the rows first .. first + n of `order_`, and of earlier
    // layers the m Gaussians from `from` on in `earlier_`.
    void split(const Cells &c, uint32_t first, uint32_t n, uint32_t from, uint32_t m) {
        const auto begin = earlier_.begin() + from;
        if (n == 0 || (c.width == 1 && c.height == 1)) {
            for (uint32_t i = first; i < first + n && !Coder::kEncodes; ++i) row(i)[kCellX] = c.x, row(i)[kCellY] = c.y;
            s_.by_cell.insert(s_.by_cell.end(), begin, begin + m);
            for (uint32_t i = first; i < first + n; ++i) s_.by_cell.push_back(uint32_t(earlier_.size()) + i);
            return;
        }
        const bool by_x = c.width >= c.height;
        const int half = ((by_x ? c.width : c.height) + 1) / 2;
        Cells low = c, high = c;
        if (by_x) low.width = half, high.x += half, high.width -= half;
        else low.height = half, high.y += half, high.height -= half;
        const int edge = by_x ? high.x : high.y;
        const auto is_low = [&](uint32_t i) { return (by_x ? s_.cell_x(s_.known[i]) : s_.cell_y(s_.known[i])) < edge; };
        const uint32_t m_low = uint32_t(std::partition_point(begin, begin + m, is_low) - begin);
        uint32_t n_low = 0;
        if (Coder::kEncodes) {
            const auto rows = order_.begin() + first;
            n_low = uint32_t(std::stable_partition(rows, rows + n,
                                                   [&](uint32_t i) { return row(i)[by_x ? kCellX : kCellY] < edge; }) -
                             rows);
        }
        n_low = count(n_low, n, m_low, m, int64_t(c.width) * c.height);
        split(low, first, n_low, from, m_low);
        split(high, first + n_low, n - n_low, from + m_low, m - m_low);
    }

    // Codes how many of n Gaussians lie in the lower half of a part of the canvas, where m_low of m earlier ones lie.
    uint32_t count(uint32_t n_low, uint32_t n, uint32_t m_low, uint32_t m, int64_t cells) {
        const int share = m == 0 ? 0 : 1 + int((4 * uint64_t(m_low) + m / 2) / m) + (m >= kSmallCount ? 5 : 0);
        const int size = bucket(cells);
        if (n < kSmallCount) return numbers_.symbol(n_low, n + 1, s_.count[n], share, size);
        Contexts &contexts = s_.count[kSmallCount + size_t(bucket(n))];
        const int64_t expected = int64_t(uint64_t(n) * (m_low + 1) / (uint64_t(m) + 2));
        const int64_t low = numbers_.integer(int64_t(n_low) - expected, contexts, share, size) + expected;
        if (low < 0 || low > int64_t(n)) throw Fault::kCount;
        return uint32_t(low);
    }

    void reorder() {
        std::vector<int32_t> sorted(size_t(n_) * f_.columns());
        for (uint32_t i = 0; i < n_; ++i)
            std::copy_n(row(order_[i]), f_.columns(), sorted.data() + size_t(i) * f_.columns());
        std::copy(sorted.begin(), sorted.end(), table_);
    }

    void gaussian(int32_t *r) {
        const Lattice &lattice = f_.lattice;
        const int quarter = lattice.cell + 2;
        const Neighbors near =
            s_.index.nearest(((2 * r[kCellX] + 1) << quarter) / 2, ((2 * r[kCellY] + 1) << quarter) / 2);
        scales(r, near);
        const Sizes sizes = sizes_of(lattice, r[kShorter], r[kRatio]);
        const int weight = log_weight(r, near, sizes);
        const uint32_t angles = angles_of(lattice, sizes, weight);
        const int sector = angle(r, near, angles);
        int bits_x, bits_y;
        place_bits(lattice, sizes, weight, uint32_t(r[kAngle]), angles, &bits_x, &bits_y);
        r[kPlaceX] = int32_t(numbers_.uniform(uint32_t(r[kPlaceX]), 1u << bits_x)), note(kPlaceX);
        r[kPlaceY] = int32_t(numbers_.uniform(uint32_t(r[kPlaceY]), 1u << bits_y)), note(kPlaceY);
        const auto place = [quarter](int64_t cell, int64_t at, int bits) {
            return int32_t((((cell << (bits + 1)) + 2 * at + 1) << quarter) >> (bits + 1));
        };
        const Known known{r[kShorter],
                          r[kRatio],
                          weight,
                          sector,
                          place(r[kCellX], r[kPlaceX], bits_x),
                          place(r[kCellY], r[kPlaceY], bits_y)};
        colors(r, near, known, color_step(lattice, sizes, weight));
        s_.index.add(uint32_t(s_.known.size()), known.x, known.y);
        s_.known.push_back(known);
    }

    void scales(int32_t *r, const Neighbors &near) {
        const int q = f_.lattice.scales_an_octave;
        int64_t shorter = 0, ratio = 0;
        int low = INT32_MAX, high = INT32_MIN;
        for (int i = 0; i < near.n; ++i) {
            const Known &k = s_.known[near.at[size_t(i)].row];
            shorter += k.shorter, ratio += k.ratio;
            low = std::min(low, k.shorter), high = std::max(high, k.shorter);
        }
        shorter = near.n ? round_divide(shorter, near.n) : -kLowestScale * q;
        ratio = near.n ? round_divide(ratio, near.n) : 0;
        const int spread = near.n ? clipped(2 * (high - low) / q, 0, 14) + 1 : 0;
        const int distance = near.n ? bucket(near.at[0].squared_distance) : 0;
        const int64_t s = numbers_.integer(r[kShorter] - shorter, s_.shorter, spread, distance) + shorter;
        note(kShorter);
        if (s < 0 || s > 30 * q) throw Fault::kRange;
        const int size = clipped(2 * s / q + 2 * kLowestScale + 4, 0, kClasses - 1);
        const int64_t e = numbers_.natural(r[kRatio], s_.ratio, size, clipped(4 * ratio / q, 0, kClasses - 1));
        note(kRatio);
        if (s + e > 30 * q) throw Fault::kRange;
        r[kShorter] = int32_t(s), r[kRatio] = int32_t(e);
    }

    int log_weight(int32_t *r, const Neighbors &near, const Sizes &sizes) {
        if (!f_.weights) return r[kWeight] = 0;
        int64_t mean = 0;
        for (int i = 0; i < near.n; ++i) mean += s_.known[near.at[size_t(i)].row].weight;
        mean = near.n ? round_divide(mean, near.n) : 0;
        const int size = clipped((sizes.l0 + sizes.l1) / 16 + 4, 0, kClasses - 1);
        const int around = clipped(floor_divide(mean, 16) + 5, 0, kClasses - 1);
        r[kWeight] = int32_t(numbers_.integer(r[kWeight], s_.weight, size, around));
        note(kWeight);
        const int weight = weight_of(r[kWeight], weight_step(f_.lattice, sizes));
        if (std::abs(weight) > kMostWeight) throw Fault::kRange;
        return weight;
    }

    // Codes the angle, and returns the sector in which it lies.
    int angle(int32_t *r, const Neighbors &near, uint32_t angles) {
        const uint32_t value = uint32_t(r[kAngle]);
        if (angles < kSectors) {
            r[kAngle] = int32_t(numbers_.uniform(value, angles));
            note(kAngle);
            return int(uint32_t(r[kAngle]) * kSectors / angles);
        }
        const int around = near.n ? 1 + s_.known[near.at[0].row].sector : 0;
        const int elongation = clipped(4 * r[kRatio] / f_.lattice.scales_an_octave, 0, kClasses - 1);
        const uint32_t sector =
            numbers_.symbol(uint32_t(uint64_t(value) * kSectors / angles), kSectors, s_.sector, around, elongation);
        const uint32_t first = (sector * angles + kSectors - 1) / kSectors;
        const uint32_t end = ((sector + 1) * angles + kSectors - 1) / kSectors;
        r[kAngle] = int32_t(first + numbers_.uniform(value - first, end - first));
        note(kAngle);
        return int(sector);
    }

    void colors(int32_t *r, const Neighbors &near, const Known &own, int step_exponent) {
        const int64_t step = std::max<int64_t>(1, power(step_exponent) >> (16 - kColorFraction));
        int64_t shares[kNeighbors], total = 0;
        for (int i = 0; i < near.n; ++i) {
            const Known &k = s_.known[near.at[size_t(i)].row];
            const int64_t dx = k.x - own.x, dy = k.y - own.y;
            total += shares[i] = std::max<int64_t>(1, (1 << 20) / (16 + dx * dx + dy * dy));
        }
        const int fineness = clipped(floor_divide(step_exponent, 16) + 12, 0, kClasses - 1);
        int64_t before = 0; // the error of the prediction of the channel before
        for (int c = 0; c < f_.channels; ++c) {
            int64_t mean = 0, low = INT64_MAX, high = INT64_MIN;
            for (int i = 0; i < near.n; ++i) {
                const int64_t v = s_.colors[size_t(near.at[size_t(i)].row) * f_.channels + c];
                mean += shares[i] * v;
                low = std::min(low, v), high = std::max(high, v);
            }
            Guess &guess = s_.guesses[size_t(c)];
            guess.between(near.n ? floor_divide(mean, total) : guess.usual);
            const int64_t expected = round_divide(guess.best(), step);
            const int spread = near.n ? std::min(bucket((high - low) / step), 6) : 7;
            const int both = std::min(bucket(before), 3) * 4 + std::min(spread / 2, 3);
            Contexts &contexts = s_.color[size_t(c)];
            const int first = c ? both : spread;
            if (wishes_) choose(r, c, expected, {contexts, first, fineness});
            before = numbers_.integer(r[kFirstColor + c] - expected, contexts, first, fineness);
            const int64_t v = before + expected;
            note(kFirstColor + c);
            if (std::abs(v) >> kMostDigits || std::abs(v * step) >> (20 + kColorFraction)) throw Fault::kRange;
            r[kFirstColor + c] = int32_t(v);
            s_.colors.push_back(v * step);
            guess.learn(v * step, step);
        }
    }

    // The colour of a row that its wish and the bits of its distance from `expected` make best.
    void choose(int32_t *r, int channel, int64_t expected, IntegerBits bits) {
        const size_t at = size_t(r - table_) / size_t(f_.columns()) * size_t(f_.channels) + size_t(channel);
        const double wanted = wishes_->wanted[at], worth = wishes_->worth[at];
        if (worth < 0) return;
        r[kFirstColor + channel] =
            int32_t(cheapest(wanted, worth, expected, [&](int64_t v) { return bits.of(v - expected); }));
    }

    void note(int column) {
        if (bits_) bits_[column] += numbers_.take_bits();
    }

    LayerCoder::State &s_;
    const LayerFormat &f_;
    NumberCoder<Coder> numbers_;
    int32_t *table_;
    uint32_t n_;
    double *bits_;
    const ColorWishes *wishes_;
    std::vector<uint32_t> order_, earlier_;
};

} // namespace

template <class Coder>
Fault LayerCoder::State::walk(Coder &coder, int32_t *table, uint32_t n, double *bits, const ColorWishes *wishes) {
    if (fault != Fault::kNone) return fault;
    try {
        Walk<Coder>(*this, coder, table, n, bits, wishes).run();
    } catch (Fault found) {
        fault = found;
    }
    return fault;
}

LayerCoder::LayerCoder(const LayerFormat &format) : state_(std::make_unique<State>(format)) {}
LayerCoder::~LayerCoder() = default;
int LayerCoder::columns() const { return state_->format.columns(); }

std::vector<uint8_t> LayerCoder::encode(int32_t *table, uint32_t n, double *bits) {
    RangeEncoder coder;
    if (state_->walk(coder, table, n, bits) != Fault::kNone)
        throw std::invalid_argument("a number is out of the range of coded files");
    return coder.finish();
}

void LayerCoder::choose_colors(int32_t *table, uint32_t n, const ColorWishes &wishes) {
    NoBytes coder;
    if (state_->walk(coder, table, n, nullptr, &wishes) != Fault::kNone)
        throw std::invalid_argument("a number is out of the range of coded files");
}

Fault LayerCoder::decode(const uint8_t *bytes, size_t n_bytes, int32_t *table, uint32_t n, double *bits) {
    RangeDecoder coder(bytes, n_bytes);
    const Fault fault = state_->walk(coder, table, n, bits);
    return fault != Fault::kNone || coder.at_end() ? fault : state_->fault = Fault::kUnread;
}

} // namespace imagegs
