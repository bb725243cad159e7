// SPDX-License-Identifier: MIT
// A thread per wait: started, sleeps, ends, is joined. What a wait costs here is what a thread
// costs, and the machine's limit of threads is the limit of waits.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "small_stacks.hpp"
#include "thread_limit.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace thread_model {
namespace {

using contract::waits;

class thread_per_wait final : public contract::session<waits> {
public:
    thread_per_wait(waits::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    waits::outcome run(contract::probe& probe) override {
        // Relaxed: joining the threads orders their additions before the loads.
        std::atomic<std::uint64_t> completed = 0;
        std::atomic<std::uint64_t> checksum = 0;
        {
            std::vector<std::jthread> threads;
            threads.reserve(params_.waits);
            for (std::uint64_t i = 0; i < params_.waits; ++i) {
                threads.emplace_back([&, i] {
                    auto const length = std::chrono::nanoseconds(
                        kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us));
                    probe.begin(i);
                    std::this_thread::sleep_for(length);
                    probe.end(i);
                    completed.fetch_add(1, std::memory_order_relaxed);
                    checksum.fetch_add(kernel::mix(i), std::memory_order_relaxed);
                });
            }
        }
        return {completed.load(std::memory_order_relaxed),
                checksum.load(std::memory_order_relaxed)};
    }

private:
    waits::params params_;
    std::uint64_t seed_;
    small_stacks stacks_{65'536};
};

} // namespace

std::unique_ptr<contract::session<waits>>
make_waits_per_wait(waits::params const& params, waits::environment const& environment) {
    require_threads(params.waits, "wait");
    return std::make_unique<thread_per_wait>(params, environment.limits.seed);
}

} // namespace thread_model
