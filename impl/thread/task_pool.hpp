// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace thread_model {

/// The textbook pool: one list of packaged tasks under a mutex, a future for each. A task may wait
/// for tasks that it submitted: the thread runs others meanwhile, or a tree deeper than the pool
/// has threads would stop for ever. But only deeper ones, newest first: so the depths on a stack
/// only grow, and waits nest no deeper than the tree. Nobody waits for ever: of threads that wait
/// for each other each would have to be deeper than the one before.
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
    [[nodiscard]] std::future<std::uint64_t> submit(unsigned depth, F&& f) {
        task made(std::forward<F>(f));
        auto result = made.get_future();
        auto some_wait_to_join = false;
        {
            std::lock_guard const lock(mutex_);
            tasks_.push_back({depth, std::move(made)});
            some_wait_to_join = joining_ != 0;
        }
        // Of one alone it could be one that must not run this.
        some_wait_to_join ? changed_.notify_all() : changed_.notify_one();
        return result;
    }

    /// For a task of that depth: waits for what it has submitted.
    std::uint64_t get(unsigned depth, std::future<std::uint64_t>& result) {
        std::unique_lock lock(mutex_);
        while (!is_ready(result)) {
            // Mostly the newest: a task of this thread's own.
            auto const deeper = std::find_if(tasks_.rbegin(), tasks_.rend(),
                                             [&](auto const& each) { return each.depth > depth; });
            if (deeper == tasks_.rend()) {
                ++joining_;
                changed_.wait(lock);
                --joining_;
            } else {
                run(std::prev(deeper.base()), lock);
            }
        }
        lock.unlock();
        return result.get();
    }

private:
    using task = std::packaged_task<std::uint64_t()>;
    struct submitted {
        unsigned depth;
        task body;
    };

    static bool is_ready(std::future<std::uint64_t> const& result) {
        return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    void run(std::vector<submitted>::iterator place, std::unique_lock<std::mutex>& lock) {
        auto body = std::move(place->body);
        tasks_.erase(place);
        lock.unlock();
        body();
        lock.lock();
        // Which of the waiting tasks it was for, only they know.
        if (joining_ != 0) changed_.notify_all();
    }

    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
            if (closing_) return;
            run(std::prev(tasks_.end()), lock);
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
    std::vector<submitted> tasks_;
    unsigned joining_ = 0; ///< threads that wait for a task to be done by another
    bool closing_ = false;
    std::vector<std::thread> threads_;
};

} // namespace thread_model
