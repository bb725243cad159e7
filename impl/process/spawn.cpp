// SPDX-License-Identifier: MIT
// A forked child for each unit of a batch, reaped by waitpid; its value comes back in shared
// memory.
#include "cells.hpp"
#include "child.hpp"
#include "child_limit.hpp"
#include "kernel/random.hpp"
#include "shared_memory.hpp"

#include <string>
#include <utility>
#include <vector>

namespace process {
namespace {

using contract::spawn;

class child_per_unit final : public contract::session<spawn> {
public:
    child_per_unit(spawn::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), values_(params.at_once) {
        batch_.reserve(params.at_once);
    }

    spawn::outcome run(contract::probe&) override {
        spawn::outcome outcome;
        for (std::uint64_t first = 0; first < params_.units; first += params_.at_once) {
            for (std::uint64_t i = 0; i < params_.at_once; ++i) {
                batch_.emplace_back([&, i] { values_[i] = kernel::mix(seed_ ^ (first + i)); });
            }
            for (std::uint64_t i = 0; i < params_.at_once; ++i) {
                batch_[i].join();
                outcome.sum += std::exchange(values_[i], 0);
                ++outcome.joined;
            }
            batch_.clear();
        }
        return outcome;
    }

private:
    spawn::params params_;
    std::uint64_t seed_;
    shared_array<std::uint64_t> values_;
    std::vector<child> batch_;
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn(spawn::params const& params,
                                                     spawn::environment const& around) {
    if (params.units > most_children) {
        throw contract::declined_error("a child per unit: at most " +
                                       std::to_string(most_children) +
                                       " units, or a run would take seconds");
    }
    require_children(params.at_once, "unit");
    return std::make_unique<child_per_unit>(params, around.limits.seed);
}

} // namespace process
