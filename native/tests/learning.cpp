// How the adaptive model learns.
#include <array>

#include "entropy/learn.h"
#include "tests.h"

using namespace imagegs;

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
