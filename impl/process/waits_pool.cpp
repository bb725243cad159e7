// SPDX-License-Identifier: MIT
// `workers` pre-forked children; each arms every workers-th wait in a heap of its own and sleeps
// from one deadline to the next. Processes share nothing, so that there is nothing to lock.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/random.hpp"
#include "shared_memory.hpp"

#include <chrono>
#include <queue>
#include <thread>
#include <vector>

namespace process {
namespace {

using contract::waits;
using clock = std::chrono::steady_clock;

struct timer {
    clock::time_point due;
    std::uint64_t id;
    bool operator>(timer const& other) const noexcept { return due > other.due; }
};

/// The job of child `first` of `stride`.
waits::outcome arm_and_serve(waits::params const& params, std::uint64_t seed, std::uint64_t first,
                             std::uint64_t stride, contract::probe& probe) {
    std::vector<timer> storage;
    storage.reserve(params.waits / stride + 1);
    std::priority_queue heap(std::greater<timer>{}, std::move(storage));
    for (auto i = first; i < params.waits; i += stride) {
        auto const length = std::chrono::nanoseconds(
            kernel::wait_ns(seed, i, params.shortest_us, params.longest_us));
        probe.begin(i);
        heap.push({clock::now() + length, i});
    }
    waits::outcome outcome;
    while (!heap.empty()) {
        auto const [due, i] = heap.top();
        // Many fall due while one is served: the clock is a cheaper question than the kernel.
        if (clock::now() < due) std::this_thread::sleep_until(due);
        probe.end(i);
        heap.pop();
        outcome.checksum += kernel::mix(i);
        ++outcome.completed;
    }
    return outcome;
}

class pre_forked final : public contract::session<waits> {
public:
    pre_forked(waits::params const& params, contract::budget const& limits)
        : outcomes_(limits.workers), children_(limits.workers, [&](std::uint64_t child) {
              return [this, params, seed = limits.seed, child,
                      stride = std::uint64_t{limits.workers}](contract::probe& probe) {
                  outcomes_[child].value = arm_and_serve(params, seed, child, stride, probe);
              };
          }) {}

    waits::outcome run(contract::probe& probe) override {
        children_.run(probe);
        waits::outcome outcome;
        for (auto const& [mine] : outcomes_.all()) {
            outcome.completed += mine.completed;
            outcome.checksum += mine.checksum;
        }
        return outcome;
    }

private:
    shared_array<own_line<waits::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<waits>> make_waits_pool(waits::params const& params,
                                                          waits::environment const& environment) {
    return std::make_unique<pre_forked>(params, environment.limits);
}

} // namespace process
