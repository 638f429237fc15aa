// A small thread pool. Idle threads sleep on a condition variable (spinning is disastrous on a busy machine).
//
// run(n, f) calls f(task, worker) for every task 0 .. n - 1, in any order, on threads() workers of which the
// caller is number 0, and returns when all are done. Tasks must not depend on each other or on the worker but
// for scratch memory: then results are the same with any number of threads. The first exception is rethrown.
//
// A thread may be given a number of seconds for all of its runs: what takes longer ends with OutOfTime. Waiting for
// other callers' runs does not count.
//
// A forked child has none of its parent's threads, and the locks that they held are held for good. There the pool
// starts threads of its own at its first run, and what it had of the parent is leaked.
#pragma once

#include <atomic>
#include <functional>

namespace imagegs {

struct OutOfTime {};

// The time that the calling thread has left for its runs; infinite at first.
double seconds_left();
void set_seconds_left(double seconds);

class Pool {
public:
    using Task = std::function<void(int task, int worker)>;

    // `poll` is called on the caller's thread now and then while it works, and may throw to end the run.
    // Throws std::system_error when the threads cannot be started, as the first run() of a forked child may.
    Pool(int threads, std::function<void()> poll = nullptr);
    ~Pool();
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;

    int threads() const { return threads_; }
    void run(int n, const Task &task);

    // Throws when the run has to end. Long tasks call it now and then; the pool calls it between tasks.
    void poll(int worker);

private:
    struct State; // of one process
    State &state();

    const int threads_;
    const std::function<void()> poll_;
    std::atomic<State *> state_;
};

} // namespace imagegs
