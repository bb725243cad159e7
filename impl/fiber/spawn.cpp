// SPDX-License-Identifier: MIT
// boost::fibers::async for each unit of a batch, then `get` on each future: a stack from the pool,
// a fiber on it, a switch there and back.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/random.hpp"
#include "stack.hpp"

#include <boost/fiber/future.hpp>
#include <string>
#include <vector>

namespace fiber {
namespace {

using contract::spawn;

/// Beyond this the stacks of a batch would fill the memory of a small machine.
constexpr std::uint64_t most_at_once = 50'000;

class fibers final : public contract::session<spawn> {
public:
    fibers(spawn::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {
        batch_.reserve(params.at_once);
    }

    spawn::outcome run(contract::probe&) override {
        spawn::outcome outcome;
        for (std::uint64_t i = 0; i < params_.units;) {
            for (auto const end = i + params_.at_once; i < end; ++i) {
                batch_.push_back(
                    boost::fibers::async(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                         [this, i] { return kernel::mix(seed_ ^ i); }));
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
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<boost::fibers::future<std::uint64_t>> batch_;
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn(spawn::params const& params,
                                                     spawn::environment const& around) {
    if (params.at_once > most_at_once) {
        throw contract::declined_error("one stack of 16 KiB per unit: at most " +
                                       std::to_string(most_at_once) + " at once");
    }
    return std::make_unique<fibers>(params, around.limits.seed);
}

} // namespace fiber
