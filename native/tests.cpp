// Native tests: every kernel of every instruction set against the scalar one, over odd sizes, many channels,
// extreme Gaussians and several thread counts. Made to run under AddressSanitizer and UBSan (make sanitize); the
// values themselves are compared with a float64 twin in Python (tests/test_rendering.py, test_gradients.py).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "entropy/layer.h"
#include "entropy/learn.h"
#include "render/scene.h"
#include "training/adam.h"
#include "training/loss.h"
#include "training/squared_error.h"

using namespace imagegs;

namespace {

int passed = 0, failed = 0;

void check(bool ok, const std::string &what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("FAILED: %s\n", what.c_str());
}

struct Numbers {
    uint32_t n;
    int channels;
    std::vector<float> xy, scale, angle, log_weight, color;
};

enum class Kind { kOrdinary, kExtreme, kEqual };

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

struct Results {
    std::vector<float> picture, gradient, product, diagonal, costs, samples, filtered;
};

// The share of values that differ by more than rounding explains. A few may, where two Gaussians are almost tied.
double share_apart(const std::vector<float> &a, const std::vector<float> &b, float tolerance) {
    float largest = 1e-6f;
    for (float x : b) largest = std::max(largest, std::abs(x));
    size_t apart = 0;
    for (size_t i = 0; i < a.size(); ++i) apart += !(std::abs(a[i] - b[i]) <= tolerance * largest);
    return double(apart) / double(a.size());
}

Results paint(Engine &engine, const Numbers &g, Blend blend, bool wrap, int width, int height, float step) {
    Scene scene;
    scene.update(
        engine, blend, wrap, width, height,
        {uint32_t(g.n), g.channels, g.xy.data(), g.scale.data(), g.angle.data(), g.log_weight.data(), g.color.data()});
    const int out_width = std::max(1, int(width / step)), out_height = std::max(1, int(height / step));
    const size_t plane = size_t(out_width) * out_height;
    Results r{std::vector<float>(plane * g.channels),
              std::vector<float>(size_t(g.n) * (6 + g.channels)),
              std::vector<float>(size_t(g.n) * (6 + g.channels)),
              {},
              {},
              {},
              {}};
    const Grid grid{0, 0, out_width, out_height, step, step, 0.5f};
    const auto spares = std::make_shared<Spares>();
    KeptRender kept(engine, scene, grid, spares);
    std::copy_n(kept.picture(), r.picture.size(), r.picture.data());
    std::vector<float> slope(r.picture.size());
    for (size_t i = 0; i < slope.size(); ++i) slope[i] = float(int(i % 7) - 3);
    kept.gradient(slope.data(), r.gradient.data());
    std::vector<float> tangent(r.product.size());
    for (size_t i = 0; i < tangent.size(); ++i) tangent[i] = float(int(i % 5) - 2);
    // Weights of pixels; each channel has its own if the number of channels is even.
    std::vector<float> values(plane * g.channels);
    for (size_t i = 0; i < values.size(); ++i) values[i] = float(i % 3);
    const Weights weights{values.data(), g.channels % 2 == 0};
    kept.normal_product(weights, tangent.data(), r.product.data());
    r.diagonal.resize(r.product.size());
    kept.normal_diagonal(weights, r.diagonal.data());
    r.costs.resize(g.n);
    kept.removal_cost(weights, slope.data(), r.costs.data());
    check(scene.most_pairs(engine, grid, {1, 1}, 0) >= kept.pairs(), "the bound of the pairs holds");
    if (step == 1.0f) { // the gradient of the squared difference from 1/2, by both ways
        for (size_t i = 0; i < slope.size(); ++i)
            slope[i] =
                values[weights.by_channel ? i : i % plane] * (r.picture[i] - 0.5f) * (2.0f / float(slope.size()));
        const std::vector<float> half(r.picture.size(), 0.5f);
        std::vector<float> walks(r.gradient.size()), walk(r.gradient.size());
        kept.gradient(slope.data(), walks.data());
        squared_error(engine, scene, *Loan(spares), half.data(), weights, walk.data());
        check(share_apart(walk, walks, 1e-5f) == 0, "one walk for the squared error");
    }
    std::vector<uint8_t> bytes(plane * g.channels);
    const size_t row = size_t(out_width) * g.channels;
    scene.render(engine, grid, {bytes.data(), Sample::kUint8, size_t(g.channels), row, 1});
    r.filtered.resize(plane * g.channels);
    if (step != 1.0f) // only a part of the picture, because each pixel has 15 samples
        scene.render_filtered(engine, {0, 0, std::min(out_width, 9), std::min(out_height, 20), step, step, 0.5f},
                              {3, 5}, {r.filtered.data(), Sample::kFloat, size_t(g.channels), row, 1});
    std::vector<float> points;
    for (int i = 0; i < 77; ++i)
        points.push_back((i * 37 % 101 - 5) * width / 90.0f), points.push_back((i * 53 % 97 - 5) * height / 90.0f);
    r.samples.resize(size_t(77) * g.channels);
    scene.sample(engine, points.data(), 77, r.samples.data());
    return r;
}

bool finite(const std::vector<float> &v) {
    return std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); });
}

