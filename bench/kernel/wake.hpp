// SPDX-License-Identifier: MIT
#pragma once

#include "contract/probe.hpp"
#include "kernel/random.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace kernel {

/// Where the unit of `wakeup` enters each wake. Lies in memory that waker and unit share;
/// lock-free, so that they may be processes.
class wake_ledger {
public:
    explicit wake_ledger(std::uint64_t seed = 0) noexcept : chain_(seed) {}
    void restart(std::uint64_t seed) noexcept {
        chain_ = seed;
        arrived_.store(0, std::memory_order_relaxed);
    }

    /// By the unit, when it runs because of a wake.
    void arrived(contract::probe& probe) noexcept {
        auto const i = arrived_.load(std::memory_order_relaxed);
        probe.end(i);
        chain_ = mix(chain_ + i);
        arrived_.store(i + 1, std::memory_order_release); // the chain goes with it
    }
    [[nodiscard]] std::uint64_t count() const noexcept {
        return arrived_.load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint64_t chain() const noexcept { return chain_; }

private:
    std::uint64_t chain_;
    std::atomic<std::uint64_t> arrived_{0};
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
};

/// Calls `wake()` this often, each when the one before has arrived and `pause` has passed since.
/// It sleeps meanwhile, for spinning would keep a machine with one CPU from running the unit.
template <class Wake>
void wake_repeatedly(std::uint64_t wakes, std::chrono::microseconds pause, contract::probe& probe,
                     wake_ledger const& ledger, Wake&& wake) {
    for (std::uint64_t i = 0; i < wakes; ++i) {
        while (ledger.count() != i) {
            std::this_thread::sleep_for(pause);
        }
        std::this_thread::sleep_for(pause);
        probe.begin(i);
        wake();
    }
}

} // namespace kernel
