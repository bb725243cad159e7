// SPDX-License-Identifier: MIT
// sleep(0), asyncio's way to give way: the task goes to the end of the loop's queue, which is first
// in, first out, so that no unit runs out of turn.
#include "cells.hpp"

#include "kernel/random.hpp"
#include "siding/siding.hpp"

#include <vector>

namespace coroutine_model {
namespace {

using contract::yield;

class sleeps_of_zero final : public contract::session<yield> {
public:
    sleeps_of_zero(yield::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    yield::outcome run(contract::probe&) override {
        outcome_ = {.turns = 0, .chain = seed_};
        next_ = 0;
        siding::run(take_all_turns());
        return outcome_;
    }

private:
    static constexpr siding::duration one_turn{0};

    siding::coroutine<> take_turns(std::uint64_t unit) {
        for (std::uint64_t taken = 0; taken < params_.turns;) {
            if (next_ == unit) {
                outcome_.chain = kernel::mix(outcome_.chain + unit);
                ++outcome_.turns;
                next_ = unit + 1 == params_.units ? 0 : unit + 1;
                ++taken;
            }
            co_await siding::sleep(one_turn);
        }
    }

    siding::coroutine<> take_all_turns() {
        std::vector<siding::task<>> units;
        units.reserve(params_.units);
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            units.push_back(siding::create_task(take_turns(unit)));
        }
        for (auto const& each : units) {
            co_await each;
        }
    }

    yield::params params_;
    std::uint64_t seed_;
    yield::outcome outcome_;
    std::uint64_t next_ = 0; ///< whose turn it is
};

} // namespace

std::unique_ptr<contract::session<yield>> make_yield(yield::params const& params,
                                                     yield::environment const& around) {
    return std::make_unique<sleeps_of_zero>(params, around.limits.seed);
}

} // namespace coroutine_model