void test_scenes(const std::string &isa) {
    Engine engine(1, isa), threaded(3, isa), scalar(1, "scalar");
    const int sizes[][2] = {{1, 1}, {16, 16}, {17, 5}, {70, 131}};
    struct Canvas {
        Blend blend;
        bool wrap;
    };
    for (auto [blend, wrap] :
         {Canvas{Blend::kPaper, false}, Canvas{Blend::kSoftmax, false}, Canvas{Blend::kSoftmax, true}})
        for (const auto &size : sizes)
            for (int channels : {1, 2, 3, 4, 32})
                for (Kind kind : {Kind::kOrdinary, Kind::kExtreme, Kind::kEqual}) {
                    const Numbers g = make_numbers(kind == Kind::kEqual ? 30 : 90, channels, size[0], size[1], kind);
                    const std::string what = isa + " " + std::to_string(size[0]) + "x" + std::to_string(size[1]) +
                                             " c" + std::to_string(channels) + " kind" + std::to_string(int(kind)) +
                                             (wrap ? " wrap" : "");
                    for (float step : {1.0f, 0.61f}) {
                        const Results r = paint(engine, g, blend, wrap, size[0], size[1], step);
                        const Results t = paint(threaded, g, blend, wrap, size[0], size[1], step);
                        check(finite(r.picture) && finite(r.samples) && finite(r.filtered), what + ": finite");
                        check(r.picture == t.picture && r.gradient == t.gradient && r.product == t.product &&
                                  r.diagonal == t.diagonal && r.costs == t.costs && r.samples == t.samples &&
                                  r.filtered == t.filtered,
                              what + ": threads");
                        if (kind != Kind::kOrdinary) continue;
                        const Results s = paint(scalar, g, blend, wrap, size[0], size[1], step);
                        check(share_apart(r.picture, s.picture, 1e-4f) < 0.01, what + ": picture");
                        check(share_apart(r.samples, s.samples, 1e-4f) < 0.03, what + ": samples");
                        check(share_apart(r.gradient, s.gradient, 3e-3f) < 0.03, what + ": gradient");
                        check(share_apart(r.product, s.product, 3e-3f) < 0.03, what + ": product");
                        check(share_apart(r.diagonal, s.diagonal, 3e-3f) < 0.03, what + ": diagonal");
                        check(share_apart(r.costs, s.costs, 3e-3f) < 0.03, what + ": costs");
                    }
                }
}

void test_losses(const std::string &isa) {
    Engine engine(2, isa), scalar(1, "scalar");
    const int sizes[][2] = {{1, 1}, {3, 40}, {257, 129}, {300, 20}};
    for (const auto &size : sizes) {
        const size_t n = size_t(2) * size[0] * size[1];
        std::vector<float> picture(n), target(n), a(n), b(n);
        for (size_t i = 0; i < n; ++i) picture[i] = float(i % 13) / 13, target[i] = float(i % 17) / 17;
        std::vector<float> values(n);
        for (size_t i = 0; i < n; ++i) values[i] = float(i % 3);
        for (const Weights w : {Weights{}, Weights{values.data(), false}, Weights{values.data(), true}}) {
            const LossMeans x =
                loss(engine, picture.data(), target.data(), w, 2, size[1], size[0], {1, 1, 1}, a.data());
            const LossMeans y =
                loss(scalar, picture.data(), target.data(), w, 2, size[1], size[0], {1, 1, 1}, b.data());
            check(std::abs(x.ssim - y.ssim) < 1e-5 && std::abs(x.l1 - y.l1) < 1e-5 && std::abs(x.l2 - y.l2) < 1e-5,
                  isa + ": losses");
            check(share_apart(a, b, 1e-3f) == 0, isa + ": loss gradients");
        }
    }
}

