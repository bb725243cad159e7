// SPDX-License-Identifier: MIT
// A forked child per wait: it sleeps, leaves its mark in shared memory and ends; the parent reaps
// them. What a wait costs here is what a process costs, which is why the number is bounded.
#include "cells.hpp"
#include "child.hpp"
#include "child_limit.hpp"
#include "kernel/random.hpp"
#include "shared_memory.hpp"

#include <chrono>
#include <thread>
#include <vector>

namespace process {
namespace {

using contract::waits;

class child_per_wait final : public contract::session<waits> {
public:
    child_per_wait(waits::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), marks_(params.waits) {}

    waits::outcome run(contract::probe& probe) override {
        std::vector<child> children;
        children.reserve(params_.waits);
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            children.emplace_back([&, i] {
                auto const length = std::chrono::nanoseconds(
                    kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us));
                probe.begin(i);
                std::this_thread::sleep_for(length);
                probe.end(i);
                marks_[i] = kernel::mix(i);
            });
        }
        waits::outcome outcome;
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            children[i].join();
            outcome.checksum += std::exchange(marks_[i], 0);
            ++outcome.completed;
        }
        return outcome;
    }

private:
    waits::params params_;
    std::uint64_t seed_;
    shared_array<std::uint64_t> marks_;
};

} // namespace

std::unique_ptr<contract::session<waits>>
make_waits_per_wait(waits::params const& params, waits::environment const& environment) {
    require_children(params.waits, "wait");
    return std::make_unique<child_per_wait>(params, environment.limits.seed);
}

} // namespace process
