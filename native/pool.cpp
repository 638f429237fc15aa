#include "pool.h"

namespace imagegs {

Pool::Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

Pool::~Pool() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    for (std::thread &t : workers_) t.join();
}

void Pool::take_tasks(int worker) {
    try {
        for (int i; (i = next_.fetch_add(1)) < n_;) (*task_)(i, worker);
    } catch (...) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!error_) error_ = std::current_exception();
        next_ = n_;
    }
}

void Pool::run(int n, const Task &task) {
    if (n <= 0) return;
    std::lock_guard<std::mutex> only(run_mutex_);
    const bool alone = workers_.empty() || n == 1;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        task_ = &task, n_ = n, next_ = 0, error_ = nullptr;
        busy_ = alone ? 0 : int(workers_.size());
        generation_ += !alone;
    }
    if (!alone) wake_.notify_all();
    take_tasks(0);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    if (error_) std::rethrow_exception(error_);
}

void Pool::work(int worker) {
    uint64_t seen = 0;
    for (;;) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
            if (stop_) return;
            seen = generation_;
        }
        take_tasks(worker);
        std::lock_guard<std::mutex> lock(mutex_);
        if (--busy_ == 0) done_.notify_one();
    }
}

} // namespace imagegs