void test_adam(const std::string &isa) {
    Engine engine(2, isa), scalar(1, "scalar");
    std::vector<float> values[2], mean(101), square(101), gradient(101), rates(101, 0.5f);
    for (size_t i = 0; i < gradient.size(); ++i) gradient[i] = float(i) - 50;
    for (int k = 0; k < 2; ++k) {
        values[k].assign(101, 1.0f);
        std::fill(mean.begin(), mean.end(), 0.0f), std::fill(square.begin(), square.end(), 0.0f);
        adam(k ? engine : scalar, values[k].data(), gradient.data(), mean.data(), square.data(), rates.data(), 101,
             {0.1f, 0.9f, 0.99f, 1e-8f});
    }
    check(share_apart(values[1], values[0], 1e-5f) == 0, isa + ": adam");
}

uint32_t next_random(uint32_t &state) { return state = state * 1664525u + 1013904223u, state >> 8; }

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

// Both ways to learn agree, for every counter and for weights of their whole range.
void test_learning() {
    uint32_t random = 1;
    bool same = true;
    for (uint32_t seen = 0; seen <= kMostSeen; ++seen)
        for (uint32_t one = kLeastOne; one <= 65535 - kLeastOne; ++one) {
            const int bit = int(next_random(random) & 1), error = (bit << 12) - 1 - int(next_random(random) % 4095);
            std::array<Counter, kContexts> plain, vector;
            Mixer plain_mixer, vector_mixer;
            Inputs inputs;
            for (size_t k = 0; k < kContexts; ++k) {
                // The second counter is mirrored, so that both bits meet all distances.
                plain[k].bits = vector[k].bits = (k == 1 ? 65535 - one : one) << 16 | seen;
                const int32_t weight = int32_t(next_random(random) % (2 * kMostMixed + 1)) - kMostMixed;
                plain_mixer.weights[k] = vector_mixer.weights[k] = weight;
                inputs[k] = int32_t(next_random(random) % 4095) - 2047;
            }
            learn_plainly({&plain[0], &plain[1], &plain[2]}, plain_mixer, inputs, bit, error);
            learn({&vector[0], &vector[1], &vector[2]}, vector_mixer, inputs, bit, error);
            for (size_t k = 0; k < kContexts; ++k)
                same = same && plain[k].bits == vector[k].bits && plain_mixer.weights[k] == vector_mixer.weights[k];
        }
    check(same, "learning: vectors give what plain C++ gives");
}

void test_pool() {
    Pool pool(4);
    std::vector<int> seen(1000);
    pool.run(1000, [&](int task, int) { ++seen[task]; });
    check(std::count(seen.begin(), seen.end(), 1) == 1000, "pool: every task runs once");
    bool thrown = false;
    try {
        pool.run(100, [](int task, int) {
            if (task == 50) throw std::runtime_error("x");
        });
    } catch (const std::runtime_error &) {
        thrown = true;
    }
    check(thrown, "pool: exceptions come back");
    int polls = 0;
    Pool polled(3, [&] {
        if (++polls == 2) throw std::runtime_error("enough");
    });
    std::string why;
    try {
        polled.run(1000, [&](int, int worker) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            polled.poll(worker);
        });
    } catch (const std::runtime_error &error) {
        why = error.what();
    }
    check(why == "enough" && polls == 2, "pool: polling ends a run");
    bool late = false;
    set_seconds_left(0.1);
    try {
        // The caller's own task is short, so it waits for the other one.
        pool.run(2, [&](int, int worker) {
            for (int i = 0; worker != 0 && i < 1000; ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
                pool.poll(worker);
            }
        });
    } catch (const OutOfTime &) {
        late = true;
    }
    check(late && seconds_left() < 0, "pool: a run ends when the time is over");
    set_seconds_left(std::numeric_limits<double>::infinity());
    pool.run(1000, [&](int task, int) { ++seen[task]; });
    check(std::count(seen.begin(), seen.end(), 2) == 1000, "pool: and it goes on");
}

} // namespace

int main() {
    const Kernels *list[kMaxKernelTables];
    const int n = list_kernels(list);
    for (int i = 0; i < n; ++i) {
        test_scenes(list[i]->name);
        test_losses(list[i]->name);
        test_adam(list[i]->name);
    }
    test_layers();
    test_damaged_layers();
    test_learning();
    test_pool();
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
