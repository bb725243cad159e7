// SPDX-License-Identifier: MIT
// A task a unit, suspended in `event::wait`: its frame is all of it. The loop's own task sees them
// all arrive through a second event, for a task starts when its creator suspends.
#include "cells.hpp"

#include "kernel/ballast.hpp"
#include "siding/siding.hpp"

#include <vector>

namespace coroutine_model {
namespace {

using contract::idle;

class waiting_tasks final : public contract::session<idle> {
public:
    waiting_tasks(idle::params const& params, std::uint64_t seed) : params_(params), seed_(seed) {}

    idle::outcome run(contract::probe& probe) override {
        outcome_ = {};
        waiting_ = 0;
        probe_ = &probe;
        siding::run(hold_all());
        return outcome_;
    }

private:
    // Parameters are a part of each frame: what all units share is in the session.
    siding::coroutine<> live(std::uint64_t i) {
        kernel::ballast const ballast(seed_, i, params_.ballast_bytes);
        probe_->begin(i);
        if (++waiting_ == step_) step_waits_.set();
        co_await gate_.wait();
        probe_->end(i);
        outcome_.sum += ballast.value(seed_, i, params_.ballast_bytes);
        ++outcome_.released;
    }

    siding::coroutine<> hold_all() {
        gate_.clear();
        std::vector<siding::task<>> units;
        units.reserve(params_.units);
        for (auto const step : idle::steps(params_)) {
            step_ = step;
            step_waits_.clear();
            for (auto i = units.size(); i < step; ++i) {
                units.push_back(siding::create_task(live(i)));
            }
            co_await step_waits_.wait();
            probe_->look();
        }
        gate_.set();
        for (auto const& each : units) {
            co_await each;
        }
    }

    idle::params params_;
    std::uint64_t seed_;
    idle::outcome outcome_;
    contract::probe* probe_ = nullptr;
    siding::event gate_;
    siding::event step_waits_;
    std::uint64_t waiting_ = 0;
    std::uint64_t step_ = 0; ///< how many are to wait at the next look
};

} // namespace

std::unique_ptr<contract::session<idle>> make_idle(idle::params const& params,
                                                   idle::environment const& around) {
    return std::make_unique<waiting_tasks>(params, around.limits.seed);
}

} // namespace coroutine_model
