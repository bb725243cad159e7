// SPDX-License-Identifier: MIT
// A pool of `workers` threads serves one timer queue: a heap under a mutex and condition variables.
// Worker 0 arms all waits and then serves like the others, so that no more than `workers` threads
// ever run.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "timer_queue.hpp"
#include "worker_pool.hpp"

#include <atomic>
#include <chrono>

namespace thread_model {
namespace {

using contract::waits;

class shared_timer_queue final : public contract::session<waits> {
public:
    shared_timer_queue(waits::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), pool_(limits.workers) {
        timers_.reserve(params.waits);
    }

    waits::outcome run(contract::probe& probe) override {
        // Relaxed: the pool's mutex orders the additions before the loads.
        std::atomic<std::uint64_t> completed = 0;
        std::atomic<std::uint64_t> checksum = 0;
        timers_.expect(params_.waits);
        pool_.run([&](std::uint64_t worker) {
            if (worker == 0) arm_all(probe);
            waits::outcome mine;
            timers_.serve([&](std::uint64_t i) {
                probe.end(i);
                ++mine.completed;
                mine.checksum += kernel::mix(i);
            });
            completed.fetch_add(mine.completed, std::memory_order_relaxed);
            checksum.fetch_add(mine.checksum, std::memory_order_relaxed);
        });
        return {completed.load(std::memory_order_relaxed),
                checksum.load(std::memory_order_relaxed)};
    }

private:
    void arm_all(contract::probe& probe) {
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            auto const length_ns =
                kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us);
            probe.begin(i);
            timers_.arm(i, std::chrono::nanoseconds(length_ns));
        }
    }

    waits::params params_;
    std::uint64_t seed_;
    timer_queue timers_;
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<waits>> make_waits_pool(waits::params const& params,
                                                          waits::environment const& environment) {
    return std::make_unique<shared_timer_queue>(params, environment.limits);
}

} // namespace thread_model
