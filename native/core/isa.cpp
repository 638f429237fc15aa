// Chooses the kernels for the processor that this runs on.
#include <cstring>

#include "core/kernels.h"

namespace imagegs {

#ifdef IMAGEGS_HAVE_X86_64_V4
namespace v4 {
extern const Kernels table;
}
namespace v3 {
extern const Kernels table;
}
#endif
#ifdef IMAGEGS_HAVE_VECTORS
namespace baseline {
extern const Kernels table;
}
#endif
namespace scalar {
extern const Kernels table;
}

int list_kernels(const Kernels *list[kMaxKernelTables]) {
    int n = 0;
#ifdef IMAGEGS_HAVE_X86_64_V4
    __builtin_cpu_init();
    const bool v3_able = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (v3_able && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        list[n++] = &v4::table;
    if (v3_able) list[n++] = &v3::table;
#endif
#ifdef IMAGEGS_HAVE_VECTORS
    list[n++] = &baseline::table;
#endif
    list[n++] = &scalar::table;
    return n;
}

const Kernels *find_kernels(const char *name) {
    const Kernels *list[kMaxKernelTables];
    const int n = list_kernels(list);
    if (std::strcmp(name, "auto") == 0) return list[0];
    for (int i = 0; i < n; ++i)
        if (std::strcmp(name, list[i]->name) == 0) return list[i];
    return nullptr;
}

} // namespace imagegs
