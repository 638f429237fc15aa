// The coder of layers of Gaussians: what is coded, in which order and in which contexts.
//
// A layer is a set of Gaussians, in the order of their cells, which a tree of counts codes. Then the numbers of each
// Gaussian follow, predicted from its neighbours: the nearest of the Gaussians decoded before, of this layer or earlier
// ones. One class encodes and decodes, so that both cannot differ. docs/format.md has the same in words.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "entropy/lattice.h"

namespace imagegs {

constexpr int kMaxCodedChannels = 32;

// The numbers of a Gaussian in a file, in the order of the columns of a layer's table.
enum Column { kCellX, kCellY, kShorter, kRatio, kWeight, kAngle, kPlaceX, kPlaceY, kFirstColor };

struct LayerFormat {
    Lattice lattice;
    int width, height; // canvas, pixels
    int channels;
    bool weights; // else all log-weights are 0 and are not coded

    int columns() const { return kFirstColor + channels; }
};

// What stored colours would best be, in steps, and how many bits it is worth to be one step nearer to that, where the
// loss grows with the square of the distance; [row of the table][channel]. A negative worth: the number stays.
struct ColorWishes {
    const double *wanted, *worth;
};

// The faults of bytes that are no valid layer.
enum class Fault { kNone, kCount, kRange, kUnread };

class LayerCoder {
public:
    explicit LayerCoder(const LayerFormat &);
    ~LayerCoder();
    LayerCoder(const LayerCoder &) = delete;
    LayerCoder &operator=(const LayerCoder &) = delete;

    int columns() const;

    // Sorts the n rows of `table` into the layer's order and returns its bytes. Adds the bits that each column took to
    // `bits` (columns). Throws std::invalid_argument for numbers that decode() would reject.
    std::vector<uint8_t> encode(int32_t *table, uint32_t n, double *bits);

    // Puts the colours with the least bits + worth (colour - wanted)^2 into the n rows of the table, one after the
    // other in the layer's order, each with the bits that it has after those before it. Rows stay where they are.
    // The next layer's choice goes on from here; not to be mixed with encode(). Throws as that does.
    void choose_colors(int32_t *table, uint32_t n, const ColorWishes &);

    // Fills the n rows of the layer's table. `bits` is as above, or null, because counting takes time. After a fault of
    // encode() or decode() no layer can follow.
    Fault decode(const uint8_t *bytes, size_t n_bytes, int32_t *table, uint32_t n, double *bits);

    struct State;

private:
    std::unique_ptr<State> state_;
};

} // namespace imagegs
