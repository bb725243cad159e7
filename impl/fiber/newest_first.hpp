// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/scheduler.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace fiber {

class newest_first;

/// The ready fibers of all threads that share their work, and the threads that sleep.
struct shared_fibers {
    std::mutex mutex;
    std::vector<boost::fibers::context*> ready; ///< newest last
    std::vector<newest_first*> asleep;
};

/// Boost's shared_work takes the oldest ready fiber of all threads, which in a tree of forks would
/// give nearly every node a stack at the same time. This one takes the newest: depth first.
class newest_first final : public boost::fibers::algo::algorithm {
public:
    explicit newest_first(shared_fibers& shared) noexcept : shared_(shared) {}

    void awakened(boost::fibers::context* fiber) noexcept override {
        if (fiber->is_context(boost::fibers::type::pinned_context)) {
            fiber->ready_link(own_);
            return;
        }
        fiber->detach();
        std::lock_guard const lock(shared_.mutex);
        shared_.ready.push_back(fiber);
        if (!shared_.asleep.empty()) {
            auto* const woken = shared_.asleep.back();
            shared_.asleep.pop_back();
            woken->is_woken_ = true;
            woken->changed_.notify_one();
        }
    }

    boost::fibers::context* pick_next() noexcept override {
        // Boost's dispatcher, one of this thread's own, frees the stacks of fibers that have ended:
        // it must not wait until all is done.
        if (++picks_ % picks_per_own == 0 && !own_.empty()) return pick_own();
        {
            std::lock_guard const lock(shared_.mutex);
            if (!shared_.ready.empty()) {
                auto* const newest = shared_.ready.back();
                shared_.ready.pop_back();
                boost::fibers::context::active()->attach(newest);
                return newest;
            }
        }
        return own_.empty() ? nullptr : pick_own();
    }

    bool has_ready_fibers() const noexcept override {
        if (!own_.empty()) return true;
        std::lock_guard const lock(shared_.mutex);
        return !shared_.ready.empty();
    }

    void suspend_until(std::chrono::steady_clock::time_point const& deadline) noexcept override {
        std::unique_lock lock(shared_.mutex);
        if (!is_woken_ && shared_.ready.empty()) {
            shared_.asleep.push_back(this);
            auto const woken = [this] { return is_woken_; };
            if (deadline == std::chrono::steady_clock::time_point::max()) {
                changed_.wait(lock, woken);
            } else {
                changed_.wait_until(lock, deadline, woken);
            }
            std::erase(shared_.asleep, this);
        }
        is_woken_ = false;
    }

    void notify() noexcept override {
        std::lock_guard const lock(shared_.mutex);
        is_woken_ = true;
        changed_.notify_one();
    }

private:
    static constexpr unsigned picks_per_own = 32;

    boost::fibers::context* pick_own() noexcept {
        auto* const next = &own_.front();
        own_.pop_front();
        return next;
    }

    shared_fibers& shared_;
    boost::fibers::scheduler::ready_queue_type own_; ///< main and dispatcher fiber of this thread
    unsigned picks_ = 0;
    bool is_woken_ = false; ///< guarded by the mutex of `shared_`
    std::condition_variable changed_;
};

} // namespace fiber
