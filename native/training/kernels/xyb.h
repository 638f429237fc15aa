// Colours from sRGB to linear light and to XYB, the space of JPEG XL (ISO/IEC 18181-1), scaled as SSIMULACRA 2 has it,
// and gradients back. Runs of pixels: each channel has its own array; what is past n is neither read nor written.
#pragma once

#include "training/kernels/runs.h"

namespace imagegs::IMAGEGS_ISA {

// IEC 61966-2-1, v within 0 .. 1; above 0.04045 libjxl's quotient of polynomials, to 4e-7.
IMAGEGS_INLINE vfloat linear_of_srgb(vfloat v) {
    const float over[] = {2.200248328e-04f, 1.043637593e-02f, 1.624820318e-01f, 7.961564959e-01f, 8.210152774e-01f};
    const float under[] = {2.631846970e-01f, 1.076976492e+00f, 4.987528350e-01f, -5.512498495e-02f, 6.521209011e-03f};
    vfloat p = broadcast(over[4]), q = broadcast(under[4]);
    for (int k = 3; k >= 0; --k) p = p * v + over[k], q = q * v + under[k];
    return select(less(broadcast(0.04045f), v), p / q, v * (1 / 12.92f));
}
IMAGEGS_INLINE vfloat slope_of_srgb(vfloat v, vfloat linear) { // d linear / dv: of ((v + 0.055) / 1.055)^2.4
    return select(less(broadcast(0.04045f), v), linear * 2.4f / (v + 0.055f), broadcast(1 / 12.92f));
}

// A sample of a run, within 0 .. 1; `inside` tells where it was there.
IMAGEGS_INLINE vfloat sample(const ColorRun &run, int channel, int i, int n, vmask *inside = nullptr) {
    const vfloat v = load_run(run.channel[channel] + i, n) * run.factors[channel], zero = broadcast(0.0f);
    if (inside) *inside = less_equal(zero, v) & less_equal(v, broadcast(1.0f));
    return minimum(maximum(v, zero), broadcast(1.0f));
}

IMAGEGS_INLINE bool has_alpha(const ColorRun &run) { return run.channels % 2 == 0; }
IMAGEGS_INLINE int colors_of(const ColorRun &run) { return run.channels - has_alpha(run); }

// The colours' light: linear[0 .. 2] for one or three colours.
static void linear_light(const ColorRun &run, float *const linear[3]) {
    for (int i = 0; i < run.n; i += kLanes) {
        const int n = run.n - i < kLanes ? run.n - i : kLanes;
        vfloat light = broadcast(0.0f);
        for (int k = 0; k < 3; ++k) {
            if (k < colors_of(run)) {
                vfloat v = sample(run, k, i, n);
                if (has_alpha(run)) v = (v - run.ground) * sample(run, run.channels - 1, i, n) + run.ground;
                light = linear_of_srgb(v);
            }
            store_run(linear[k] + i, n, light);
        }
    }
}

// Adds to gradient[channel], of the run's channels, `weight` times what d/dlight tells. `linear` is the run's light.
static void linear_light_gradient(const ColorRun &run, const float *const linear[3], const float *const of_light[3],
                                  float weight, float *const gradient[4]) {
    const int colors = colors_of(run), alpha = run.channels - 1;
    for (int i = 0; i < run.n; i += kLanes) {
        const int n = run.n - i < kLanes ? run.n - i : kLanes;
        vmask alpha_inside;
        const vfloat one = broadcast(1.0f), zero = broadcast(0.0f);
        const vfloat a = has_alpha(run) ? sample(run, alpha, i, n, &alpha_inside) : one;
        vfloat of_alpha = zero;
        for (int k = 0; k < colors; ++k) {
            vmask inside;
            const vfloat color = sample(run, k, i, n, &inside);
            vfloat light = load_run(of_light[k] + i, n);
            if (colors == 1) light += load_run(of_light[1] + i, n) + load_run(of_light[2] + i, n);
            const vfloat seen = has_alpha(run) ? (color - run.ground) * a + run.ground : color;
            const vfloat of_seen = light * slope_of_srgb(seen, load_run(linear[k] + i, n)) * weight;
            add_to_run(gradient[k] + i, n, select(inside, of_seen * a * run.factors[k], zero));
            of_alpha += of_seen * (color - run.ground);
        }
        if (has_alpha(run))
            add_to_run(gradient[alpha] + i, n, select(alpha_inside, of_alpha * run.factors[alpha], zero));
    }
}

constexpr float kAbsorbance[3][3] = {{0.30f, 0.622f, 0.078f},
                                     {0.23f, 0.692f, 0.078f},
                                     {0.24342268924547819f, 0.20476744424496821f, 0.55180986650955360f}};
constexpr float kBias = 0.0037930732552754493f, kRootOfBias = 0.155954200549248620f;

// 1 / x^(1/3) for x >= 2^-9: Newton's iterations from a third of the exponent, negated, as libjxl has it.
IMAGEGS_INLINE vfloat inverse_cube_root(vfloat x) {
    vfloat r = bit_cast_float(0x54800000 - (bit_cast_int(x) >> 23) * (0x00800000 / 3));
    for (int k = 0; k < 4; ++k) {
        const vfloat square = r * r;
        r = r * (4 / 3.0f) - x * (1 / 3.0f) * square * square;
    }
    return r;
}

IMAGEGS_INLINE vfloat absorbed(const vfloat light[3], int cone) {
    return light[0] * kAbsorbance[cone][0] + light[1] * kAbsorbance[cone][1] + light[2] * kAbsorbance[cone][2] + kBias;
}

// X, Y and B - Y, each about within 0 .. 1, of linear light; those that are null are not wanted.
static void xyb(const float *const linear[3], int n_pixels, float *const out[3]) {
    for (int i = 0; i < n_pixels; i += kLanes) {
        const int n = n_pixels - i < kLanes ? n_pixels - i : kLanes;
        const vfloat light[3] = {load_run(linear[0] + i, n), load_run(linear[1] + i, n), load_run(linear[2] + i, n)};
        vfloat root[3];
        for (int cone = 0; cone < (out[2] ? 3 : 2); ++cone) {
            const vfloat x = absorbed(light, cone), r = inverse_cube_root(x);
            root[cone] = x * r * r - kRootOfBias;
        }
        const vfloat y = (root[0] + root[1]) * 0.5f;
        if (out[0]) store_run(out[0] + i, n, (root[0] - root[1]) * 7.0f + 0.42f);
        if (out[1]) store_run(out[1] + i, n, y + 0.01f);
        if (out[2]) store_run(out[2] + i, n, root[2] - y + 0.55f);
    }
}

// Adds to of_light what the gradients with respect to X, Y and B - Y tell; those that are null are 0.
static void xyb_gradient(const float *const linear[3], int n_pixels, const float *const of_xyb[3],
                         float *const of_light[3]) {
    for (int i = 0; i < n_pixels; i += kLanes) {
        const int n = n_pixels - i < kLanes ? n_pixels - i : kLanes;
        const vfloat light[3] = {load_run(linear[0] + i, n), load_run(linear[1] + i, n), load_run(linear[2] + i, n)};
        const vfloat zero = broadcast(0.0f);
        const vfloat of_x = of_xyb[0] ? load_run(of_xyb[0] + i, n) * 7.0f : zero;
        const vfloat of_b = of_xyb[2] ? load_run(of_xyb[2] + i, n) : zero;
        const vfloat of_y = ((of_xyb[1] ? load_run(of_xyb[1] + i, n) : zero) - of_b) * 0.5f;
        vfloat of_root[3] = {of_y + of_x, of_y - of_x, of_b}, sum[3] = {zero, zero, zero};
        for (int cone = 0; cone < (of_xyb[2] ? 3 : 2); ++cone) {
            const vfloat r = inverse_cube_root(absorbed(light, cone));
            const vfloat of_absorbed = of_root[cone] * r * r * (1 / 3.0f); // d x^(1/3) = x^(-2/3) / 3
            for (int k = 0; k < 3; ++k) sum[k] += of_absorbed * kAbsorbance[cone][k];
        }
        for (int k = 0; k < 3; ++k) add_to_run(of_light[k] + i, n, sum[k]);
    }
}

} // namespace imagegs::IMAGEGS_ISA
