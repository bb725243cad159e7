// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace thread_model {

/// Threads that are started once and then do one job after another, each with its own number.
class worker_pool {
public:
    explicit worker_pool(std::uint64_t workers) {
        threads_.reserve(workers);
        try {
            for (std::uint64_t worker = 0; worker < workers; ++worker) {
                threads_.emplace_back([this, worker] { work(worker); });
            }
        } catch (...) {
            close();
            throw;
        }
    }
    worker_pool(worker_pool const&) = delete;
    worker_pool& operator=(worker_pool const&) = delete;
    ~worker_pool() { close(); }

    [[nodiscard]] std::uint64_t size() const noexcept { return threads_.size(); }

    /// Calls `job(worker)` on every thread, for worker in [0, size()), and blocks until all have
    /// returned. Rethrows the first exception that left a job. One caller at a time.
    void run(std::function<void(std::uint64_t)> const& job) {
        std::unique_lock lock(mutex_);
        job_ = &job;
        running_ = threads_.size();
        ++generation_;
        start_.notify_all();
        finished_.wait(lock, [this] { return running_ == 0; });
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

private:
    void work(std::uint64_t worker) {
        std::uint64_t done = 0;
        std::unique_lock lock(mutex_);
        for (;;) {
            start_.wait(lock, [&] { return closing_ || generation_ != done; });
            if (closing_) return;
            done = generation_;
            auto const& job = *job_;
            lock.unlock();
            std::exception_ptr failure;
            try {
                job(worker);
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            if (failure && !failure_) failure_ = failure;
            if (--running_ == 0) finished_.notify_one();
        }
    }

    void close() {
        {
            std::lock_guard const lock(mutex_);
            closing_ = true;
        }
        start_.notify_all();
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    std::mutex mutex_;
    std::condition_variable start_;
    std::condition_variable finished_;
    std::function<void(std::uint64_t)> const* job_ = nullptr;
    std::uint64_t generation_ = 0;
    std::uint64_t running_ = 0;
    bool closing_ = false;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

} // namespace thread_model
