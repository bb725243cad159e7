// SPDX-License-Identifier: MIT
// std::async for each unit of a batch, then `get` on each future: a thread of the kernel that is
// created, runs and is joined.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "thread_limit.hpp"

#include <future>
#include <string>
#include <vector>

namespace thread_model {
namespace {

using contract::spawn;

/// A thread takes tens of microseconds: beyond this the cell would run for seconds.
constexpr std::uint64_t most_units = 20'000;

class thread_per_unit final : public contract::session<spawn> {
public:
    thread_per_unit(spawn::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {
        batch_.reserve(params.at_once);
    }

    spawn::outcome run(contract::probe&) override {
        spawn::outcome outcome;
        for (std::uint64_t i = 0; i < params_.units;) {
            for (auto const end = i + params_.at_once; i < end; ++i) {
                batch_.push_back(
                    std::async(std::launch::async, [this, i] { return kernel::mix(seed_ ^ i); }));
            }
            for (auto& each : batch_) {
                outcome.sum += each.get();
                ++outcome.joined;
            }
            batch_.clear();
        }
        return outcome;
    }

private:
    spawn::params params_;
    std::uint64_t seed_;
    std::vector<std::future<std::uint64_t>> batch_;
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn(spawn::params const& params,
                                                     spawn::environment const& around) {
    if (params.units > most_units) {
        throw contract::declined_error("a thread per unit: at most " + std::to_string(most_units) +
                                       " units, or a run would take seconds");
    }
    require_threads(params.at_once, "unit");
    return std::make_unique<thread_per_unit>(params, around.limits.seed);
}

} // namespace thread_model
