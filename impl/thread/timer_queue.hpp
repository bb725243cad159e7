// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace thread_model {

/// Timers that several threads serve together. One of the idle threads, the leader, sleeps until
/// the earliest is due; the followers sleep without a deadline, so that one expiry wakes one
/// thread. A thread that has taken expired timers hands the lead on before it runs them, so that a
/// slow continuation delays no other.
///
/// Invariant, with the mutex held: if a timer is armed and a follower waits, then there is a leader
/// or a follower has been notified.
class timer_queue {
public:
    using clock = std::chrono::steady_clock;

    void reserve(std::size_t timers) {
        std::vector<timer> storage;
        storage.reserve(timers);
        heap_ = heap(later{}, std::move(storage));
    }

    /// Before a round of `timers` timers: tells `serve` when to return.
    void expect(std::uint64_t timers) {
        std::lock_guard const lock(mutex_);
        left_ = timers;
    }

    /// From any thread.
    void arm(std::uint64_t id, std::chrono::nanoseconds length) {
        auto const due = clock::now() + length;
        std::lock_guard const lock(mutex_);
        auto const is_earliest = heap_.empty() || due < heap_.top().due;
        heap_.push({due, id});
        if (is_earliest) (has_leader_ ? leader_ : followers_).notify_one();
    }

    /// Calls `on_expiry(id)` for timers as they fall due, together with the other threads that are
    /// in here; returns when all expected ones have been taken.
    template <class OnExpiry>
    void serve(OnExpiry&& on_expiry) {
        std::array<std::uint64_t, 64> batch;
        std::unique_lock lock(mutex_);
        while (left_ > 0) {
            auto const taken = take_expired(batch);
            if (taken == 0) {
                wait_for_expiry(lock);
                continue;
            }
            if (left_ == 0) {
                followers_.notify_all();
                leader_.notify_one();
            } else if (!has_leader_ && !heap_.empty()) {
                followers_.notify_one();
            }
            lock.unlock();
            for (auto const id : std::span(batch).first(taken)) {
                on_expiry(id);
            }
            lock.lock();
        }
    }

private:
    struct timer {
        clock::time_point due;
        std::uint64_t id;
    };
    struct later {
        bool operator()(timer const& a, timer const& b) const noexcept { return a.due > b.due; }
    };
    using heap = std::priority_queue<timer, std::vector<timer>, later>;

    std::size_t take_expired(std::span<std::uint64_t> batch) {
        if (heap_.empty()) return 0;
        auto const now = clock::now();
        std::size_t taken = 0;
        while (taken < batch.size() && !heap_.empty() && heap_.top().due <= now) {
            batch[taken++] = heap_.top().id;
            heap_.pop();
        }
        left_ -= taken;
        return taken;
    }

    void wait_for_expiry(std::unique_lock<std::mutex>& lock) {
        if (has_leader_ || heap_.empty()) {
            followers_.wait(lock);
            return;
        }
        has_leader_ = true;
        leader_.wait_until(lock, heap_.top().due);
        has_leader_ = false;
    }

    std::mutex mutex_;
    std::condition_variable leader_;
    std::condition_variable followers_;
    heap heap_;
    std::uint64_t left_ = 0;
    bool has_leader_ = false;
};

} // namespace thread_model
