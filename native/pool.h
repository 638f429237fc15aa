// A small thread pool. Idle threads sleep on a condition variable (spinning is disastrous on a busy machine).
//
// run(n, f) calls f(task, worker) for every task 0 .. n - 1, in any order, on threads() workers of which the
// caller is number 0, and returns when all are done. Tasks must not depend on each other or on the worker but
// for scratch memory: then results are the same with any number of threads. The first exception is rethrown.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace imagegs {

class Pool {
public:
    using Task = std::function<void(int task, int worker)>;

    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;

    int threads() const { return int(workers_.size()) + 1; }
    void run(int n, const Task &task);

private:
    void work(int worker);
    void take_tasks(int worker);

    std::vector<std::thread> workers_;
    std::mutex run_mutex_; // one run at a time, whoever calls
    std::mutex mutex_;     // guards what follows
    std::condition_variable wake_, done_;
    const Task *task_ = nullptr;
    int n_ = 0, busy_ = 0;
    uint64_t generation_ = 0;
    bool stop_ = false;
    std::exception_ptr error_;
    std::atomic<int> next_{0};
};

} // namespace imagegs
