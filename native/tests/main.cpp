#include "tests.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/kernels.h"

using namespace imagegs;

namespace {

int passed = 0, failed = 0;

} // namespace

void check(bool ok, const std::string &what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("FAILED: %s\n", what.c_str());
}

double share_apart(const std::vector<float> &a, const std::vector<float> &b, float tolerance) {
    float largest = 1e-6f;
    for (float x : b) largest = std::max(largest, std::abs(x));
    size_t apart = 0;
    for (size_t i = 0; i < a.size(); ++i) apart += !(std::abs(a[i] - b[i]) <= tolerance * largest);
    return double(apart) / double(a.size());
}

int main() {
    const Kernels *list[kMaxKernelTables];
    const int n = list_kernels(list);
    for (int i = 0; i < n; ++i) {
        test_scenes(list[i]->name);
        test_losses(list[i]->name);
        test_visual_loss(list[i]->name);
        test_adam(list[i]->name);
        test_blur_planes(list[i]->name);
    }
    test_layers();
    test_damaged_layers();
    test_learning();
    test_pool();
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
