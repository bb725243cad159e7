// SPDX-License-Identifier: MIT
// No unit: a record in an array that is reused, and a call through the pointer in it. The pointer
// is read anew for each record, so that the compiler cannot look through the call.
#include "cells.hpp"
#include "kernel/random.hpp"

#include <vector>

namespace floor_model {
namespace {

using contract::spawn;

class indirect_calls final : public contract::session<spawn> {
public:
    indirect_calls(spawn::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), records_(params.at_once) {}

    spawn::outcome run(contract::probe&) override {
        spawn::outcome outcome;
        for (std::uint64_t first = 0; first < params_.units; first += params_.at_once) {
            for (std::uint64_t i = 0; i < params_.at_once; ++i) {
                records_[i] = {entry_, first + i};
            }
            for (auto const& each : records_) {
                outcome.sum += each.entry(seed_, each.index);
                ++outcome.joined;
            }
        }
        return outcome;
    }

private:
    using entry_point = std::uint64_t (*)(std::uint64_t seed, std::uint64_t index);

    struct record {
        entry_point entry;
        std::uint64_t index;
    };

    static std::uint64_t live(std::uint64_t seed, std::uint64_t index) {
        return kernel::mix(seed ^ index);
    }

    spawn::params params_;
    std::uint64_t seed_;
    entry_point volatile entry_ = &live;
    std::vector<record> records_;
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn(spawn::params const& params,
                                                     spawn::environment const& around) {
    return std::make_unique<indirect_calls>(params, around.limits.seed);
}

} // namespace floor_model
