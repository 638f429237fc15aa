// A binary arithmetic coder on 32-bit integers, after Howard and Vitter (1994), without carries.
//
// The interval low .. high (both ends belong to it) is split in proportion to the probability of a 1; bytes on which
// both ends agree are written. The stream may be cut after the byte that tells the last interval from all others: what
// follows it reads as zeros.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace imagegs {

constexpr int kProbabilityBits = 16; // probabilities of a 1 are 1 .. 65535, in 1/65536

class RangeEncoder {
public:
    static constexpr bool kEncodes = true;

    int code(int bit, uint32_t probability) {
        const uint32_t middle = low_ + uint32_t((uint64_t(high_ - low_) * probability) >> kProbabilityBits);
        if (bit) high_ = middle;
        else low_ = middle + 1;
        while (((low_ ^ high_) >> 24) == 0) {
            bytes_.push_back(uint8_t(high_ >> 24));
            low_ <<= 8, high_ = high_ << 8 | 255;
        }
        return bit;
    }

    // The stream, as short as possible.
    std::vector<uint8_t> finish() {
        if (low_ > 0) { // else an empty stream, which reads as zeros, is enough
            for (int kept = 1; kept <= 4; ++kept) {
                const uint32_t mask = ~uint32_t(0) << (32 - 8 * kept), value = (low_ + ~mask) & mask;
                if (value < low_ || value > high_) continue; // it overflowed, or lies outside
                for (int i = 0; i < kept; ++i) bytes_.push_back(uint8_t(value >> (24 - 8 * i)));
                break;
            }
        }
        while (!bytes_.empty() && bytes_.back() == 0) bytes_.pop_back();
        return std::move(bytes_);
    }

private:
    uint32_t low_ = 0, high_ = ~uint32_t(0);
    std::vector<uint8_t> bytes_;
};

class RangeDecoder {
public:
    static constexpr bool kEncodes = false;

    RangeDecoder(const uint8_t *bytes, size_t n) : at_(bytes), end_(bytes + n) {
        for (int i = 0; i < 4; ++i) value_ = value_ << 8 | next();
    }

    int code(int, uint32_t probability) {
        const uint32_t middle = low_ + uint32_t((uint64_t(high_ - low_) * probability) >> kProbabilityBits);
        // Masks, because branches that cannot be predicted are slow.
        const uint32_t bit = value_ <= middle, ones = 0 - bit;
        high_ = (middle & ones) | (high_ & ~ones);
        low_ = (low_ & ones) | ((middle + 1) & ~ones);
        while (((low_ ^ high_) >> 24) == 0) {
            low_ <<= 8, high_ = high_ << 8 | 255;
            value_ = value_ << 8 | next();
        }
        return int(bit);
    }

    // Whether only padding is left.
    bool at_end() const {
        return std::all_of(at_, end_, [](uint8_t byte) { return byte == 0; });
    }

private:
    uint32_t next() { return at_ < end_ ? *at_++ : 0; }

    const uint8_t *at_, *end_;
    uint32_t low_ = 0, high_ = ~uint32_t(0), value_ = 0;
};

} // namespace imagegs
