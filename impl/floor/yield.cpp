// SPDX-License-Identifier: MIT
// A state machine: what a unit is about lies in its record, its turn is a call through the pointer
// there, and to yield is to return. Nothing is saved and no queue is kept, for the order is known.
#include "cells.hpp"
#include "kernel/random.hpp"

#include <vector>

namespace floor_model {
namespace {

using contract::yield;

class state_machines final : public contract::session<yield> {
public:
    state_machines(yield::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    yield::outcome run(contract::probe&) override {
        machines_.clear();
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            machines_.push_back({entry_, unit, params_.turns});
        }
        yield::outcome outcome{.turns = 0, .chain = seed_};
        while (machines_.front().turns_left != 0) {
            for (auto& each : machines_) {
                each.turn(each, outcome);
            }
        }
        return outcome;
    }

private:
    struct machine {
        void (*turn)(machine&, yield::outcome&);
        std::uint64_t unit;
        std::uint64_t turns_left;
    };

    static void take_turn(machine& self, yield::outcome& shared) {
        shared.chain = kernel::mix(shared.chain + self.unit);
        ++shared.turns;
        --self.turns_left;
    }

    yield::params params_;
    std::uint64_t seed_;
    void (*volatile entry_)(machine&, yield::outcome&) = &take_turn;
    std::vector<machine> machines_;
};

} // namespace

std::unique_ptr<contract::session<yield>> make_yield(yield::params const& params,
                                                     yield::environment const& around) {
    return std::make_unique<state_machines>(params, around.limits.seed);
}

} // namespace floor_model
