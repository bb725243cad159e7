// SPDX-License-Identifier: MIT
#pragma once

#include "reactor.hpp"

#include <algorithm>
#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/scheduler.hpp>
#include <chrono>

namespace fiber {

/// Round robin over the ready fibers; a thread that has none sleeps in epoll until the next timer,
/// descriptor or call from another thread. Boost keeps the sleeping fibers, in a red-black tree by
/// deadline, and calls `suspend_until` with the earliest.
class epoll_scheduler final : public boost::fibers::algo::algorithm {
public:
    explicit epoll_scheduler(reactor& reactor) noexcept : reactor_(reactor) {}

    void awakened(boost::fibers::context* fiber) noexcept override { fiber->ready_link(ready_); }

    boost::fibers::context* pick_next() noexcept override {
        if (ready_.empty()) return nullptr;
        // Boost's dispatcher comes round once in every pass over the ready queue. Fibers that are
        // never out of work keep it from suspending, so that it looks for I/O here. Nobody else
        // may: a fiber that is just suspending could be made ready, and picked, before it has.
        if (boost::fibers::context::active()->is_context(boost::fibers::type::dispatcher_context)) {
            if (!polled_ && reactor_.has_parked()) {
                timespec const at_once{};
                reactor_.poll(&at_once);
            }
            polled_ = false;
        }
        auto* const next = &ready_.front();
        ready_.pop_front();
        return next;
    }

    bool has_ready_fibers() const noexcept override { return !ready_.empty(); }

    void suspend_until(std::chrono::steady_clock::time_point const& deadline) noexcept override {
        using namespace std::chrono;
        polled_ = true;
        if (deadline == steady_clock::time_point::max()) return reactor_.poll(nullptr);
        auto const left = std::max<nanoseconds>(deadline - steady_clock::now(), 0ns);
        auto const whole_seconds = duration_cast<seconds>(left);
        timespec const timeout{whole_seconds.count(), (left - whole_seconds).count()};
        reactor_.poll(&timeout);
    }

    void notify() noexcept override { reactor_.interrupt(); }

private:
    reactor& reactor_;
    boost::fibers::scheduler::ready_queue_type ready_;
    bool polled_ = false; ///< since the dispatcher last picked a fiber
};

/// Gives the calling thread the scheduler above for as long as it lives; made, used and destroyed
/// on one thread, and destroyed only when its other fibers have ended.
class scheduled_thread {
public:
    scheduled_thread() { boost::fibers::use_scheduling_algorithm<epoll_scheduler>(reactor_); }
    scheduled_thread(scheduled_thread const&) = delete;
    scheduled_thread& operator=(scheduled_thread const&) = delete;
    ~scheduled_thread() {
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::round_robin>();
    }

    [[nodiscard]] class reactor& reactor() noexcept { return reactor_; }

private:
    class reactor reactor_;
};

} // namespace fiber
