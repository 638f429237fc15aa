// Compiled once for each instruction set, with IMAGEGS_ISA (a namespace) and IMAGEGS_LANES set by the build.
//
// No standard-library templates are used here or in */kernels/: their out-of-line copies are shared between all
// objects of the library, and the linker might keep one built for a processor that this machine is not.
#include "core/kernels.h"
#include "render/kernels/blend.h"
#include "render/kernels/cull.h"
#include "training/kernels/adam.h"
#include "training/kernels/gauss_newton.h"
#include "training/kernels/gradient.h"
#include "training/kernels/pixel_loss.h"
#include "training/kernels/removal.h"
#include "training/kernels/ssim.h"
#include "training/kernels/visual.h"
#include "training/kernels/weighted_rows.h"
#include "training/kernels/xyb.h"

namespace imagegs {

#define IMAGEGS_QUOTE_(x) #x
#define IMAGEGS_QUOTE(x) IMAGEGS_QUOTE_(x)

namespace IMAGEGS_ISA {
extern const Kernels table;
const Kernels table = {
    IMAGEGS_QUOTE(IMAGEGS_ISA),
    kLanes,
    sizeof(LaneBits),
    scratch_size,
    blend_points,
    gradient_of_points,
    normal_product_of_points,
    normal_diagonal_of_points,
    removal_cost_of_points,
    cull,
    ssim_block,
    visual_maps,
    visual_gradient,
    linear_light,
    linear_light_gradient,
    xyb,
    xyb_gradient,
    pixel_loss,
    weighted_rows,
    adam,
};
} // namespace IMAGEGS_ISA

} // namespace imagegs
