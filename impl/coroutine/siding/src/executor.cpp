// SPDX-License-Identifier: MIT
#include "siding/executor.hpp"

#include <algorithm>

namespace siding {

executor::executor(std::size_t most_threads)
    : most_threads_(most_threads != 0
                        ? most_threads
                        : std::min<std::size_t>(32, std::thread::hardware_concurrency() + 4)) {}

executor::~executor() {
    {
        std::lock_guard const lock(mutex_);
        ending_ = true;
    }
    arrived_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void executor::submit(job& work) {
    {
        std::lock_guard const lock(mutex_);
        if (queued_ >= idle_ && threads_.size() < most_threads_) start_thread();
        (first_ == nullptr ? first_ : last_->next_) = &work;
        last_ = &work;
        ++queued_;
    }
    arrived_.notify_one();
}

void executor::start_thread() {
    try {
        threads_.emplace_back([this] { work(); });
    } catch (...) { // those that are there do it, later
        if (threads_.empty()) throw;
    }
}

void executor::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        arrived_.wait(lock, [this] { return first_ != nullptr || ending_; });
        --idle_;
        if (first_ == nullptr) return;
        auto& next = *first_;
        first_ = next.next_;
        --queued_;
        lock.unlock();
        next.run();
        lock.lock();
    }
}

} // namespace siding
