// SPDX-License-Identifier: MIT
// boost::this_fiber::yield: the fiber goes to the end of the scheduler's queue, round robin, so
// that no unit runs out of turn; the switch is Boost.Context's.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/random.hpp"
#include "stack.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <string>
#include <vector>

namespace fiber {
namespace {

using contract::yield;

/// Beyond this the stacks would fill the memory of a small machine.
constexpr std::uint64_t most_units = 50'000;

class yielding_fibers final : public contract::session<yield> {
public:
    yielding_fibers(yield::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {
        units_.reserve(params.units);
    }

    yield::outcome run(contract::probe&) override {
        outcome_ = {.turns = 0, .chain = seed_};
        next_ = 0;
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            units_.emplace_back(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                [this, unit] { take_turns(unit); });
        }
        for (auto& each : units_) {
            each.join();
        }
        units_.clear();
        return outcome_;
    }

private:
    void take_turns(std::uint64_t unit) {
        for (std::uint64_t taken = 0; taken < params_.turns;) {
            if (next_ == unit) {
                outcome_.chain = kernel::mix(outcome_.chain + unit);
                ++outcome_.turns;
                next_ = unit + 1 == params_.units ? 0 : unit + 1;
                ++taken;
            }
            boost::this_fiber::yield();
        }
    }

    yield::params params_;
    std::uint64_t seed_;
    yield::outcome outcome_;
    std::uint64_t next_ = 0; ///< whose turn it is
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<boost::fibers::fiber> units_;
};

} // namespace

std::unique_ptr<contract::session<yield>> make_yield(yield::params const& params,
                                                     yield::environment const& around) {
    if (params.units > most_units) {
        throw contract::declined_error("one stack of 16 KiB per unit: at most " +
                                       std::to_string(most_units) + " units");
    }
    return std::make_unique<yielding_fibers>(params, around.limits.seed);
}

} // namespace fiber
