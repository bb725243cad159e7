// SPDX-License-Identifier: MIT
// std::this_thread::yield in two threads that stay on one CPU: sched_yield, and the kernel switches
// to the other one. Whose turn it is stands in an atomic; who is not due yields again.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace thread_model {
namespace {

using contract::yield;

class yielding_threads final : public contract::session<yield> {
public:
    yielding_threads(yield::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), cpu_(limits.cpus.front()) {}

    yield::outcome run(contract::probe&) override {
        outcome_ = {.turns = 0, .chain = seed_};
        next_.store(0, std::memory_order_relaxed);
        {
            std::vector<std::jthread> units;
            units.reserve(params_.units);
            for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
                units.emplace_back([this, unit] { take_turns(unit); });
            }
        }
        return outcome_;
    }

private:
    void take_turns(std::uint64_t unit) {
        stay_on_cpu(cpu_);
        for (std::uint64_t taken = 0; taken < params_.turns; ++taken) {
            // Acquire: sees the outcome as the unit before left it.
            while (next_.load(std::memory_order_acquire) != unit) {
                std::this_thread::yield();
            }
            outcome_.chain = kernel::mix(outcome_.chain + unit);
            ++outcome_.turns;
            // Release: hands the outcome to the next.
            next_.store(unit + 1 == params_.units ? 0 : unit + 1, std::memory_order_release);
        }
    }

    yield::params params_;
    std::uint64_t seed_;
    int cpu_;
    yield::outcome outcome_;
    std::atomic<std::uint64_t> next_ = 0; ///< whose turn it is
};

} // namespace

std::unique_ptr<contract::session<yield>> make_yield(yield::params const& params,
                                                     yield::environment const& around) {
    if (params.units > 2) {
        throw contract::declined_error("with more than two threads sched_yield does not tell which "
                                       "runs next: most yields would go to one that is not due");
    }
    return std::make_unique<yielding_threads>(params, around.limits);
}

} // namespace thread_model
