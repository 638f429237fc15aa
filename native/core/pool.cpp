#include "core/pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#ifdef _WIN32
static int process_id() { return 0; } // no fork there
#else
#include <unistd.h>
static int process_id() { return int(getpid()); }
#endif

namespace imagegs {

using Clock = std::chrono::steady_clock;
constexpr auto kPollInterval = std::chrono::milliseconds(50);
struct Cancelled {};

thread_local double left = std::numeric_limits<double>::infinity();

double seconds_left() { return left; }
void set_seconds_left(double seconds) { left = seconds; }

static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Pool::State {
    const int process = process_id();
    const std::function<void()> &poll;
    std::vector<std::thread> workers;
    std::mutex run_mutex; // one run at a time

    std::mutex mutex; // guards what follows, up to `error`
    std::condition_variable wake, done;
    const Task *task = nullptr;
    int n = 0, busy = 0;
    uint64_t generation = 0;
    bool stop = false;
    std::exception_ptr error;
    std::atomic<int> next{0};
    std::atomic<bool> failed{false};
    Clock::time_point started, polled; // used by worker 0, the calling thread, alone

    State(int threads, const std::function<void()> &poll);
    ~State() { join(); }
    void check(int worker);
    void work(int worker);
    void take_tasks(int worker);
    template <class Do> void guard(const Do &);
    void wait();
    void join();
};

Pool::Pool(int threads, std::function<void()> poll)
    : threads_(threads), poll_(std::move(poll)), state_(new State(threads, poll_)) {}

Pool::~Pool() {
    State *state = state_.load();
    if (state->process == process_id()) delete state;
}

// The state of this process; two threads of a forked child may ask for the first one at once.
Pool::State &Pool::state() {
    State *state = state_.load();
    if (state->process == process_id()) return *state;
    auto fresh = std::make_unique<State>(threads_, poll_);
    return state_.compare_exchange_strong(state, fresh.get()) ? *fresh.release() : *state;
}

Pool::State::State(int threads, const std::function<void()> &poll_) : poll(poll_) {
    try {
        for (int i = 1; i < threads; ++i) workers.emplace_back([this, i] { work(i); });
    } catch (...) {
        join();
        throw;
    }
}

void Pool::State::join() {
    {
        std::lock_guard<std::mutex> lock(mutex);
        stop = true;
    }
    wake.notify_all();
    for (std::thread &t : workers) t.join();
}

// Runs an action. The first exception of one ends the whole run.
template <class Do> void Pool::State::guard(const Do &action) {
    try {
        action();
    } catch (const Cancelled &) { // another worker has stored the reason
    } catch (...) {
        std::lock_guard<std::mutex> lock(mutex);
        if (!error) error = std::current_exception();
        failed = true;
    }
}

void Pool::State::take_tasks(int worker) {
    guard([&] {
        for (int i; (i = next.fetch_add(1)) < n;) {
            (*task)(i, worker);
            check(worker);
        }
    });
}

// Lets the calling thread, which has no task left, wait for the other workers.
void Pool::State::wait() {
    std::unique_lock<std::mutex> lock(mutex);
    while (!done.wait_for(lock, kPollInterval, [this] { return busy == 0; })) {
        lock.unlock();
        guard([&] { check(0); });
        lock.lock();
    }
}

void Pool::State::check(int worker) {
    if (failed) throw Cancelled{};
    if (worker != 0 || Clock::now() - polled < kPollInterval) return;
    if (seconds_since(started) > left) throw OutOfTime{};
    if (poll) poll();
    polled = Clock::now();
}

void Pool::poll(int worker) { state_.load()->check(worker); }

void Pool::run(int n, const Task &task) {
    if (n <= 0) return;
    State &s = state();
    std::lock_guard<std::mutex> only(s.run_mutex);
    if (left <= 0) throw OutOfTime{}; // else many short runs would get around the limit
    const bool alone = s.workers.empty() || n == 1;
    {
        std::lock_guard<std::mutex> lock(s.mutex);
        s.task = &task, s.n = n, s.next = 0, s.failed = false;
        s.started = s.polled = Clock::now();
        s.busy = alone ? 0 : int(s.workers.size());
        s.generation += !alone;
    }
    if (!alone) s.wake.notify_all();
    s.take_tasks(0);
    s.wait();
    left -= seconds_since(s.started);
    if (s.error) std::rethrow_exception(std::exchange(s.error, nullptr));
}

void Pool::State::work(int worker) {
    uint64_t seen = 0;
    for (;;) {
        {
            std::unique_lock<std::mutex> lock(mutex);
            wake.wait(lock, [&] { return stop || generation != seen; });
            if (stop) return;
            seen = generation;
        }
        take_tasks(worker);
        std::lock_guard<std::mutex> lock(mutex);
        if (--busy == 0) done.notify_one();
    }
}

} // namespace imagegs
