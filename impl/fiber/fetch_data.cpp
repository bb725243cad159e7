// SPDX-License-Identifier: MIT
// One fiber per fetch: it sleeps as if it blocked and returns the value; the futures are awaited
// one after another, but the sleeps overlap, so that the run takes the time of the longest.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/random.hpp"
#include "stack.hpp"

#include <boost/fiber/future.hpp>
#include <chrono>
#include <memory>
#include <vector>

namespace fiber {
namespace {

using contract::fetch_data;

class fiber_per_fetch final : public contract::session<fetch_data> {
public:
    fiber_per_fetch(fetch_data::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {
        values_.reserve(params.fetches);
    }

    fetch_data::outcome run(contract::probe& probe) override {
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            values_.push_back(boost::fibers::async(boost::fibers::launch::post, std::allocator_arg,
                                                   stacks_, [&, i] { return fetch(probe, i); }));
        }
        fetch_data::outcome outcome;
        for (auto& value : values_) {
            outcome.sum += value.get();
            ++outcome.fetched;
        }
        values_.clear();
        return outcome;
    }

private:
    std::uint64_t fetch(contract::probe& probe, std::uint64_t i) const {
        probe.begin(i);
        boost::this_fiber::sleep_for(std::chrono::microseconds((i + 1) * params_.step_us));
        auto const value = kernel::fetched_value(seed_, i);
        probe.end(i);
        return value;
    }

    fetch_data::params params_;
    std::uint64_t seed_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<boost::fibers::future<std::uint64_t>> values_;
};

} // namespace

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data(fetch_data::params const& params, fetch_data::environment const& environment) {
    return std::make_unique<fiber_per_fetch>(params, environment.limits.seed);
}

} // namespace fiber
