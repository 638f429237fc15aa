// The table of kernels, which each instruction set implements (native/kernels.cpp is compiled once for each).
//
// All kernels work on points in "lane order": `n_points` is a multiple of the table's `lanes`, and arrays
// over points and channels are [channel][point]. A tile is just 256 points; random access is the same call
// with other points. Kernels allocate nothing and touch no global state; callers provide the scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace imagegs {

enum class Blend : int;
struct AdamStep;
struct Candidates;
struct Canvas;
struct ColorRun;
struct Rectangle;
struct Selection;
struct Shape;
struct VisualBlock;
struct Weights;

struct Kernels {
    const char *name;
    int lanes;
    int lane_bits_size;

    // Bytes of scratch that the two functions below need.
    size_t (*scratch_size)(int candidates, int channels);

    // Colours at points: out[channel][point].
    void (*blend_points)(Blend, const Candidates &, const Canvas &, const float *x, const float *y, int n_points,
                         float *out, const Selection &, void *scratch);

    // Gradient at points. `color_gradient` is dL/dout, `out` what blend_points gave. For candidate i the
    // kShapeSums + channels sums over all points are written to sums + i * (kShapeSums + channels).
    void (*gradient_of_points)(const Candidates &, const float *x, const float *y, int n_points, const float *out,
                               const float *color_gradient, const Selection &, float *sums, void *scratch);

    // This kernel and the next two belong to the weighted squared error: J^T J times a tangent, and the sums that its
    // diagonal is made of; see training/kernels/gauss_newton.h.
    void (*normal_product_of_points)(const Candidates &, const float *x, const float *y, int n_points, const float *out,
                                     const Weights &, const float *tangent, const Selection &, float *sums,
                                     float *change, float *scratch);
    void (*normal_diagonal_of_points)(const Candidates &, const float *x, const float *y, int n_points,
                                      const float *out, const Weights &, const Selection &, float *sums);

    // Writes costs[i], what the removal of candidate i would cost at points; see training/kernels/removal.h.
    void (*removal_cost_of_points)(const Candidates &, const float *x, const float *y, int n_points, const float *out,
                                   const Weights &, const float *residual, const Selection &, float *costs);

    // Keeps the ids that may matter somewhere in the rectangle, in order; returns how many. `bound` is scratch
    // for count floats (rounded up to lanes). `kept` may be `ids`.
    int (*cull)(Blend, const Shape *, const Canvas &, const Rectangle &, const uint32_t *ids, int count, uint32_t *kept,
                float *bound);

    // One block of the SSIM map of one channel and its gradient; see training/kernels/ssim.h.
    double (*ssim_block)(const float *picture, const float *target, const float *pixel_weights, int width, int height,
                         int x0, int y0, int block_width, int block_height, float gradient_weight, float *gradient,
                         float *scratch);

    // One block of one plane of the visual loss: its maps and sums, its gradient; see training/kernels/visual.h.
    void (*visual_maps)(const VisualBlock &, double *sums, float *scratch);
    void (*visual_gradient)(const VisualBlock &, float *scratch);

    // Runs of pixels from samples to linear light and on to XYB, and gradients back; see training/kernels/xyb.h.
    void (*linear_light)(const ColorRun &, float *const linear[3]);
    void (*linear_light_gradient)(const ColorRun &, const float *const linear[3], const float *const of_light[3],
                                  float weight, float *const gradient[4]);
    void (*xyb)(const float *const linear[3], int n_pixels, float *const out[3]);
    void (*xyb_gradient)(const float *const linear[3], int n_pixels, const float *const of_xyb[3],
                         float *const of_light[3]);

    // L1 and L2 of a run of values, each with its weight (null: 1): writes the gradient (null: none), returns sum |d|
    // and sum d^2.
    void (*pixel_loss)(const float *picture, const float *target, const float *pixel_weights, size_t n, float l1_weight,
                       float l2_weight, float *gradient, double *sum_l1, double *sum_l2);

    // A weighted sum of rows, one pass of a blur; see training/kernels/weighted_rows.h.
    void (*weighted_rows)(const float *const *rows, const float *weights, int radius, int n, float *out);

    // One step of Adam; see training/kernels/adam.h.
    void (*adam)(float *value, const float *gradient, float *mean, float *square, const float *rates, size_t n,
                 const AdamStep &);
};

// The tables that were compiled in and that this processor can run, best first; returns how many.
constexpr int kMaxKernelTables = 4;
int list_kernels(const Kernels *list[kMaxKernelTables]);
const Kernels *find_kernels(const char *name); // the table of that name, or the best for "auto"; null if there is none

} // namespace imagegs
