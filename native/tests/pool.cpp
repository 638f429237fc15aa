// The pool of threads.
#include "core/pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>

#include "tests.h"

using namespace imagegs;

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
        // The caller's own task ends once another thread has the other one, for which it then waits.
        std::atomic<bool> started = false;
        pool.run(2, [&](int, int worker) {
            if (worker != 0) started = true;
            while (!started) std::this_thread::sleep_for(std::chrono::milliseconds(1));
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
