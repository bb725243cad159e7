// SPDX-License-Identifier: MIT
#pragma once

#include <boost/fiber/future.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace fiber {

/// Threads for calls that would block the thread of the fibers, or keep it busy. A fiber hands a
/// function over and waits for a boost future: only the fiber waits, and the promise, set on the
/// other thread, wakes the scheduler.
class blocking_threads {
public:
    explicit blocking_threads(unsigned threads) {
        for (unsigned i = 0; i < threads; ++i) {
            threads_.emplace_back([this](std::stop_token const& stop) { work(stop); });
        }
    }

    /// Calls `function()` on a thread; the calling fiber waits. Rethrows what it throws.
    template <class Function>
    void call(Function&& function) {
        boost::fibers::packaged_task<void()> task(std::forward<Function>(function));
        auto done = task.get_future();
        {
            std::lock_guard const lock(mutex_);
            queue_.push_back(std::move(task));
        }
        arrived_.notify_one();
        done.get();
    }

private:
    void work(std::stop_token const& stop) {
        std::unique_lock lock(mutex_);
        while (arrived_.wait(lock, stop, [this] { return !queue_.empty(); })) {
            auto task = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            task();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable_any arrived_;
    std::deque<boost::fibers::packaged_task<void()>> queue_;
    std::vector<std::jthread> threads_; ///< last: joined before what they use is gone
};

} // namespace fiber
