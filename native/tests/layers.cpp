// The coder of layers: whole layers come back, damaged ones give a table or a fault.
#include <stdexcept>

#include "entropy/layer.h"
#include "tests.h"

using namespace imagegs;

namespace {

LayerFormat make_format(int round, uint32_t &random) {
    const Lattice lattice{1 + round % 64,  round % 100 - 50, round % 77 - 60,
                          round % 50 - 25, round % 90 - 60,  round % 16};
    const int width = 1 + int(next_random(random) % 65535), height = 1 + int(next_random(random) % 65535);
    return {lattice, width, height, 1 + round % 5, round % 3 != 0};
}

// Rows with any numbers that a layer may have.
std::vector<int32_t> make_table(const LayerFormat &format, uint32_t n, uint32_t &random) {
    const auto below = [&random](int end) { return int32_t(next_random(random)) % end; };
    std::vector<int32_t> table(size_t(n) * format.columns());
    for (uint32_t i = 0; i < n; ++i) {
        int32_t *row = &table[size_t(i) * format.columns()];
        row[kCellX] = below((format.width >> format.lattice.cell) + 1);
        row[kCellY] = below((format.height >> format.lattice.cell) + 1);
        row[kShorter] = below(12 * format.lattice.scales_an_octave);
        row[kRatio] = below(3 * format.lattice.scales_an_octave);
        const Sizes sizes = sizes_of(format.lattice, row[kShorter], row[kRatio]);
        row[kWeight] = format.weights ? below(9) - 4 : 0;
        int weight = weight_of(row[kWeight], weight_step(format.lattice, sizes));
        if (weight > kMostWeight || weight < -kMostWeight) row[kWeight] = weight = 0;
        const uint32_t angles = angles_of(format.lattice, sizes, weight);
        row[kAngle] = below(int(angles));
        int bits_x, bits_y;
        place_bits(format.lattice, sizes, weight, uint32_t(row[kAngle]), angles, &bits_x, &bits_y);
        row[kPlaceX] = below(1 << bits_x);
        row[kPlaceY] = below(1 << bits_y);
        for (int c = 0; c < format.channels; ++c) row[kFirstColor + c] = below(41) - 20;
    }
    return table;
}

// The bytes of a layer; empty for a colour that is too large for the lattice.
std::vector<uint8_t> encode(LayerCoder &encoder, std::vector<int32_t> &table, uint32_t n) {
    std::vector<double> bits(size_t(encoder.columns()));
    try {
        return encoder.encode(table.data(), n, bits.data());
    } catch (const std::invalid_argument &) {
        return {};
    }
}

Fault decode(LayerCoder &decoder, const std::vector<uint8_t> &bytes, std::vector<int32_t> &table, uint32_t n) {
    std::vector<double> bits(size_t(decoder.columns()));
    table.assign(size_t(n) * bits.size(), -1);
    return decoder.decode(bytes.data(), bytes.size(), table.data(), n, bits.data());
}

// Changes, removes or inserts one to three bytes, or cuts the end off.
std::vector<uint8_t> damaged(std::vector<uint8_t> bytes, uint32_t &random) {
    const uint8_t limits[] = {0, 1, 127, 128, 255};
    for (uint32_t k = 1 + next_random(random) % 3; k > 0 && !bytes.empty(); --k) {
        const auto at = bytes.begin() + next_random(random) % bytes.size();
        switch (next_random(random) % 5) {
        case 0: *at ^= uint8_t(1 << next_random(random) % 8); break;
        case 1: *at = limits[next_random(random) % 5]; break;
        case 2: bytes.erase(at); break;
        case 3: bytes.insert(at, uint8_t(next_random(random))); break;
        default: bytes.erase(at, bytes.end());
        }
    }
    return bytes;
}

} // namespace

// Layers of any numbers survive coding; streams of random bytes give a table or a fault.
void test_layers() {
    uint32_t random = 1;
    int layers = 0;
    for (int round = 0; round < 60; ++round) {
        const LayerFormat format = make_format(round, random);
        LayerCoder encoder(format), decoder(format);
        std::vector<int32_t> found;
        for (uint32_t n : {1u, 7u, 92u, 100u}) {
            std::vector<int32_t> table = make_table(format, n, random);
            const std::vector<uint8_t> bytes = encode(encoder, table, n);
            if (bytes.empty()) break;
            ++layers;
            check(decode(decoder, bytes, found, n) == Fault::kNone && found == table, "layers come back");
        }
        std::vector<uint8_t> noise(size_t(next_random(random) % 3000));
        for (uint8_t &byte : noise) byte = uint8_t(next_random(random) % (round % 2 ? 256 : 3));
        LayerCoder noisy(format);
        decode(noisy, noise, found, 500);
    }
    check(layers > 60, "most layers can be stored");
}

// Damaged layers, the first or a later one, give a table or a fault. So do undamaged ones that are read with another
// lattice or number of Gaussians.
void test_damaged_layers() {
    uint32_t random = 2;
    int faults[4] = {}, streams = 0;
    for (int round = 0; round < 500; ++round) {
        LayerFormat format = make_format(round, random);
        LayerCoder encoder(format);
        std::vector<int32_t> first = make_table(format, 20, random), second = make_table(format, 60, random), found;
        const std::vector<uint8_t> bytes = encode(encoder, first, 20), more = encode(encoder, second, 60);
        for (int k = 0; k < 10 && !bytes.empty() && !more.empty(); ++k, ++streams) {
            if (k == 7) format.lattice = make_format(round + 1, random).lattice;
            const uint32_t n = k == 9 ? 1 + next_random(random) % 100 : 20;
            LayerCoder decoder(format);
            ++faults[int(decode(decoder, k % 2 ? damaged(bytes, random) : bytes, found, n))];
            ++faults[int(decode(decoder, damaged(more, random), found, 60))];
        }
    }
    check(streams > 2000, "most layers can be stored");
    for (int fault : faults) check(fault > 20, "every fault is met");
}
