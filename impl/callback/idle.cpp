// SPDX-License-Identifier: MIT
// libuv has nothing to wait for but handles: a unit is an object of its own with a uv_timer that is
// not due for an hour. To open the gate is to start each timer anew, due at once.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/ballast.hpp"

#include <memory>
#include <vector>

namespace callback {
namespace {

using contract::idle;

class waiting_handles final : public contract::session<idle> {
public:
    waiting_handles(idle::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    idle::outcome run(contract::probe& probe) override {
        outcome_ = {};
        probe_ = &probe;
        units_.reserve(params_.units);
        for (auto const step : idle::steps(params_)) {
            while (units_.size() < step) {
                add();
            }
            ::uv_run(loop_.get(), UV_RUN_NOWAIT);
            probe.look();
        }
        for (auto const& each : units_) {
            checked(::uv_timer_start(&each->timer, &wake, 0, 0), "uv_timer_start");
        }
        loop_.run();
        loop_.close_handles(nullptr);
        units_.clear();
        return outcome_;
    }

private:
    struct unit {
        unit(waiting_handles& of, std::uint64_t i)
            : owner(of), number(i), ballast(of.seed_, i, of.params_.ballast_bytes) {
            checked(::uv_timer_init(of.loop_.get(), &timer), "uv_timer_init");
            timer.data = this;
        }
        uv_timer_t timer; ///< `data` points to this unit
        waiting_handles& owner;
        std::uint64_t number;
        kernel::ballast ballast;
    };

    static constexpr std::uint64_t an_hour_ms = 3'600'000;

    void add() {
        auto const i = units_.size();
        auto& added = *units_.emplace_back(std::make_unique<unit>(*this, i));
        probe_->begin(i);
        checked(::uv_timer_start(&added.timer, &wake, an_hour_ms, 0), "uv_timer_start");
    }

    static void wake(uv_timer_t* timer) {
        auto const& self = *static_cast<unit*>(timer->data);
        auto& owner = self.owner;
        owner.probe_->end(self.number);
        owner.outcome_.sum +=
            self.ballast.value(owner.seed_, self.number, owner.params_.ballast_bytes);
        ++owner.outcome_.released;
    }

    idle::params params_;
    std::uint64_t seed_;
    idle::outcome outcome_;
    contract::probe* probe_ = nullptr;
    std::vector<std::unique_ptr<unit>> units_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<idle>> make_idle(idle::params const& params,
                                                   idle::environment const& around) {
    return std::make_unique<waiting_handles>(params, around.limits.seed);
}

} // namespace callback
