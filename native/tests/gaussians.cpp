#include "gaussians.h"

#include <cmath>
#include <random>

Numbers make_numbers(uint32_t n, int channels, int width, int height, Kind kind) {
    std::mt19937 random(n * 31 + channels);
    std::uniform_real_distribution<float> unit(0.0f, 1.0f);
    Numbers g{n, channels, {}, {}, {}, {}, {}};
    for (uint32_t i = 0; i < n; ++i) {
        const bool far = kind == Kind::kExtreme && i % 3 == 0;
        const float reach = far ? 1048576.0f : 1.0f;
        g.xy.push_back(far ? (unit(random) * 2 - 1) * reach : (unit(random) * 1.2f - 0.1f) * width);
        g.xy.push_back(far ? (unit(random) * 2 - 1) * reach : (unit(random) * 1.2f - 0.1f) * height);
        for (int k = 0; k < 2; ++k)
            g.scale.push_back(kind == Kind::kExtreme ? std::exp2(unit(random) * 30 - 10) : 1 + 5 * unit(random));
        g.angle.push_back(unit(random) * 6);
        g.log_weight.push_back(kind == Kind::kExtreme ? unit(random) * 256 - 128 : unit(random) * 2 - 1);
        for (int c = 0; c < channels; ++c) g.color.push_back(unit(random));
        if (kind == Kind::kEqual) {
            g.xy[2 * i] = g.xy[0], g.xy[2 * i + 1] = g.xy[1];
            g.scale[2 * i] = g.scale[0], g.scale[2 * i + 1] = g.scale[1];
            g.angle[i] = g.angle[0], g.log_weight[i] = g.log_weight[0];
        }
    }
    return g;
}
