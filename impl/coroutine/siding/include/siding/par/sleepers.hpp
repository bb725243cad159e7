// SPDX-License-Identifier: MIT
#pragma once

#include "siding/par/atomics.hpp"

#include <array>
#include <cstdint>

namespace siding::detail::fork_join {

/// Who sleeps, one bit a worker. No wake-up is lost: a worker first says that it sleeps, passes the
/// heavy fence and then looks for work once more; who makes work passes the light fence after it
/// and then looks for sleepers. One of the two sees the other. Each bit is cleared by one thread,
/// which then owes that worker one notification.
template <class Atomics = real_atomics>
class sleepers {
public:
    static constexpr unsigned most = 64;

    /// Worker `self`: blocks until it is woken, unless `has_work()` by then.
    template <class HasWork>
    void sleep(unsigned self, HasWork&& has_work) {
        auto const bit = std::uint64_t(1) << self;
        asleep_.fetch_or(bit, std::memory_order_seq_cst);
        Atomics::heavy_fence();
        if (has_work()) {
            if ((asleep_.fetch_and(~bit, std::memory_order_acq_rel) & bit) != 0) return;
            // Another thread cleared the bit: its notification is on the way, and must not be left
            // for the next time.
        }
        auto& notified = notified_[self].word;
        while (notified.exchange(0, std::memory_order_acquire) == 0) {
            Atomics::wait(notified, 0);
        }
    }

    /// After work was made by the calling thread: wakes one worker if any sleeps.
    void work_was_made() noexcept {
        Atomics::light_fence();
        if (asleep_.load(std::memory_order_relaxed) != 0) [[unlikely]]
            wake_one();
    }

    /// True: one was woken. False: none sleeps.
    bool wake_one() noexcept {
        for (auto asleep = asleep_.load(std::memory_order_relaxed); asleep != 0;
             asleep = asleep_.load(std::memory_order_relaxed)) {
            auto const bit = asleep & (~asleep + 1);
            if ((asleep_.fetch_and(~bit, std::memory_order_acq_rel) & bit) == 0) continue;
            auto& notified = notified_[static_cast<unsigned>(__builtin_ctzll(bit))].word;
            notified.store(1, std::memory_order_release);
            Atomics::wake(notified);
            return true;
        }
        return false;
    }

private:
    template <class T>
    using atomic = typename Atomics::template atomic<T>;

    struct alignas(64) own_line {
        atomic<std::uint32_t> word = 0;
    };

    alignas(64) atomic<std::uint64_t> asleep_ = 0;
    std::array<own_line, most> notified_{};
};

} // namespace siding::detail::fork_join
