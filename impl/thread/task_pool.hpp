// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace thread_model {

/// The textbook pool: one list of packaged tasks under a mutex, a future for each. A task may wait
/// for tasks that it submitted: the thread runs others meanwhile, or a tree deeper than the pool
/// has threads would stop for ever. Newest first, or the waits would nest without bound.
class task_pool {
public:
    explicit task_pool(unsigned threads) {
        try {
            for (unsigned i = 0; i < threads; ++i) {
                threads_.emplace_back([this] { work(); });
            }
        } catch (...) {
            close();
            throw;
        }
    }
    task_pool(task_pool const&) = delete;
    task_pool& operator=(task_pool const&) = delete;
    ~task_pool() { close(); }

    template <class F>
    [[nodiscard]] std::future<std::uint64_t> submit(F&& f) {
        task made(std::forward<F>(f));
        auto result = made.get_future();
        {
            std::lock_guard const lock(mutex_);
            tasks_.push_back(std::move(made));
        }
        changed_.notify_one();
        return result;
    }

    /// For a task: waits for what it has submitted.
    std::uint64_t get(std::future<std::uint64_t>& result) {
        std::unique_lock lock(mutex_);
        while (!is_ready(result)) {
            if (tasks_.empty()) {
                ++joining_;
                changed_.wait(lock);
                --joining_;
            } else {
                run_newest(lock);
            }
        }
        lock.unlock();
        return result.get();
    }

private:
    using task = std::packaged_task<std::uint64_t()>;

    static bool is_ready(std::future<std::uint64_t> const& result) {
        return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    void run_newest(std::unique_lock<std::mutex>& lock) {
        auto newest = std::move(tasks_.back());
        tasks_.pop_back();
        lock.unlock();
        newest();
        lock.lock();
        // Which of the waiting tasks it was for, only they know.
        if (joining_ != 0) changed_.notify_all();
    }

    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
            if (closing_) return;
            run_newest(lock);
        }
    }

    void close() {
        {
            std::lock_guard const lock(mutex_);
            closing_ = true;
        }
        changed_.notify_all();
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<task> tasks_;
    unsigned joining_ = 0; ///< threads that wait for a task to be done by another
    bool closing_ = false;
    std::vector<std::thread> threads_;
};

} // namespace thread_model
