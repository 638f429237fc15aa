// Vectors of IMAGEGS_LANES floats, on compiler vector extensions (no intrinsics but for minimum, maximum
// and mask moves, which compilers do not find by themselves). One lane is the portable scalar fallback.
//
// A mask (vmask) has all bits of a lane set or clear; LaneBits is its compact form, one bit a lane.
// Everything here is always inlined: each instruction set compiles its own copy (see native/kernels.cpp) and
// none may leak into another's object code.
#pragma once

#include <cstdint>
#include <cstring>

#if IMAGEGS_LANES > 1 && (defined(__x86_64__) || defined(_M_X64))
#include <immintrin.h>
#define IMAGEGS_X86 1
#else
#define IMAGEGS_X86 0
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define IMAGEGS_INLINE static __forceinline
#else
#define IMAGEGS_INLINE static inline __attribute__((always_inline))
#endif

namespace imagegs::IMAGEGS_ISA {

constexpr int kLanes = IMAGEGS_LANES;

#if IMAGEGS_LANES > 1
typedef float vfloat __attribute__((vector_size(4 * IMAGEGS_LANES)));
typedef int32_t vmask __attribute__((vector_size(4 * IMAGEGS_LANES)));
typedef float vfloat_unaligned __attribute__((vector_size(4 * IMAGEGS_LANES), aligned(4), may_alias));

IMAGEGS_INLINE vfloat broadcast(float x) { return x - vfloat{}; }
IMAGEGS_INLINE vfloat load(const float *p) { return *(const vfloat_unaligned *)p; }
IMAGEGS_INLINE void store(float *p, vfloat v) { *(vfloat_unaligned *)p = v; }
IMAGEGS_INLINE vmask less(vfloat a, vfloat b) { return a < b; }
IMAGEGS_INLINE vmask less_equal(vfloat a, vfloat b) { return a <= b; }
IMAGEGS_INLINE vfloat select(vmask m, vfloat a, vfloat b) { return m ? a : b; }
IMAGEGS_INLINE vfloat bit_cast_float(vmask m) { return (vfloat)m; }
IMAGEGS_INLINE vmask bit_cast_int(vfloat v) { return (vmask)v; }

#else
using vfloat = float;
using vmask = int32_t;

IMAGEGS_INLINE vfloat broadcast(float x) { return x; }
IMAGEGS_INLINE vfloat load(const float *p) { return *p; }
IMAGEGS_INLINE void store(float *p, vfloat v) { *p = v; }
IMAGEGS_INLINE vmask less(vfloat a, vfloat b) { return -(a < b); }
IMAGEGS_INLINE vmask less_equal(vfloat a, vfloat b) { return -(a <= b); }
IMAGEGS_INLINE vfloat select(vmask m, vfloat a, vfloat b) { return m ? a : b; }
IMAGEGS_INLINE vfloat bit_cast_float(vmask m) {
    float v;
    std::memcpy(&v, &m, 4);
    return v;
}
IMAGEGS_INLINE vmask bit_cast_int(vfloat v) {
    int32_t m;
    std::memcpy(&m, &v, 4);
    return m;
}
#endif

#if IMAGEGS_X86 && IMAGEGS_LANES == 16
using LaneBits = uint16_t;
IMAGEGS_INLINE vfloat minimum(vfloat a, vfloat b) { return (vfloat)_mm512_min_ps((__m512)a, (__m512)b); }
IMAGEGS_INLINE vfloat maximum(vfloat a, vfloat b) { return (vfloat)_mm512_max_ps((__m512)a, (__m512)b); }
IMAGEGS_INLINE LaneBits to_bits(vmask m) { return (LaneBits)_mm512_movepi32_mask((__m512i)m); }
IMAGEGS_INLINE vmask from_bits(LaneBits b) { return (vmask)_mm512_movm_epi32(b); }
#elif IMAGEGS_X86 && IMAGEGS_LANES == 8
using LaneBits = uint8_t;
IMAGEGS_INLINE vfloat minimum(vfloat a, vfloat b) { return (vfloat)_mm256_min_ps((__m256)a, (__m256)b); }
IMAGEGS_INLINE vfloat maximum(vfloat a, vfloat b) { return (vfloat)_mm256_max_ps((__m256)a, (__m256)b); }
IMAGEGS_INLINE LaneBits to_bits(vmask m) { return (LaneBits)_mm256_movemask_ps((__m256)m); }
IMAGEGS_INLINE vmask from_bits(LaneBits b) {
    const vmask lane = {1, 2, 4, 8, 16, 32, 64, 128};
    return ((vmask{} + b) & lane) != 0;
}
#else
using LaneBits = uint8_t;
#if IMAGEGS_X86
IMAGEGS_INLINE vfloat minimum(vfloat a, vfloat b) { return (vfloat)_mm_min_ps((__m128)a, (__m128)b); }
IMAGEGS_INLINE vfloat maximum(vfloat a, vfloat b) { return (vfloat)_mm_max_ps((__m128)a, (__m128)b); }
#else
IMAGEGS_INLINE vfloat minimum(vfloat a, vfloat b) { return select(less(a, b), a, b); }
IMAGEGS_INLINE vfloat maximum(vfloat a, vfloat b) { return select(less(a, b), b, a); }
#endif
#if IMAGEGS_LANES > 1
IMAGEGS_INLINE LaneBits to_bits(vmask m) {
    LaneBits bits = 0;
    for (int i = 0; i < kLanes; ++i) bits = LaneBits(bits | ((m[i] & 1) << i));
    return bits;
}
IMAGEGS_INLINE vmask from_bits(LaneBits b) {
    vmask m{};
    for (int i = 0; i < kLanes; ++i) m[i] = -((b >> i) & 1);
    return m;
}
#else
IMAGEGS_INLINE LaneBits to_bits(vmask m) { return LaneBits(m & 1); }
IMAGEGS_INLINE vmask from_bits(LaneBits b) { return -vmask(b & 1); }
#endif
#endif

IMAGEGS_INLINE vmask positive(vmask m) {
#if IMAGEGS_LANES > 1
    return m > 0;
#else
    return -(m > 0);
#endif
}

// Sum over the lanes, by halves.
#if IMAGEGS_X86 && IMAGEGS_LANES == 16
IMAGEGS_INLINE float sum_of_lanes(vfloat v) { return _mm512_reduce_add_ps((__m512)v); }
#elif IMAGEGS_X86 && IMAGEGS_LANES == 8
IMAGEGS_INLINE float sum_of_lanes(vfloat v) {
    __m128 h = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
#else
IMAGEGS_INLINE float sum_of_lanes(vfloat v) {
    float lane[kLanes];
    store(lane, v);
    for (int half = kLanes / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
    return lane[0];
}
#endif

// Columns of a table: column[k] has the k-th float of each row, k < 8.
#if IMAGEGS_X86 && IMAGEGS_LANES >= 8
IMAGEGS_INLINE void transpose_eight(const float *const *rows, __m256 *column) {
    __m256 pair[8], four[8];
    for (int i = 0; i < 8; i += 2) {
        const __m256 a = _mm256_loadu_ps(rows[i]), b = _mm256_loadu_ps(rows[i + 1]);
        pair[i] = _mm256_unpacklo_ps(a, b), pair[i + 1] = _mm256_unpackhi_ps(a, b);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int k = 0; k < 2; ++k) {
            four[i + 2 * k] = _mm256_shuffle_ps(pair[i + k], pair[i + k + 2], 0x44);
            four[i + 2 * k + 1] = _mm256_shuffle_ps(pair[i + k], pair[i + k + 2], 0xEE);
        }
    }
    for (int k = 0; k < 4; ++k) {
        column[k] = _mm256_permute2f128_ps(four[k], four[k + 4], 0x20);
        column[k + 4] = _mm256_permute2f128_ps(four[k], four[k + 4], 0x31);
    }
}
#endif

IMAGEGS_INLINE void load_columns(const float *const *rows, vfloat *column) {
#if IMAGEGS_X86 && IMAGEGS_LANES == 16
    __m256 low[8], high[8];
    transpose_eight(rows, low), transpose_eight(rows + 8, high);
    for (int k = 0; k < 8; ++k) column[k] = (vfloat)_mm512_insertf32x8(_mm512_castps256_ps512(low[k]), high[k], 1);
#elif IMAGEGS_X86 && IMAGEGS_LANES == 8
    __m256 found[8];
    transpose_eight(rows, found);
    for (int k = 0; k < 8; ++k) column[k] = (vfloat)found[k];
#else
    float lane[8][kLanes];
    for (int i = 0; i < kLanes; ++i)
        for (int k = 0; k < 8; ++k) lane[k][i] = rows[i][k];
    for (int k = 0; k < 8; ++k) column[k] = load(lane[k]);
#endif
}

// exp(x) for x <= 0, relative error below 3e-7; 0 to within 2^-126 for x < -87. 2^n 2^f with n the
// nearest integer and a degree-6 polynomial for 2^f, |f| <= 1/2. The magic number rounds by addition:
// compile without -ffast-math, which would remove it.
IMAGEGS_INLINE vfloat exp_negative(vfloat x) {
    const vfloat magic = broadcast(12582912.0f); // 1.5 * 2^23
    vfloat t = maximum(x * 1.44269504089f, broadcast(-126.0f));
    vfloat shifted = t + magic;
    vfloat f = t - (shifted - magic);
    vfloat p = f * 1.535336188e-4f + 1.339887440e-3f;
    p = p * f + 9.618437357e-3f;
    p = p * f + 5.550332471e-2f;
    p = p * f + 2.402264791e-1f;
    p = p * f + 6.931472028e-1f;
    p = p * f + 1.0f;
    return bit_cast_float(bit_cast_int(p) + (bit_cast_int(shifted) << 23));
}

} // namespace imagegs::IMAGEGS_ISA
