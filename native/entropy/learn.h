// Counters and mixers, and how they learn from a decision: in plain C++, and with the vectors of every x86-64 processor
// for all contexts at once.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define IMAGEGS_SSE2 1
#else
#define IMAGEGS_SSE2 0
#endif

namespace imagegs {

constexpr int kContexts = 3;

struct Counter {
    uint32_t bits = uint32_t(1) << 31;

    uint32_t one() const { return bits >> 16; }     // probability of a 1, in 1/65536
    uint32_t seen() const { return bits & 0xffff; } // number of decisions, at most kMostSeen
};
constexpr uint32_t kMostSeen = 120;
constexpr uint32_t kLeastOne = 32; // probabilities are kLeastOne .. 65535 - kLeastOne

struct Mixer {
    std::array<int32_t, kContexts + 1> weights = {20000, 20000, 20000, 0}; // in 1/65536; the last fills the vector
};
constexpr int32_t kMostMixed = 1 << 20; // weights are -kMostMixed .. kMostMixed
constexpr int kLearning = 10;

using Counters = std::array<Counter *, kContexts>;
using Inputs = std::array<int32_t, kContexts>; // stretched probabilities, |x| < 2^11

// Moves the probability of `bit` in each counter towards 1 by 1 / (seen + 2) of its distance, and the weights along
// error = 4096 bit - p.
inline void learn_plainly(const Counters &counters, Mixer &mixer, const Inputs &inputs, int bit, int error) {
    const uint32_t flip = bit ? 65535 : 0;
    for (size_t i = 0; i < kContexts; ++i) {
        const int32_t w = mixer.weights[i] + ((inputs[i] * error * kLearning + (1 << 13)) >> 14);
        mixer.weights[i] = w < -kMostMixed ? -kMostMixed : w > kMostMixed ? kMostMixed : w;
        const uint32_t seen = counters[i]->seen();
        uint32_t other = counters[i]->one() ^ flip; // probability of the other bit
        other -= other / (seen + 2);
        other = other < kLeastOne ? kLeastOne : other;
        counters[i]->bits = (other ^ flip) << 16 | (seen + (seen < kMostSeen));
    }
}

#if IMAGEGS_SSE2
inline void learn_weights_at_once(Mixer &mixer, const Inputs &inputs, int error) {
    // Inputs times kLearning and the error both fit into 16 bits.
    const __m128i x = _mm_mullo_epi16(_mm_set_epi32(0, inputs[2], inputs[1], inputs[0]), _mm_set1_epi16(kLearning));
    const __m128i products = _mm_madd_epi16(x, _mm_set1_epi32(error & 0xffff));
    const __m128i change = _mm_srai_epi32(_mm_add_epi32(products, _mm_set1_epi32(1 << 13)), 14);
    __m128i *weights = reinterpret_cast<__m128i *>(mixer.weights.data());
    const __m128 w = _mm_cvtepi32_ps(_mm_add_epi32(_mm_loadu_si128(weights), change)); // exact below 2^24
    const __m128 low = _mm_set1_ps(-float(kMostMixed)), high = _mm_set1_ps(float(kMostMixed));
    _mm_storeu_si128(weights, _mm_cvttps_epi32(_mm_max_ps(_mm_min_ps(w, high), low)));
}

inline void learn_counters_at_once(const Counters &counters, int bit) {
    const auto load = [&](size_t i) { return _mm_cvtsi32_si128(int(counters[i]->bits)); };
    const __m128i bits = _mm_unpacklo_epi64(_mm_unpacklo_epi32(load(0), load(1)), load(2));
    const __m128i low = _mm_set1_epi32(65535), flip = _mm_set1_epi32(bit ? 65535 : 0);
    const __m128i seen = _mm_and_si128(bits, low);
    __m128i other = _mm_xor_si128(_mm_srli_epi32(bits, 16), flip);
    // The whole part of the quotient is exact, because the half keeps it farther from whole numbers than floats err.
    const __m128 share = _mm_div_ps(_mm_set1_ps(1), _mm_add_ps(_mm_cvtepi32_ps(seen), _mm_set1_ps(2)));
    const __m128 quotient = _mm_mul_ps(_mm_add_ps(_mm_cvtepi32_ps(other), _mm_set1_ps(0.5f)), share);
    other = _mm_sub_epi32(other, _mm_cvttps_epi32(quotient));
    const __m128i least = _mm_set1_epi32(kLeastOne);
    other = _mm_xor_si128(_mm_add_epi16(_mm_subs_epu16(other, least), least), flip); // max, then flip
    const __m128i more = _mm_sub_epi32(seen, _mm_cmplt_epi32(seen, _mm_set1_epi32(kMostSeen)));
    const __m128i learnt = _mm_or_si128(_mm_slli_epi32(other, 16), more);
    counters[0]->bits = uint32_t(_mm_cvtsi128_si32(learnt));
    counters[1]->bits = uint32_t(_mm_cvtsi128_si32(_mm_srli_si128(learnt, 4)));
    counters[2]->bits = uint32_t(_mm_cvtsi128_si32(_mm_srli_si128(learnt, 8)));
}
#endif

inline void learn(const Counters &counters, Mixer &mixer, const Inputs &inputs, int bit, int error) {
#if IMAGEGS_SSE2
    learn_weights_at_once(mixer, inputs, error);
    learn_counters_at_once(counters, bit);
#else
    learn_plainly(counters, mixer, inputs, bit, error);
#endif
}

} // namespace imagegs
