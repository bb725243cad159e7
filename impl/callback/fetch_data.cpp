// SPDX-License-Identifier: MIT
// One uv_timer per fetch, all started at once; the callback takes the value. The run takes the time
// of the longest and one turn of the loop per distinct millisecond.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/random.hpp"
#include "timer.hpp"

#include <vector>

namespace callback {
namespace {

using contract::fetch_data;

class timers final : public contract::session<fetch_data> {
public:
    timers(fetch_data::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), timers_(params.fetches) {
        for (auto& timer : timers_) {
            checked(::uv_timer_init(loop_.get(), &timer), "uv_timer_init");
            timer.data = this;
        }
    }

    fetch_data::outcome run(contract::probe& probe) override {
        outcome_ = {};
        probe_ = &probe;
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            probe.begin(i);
            checked(start_timer(&timers_[i], &timers::due, (i + 1) * params_.step_us * 1'000),
                    "uv_timer_start");
        }
        loop_.run();
        return outcome_;
    }

private:
    static void due(uv_timer_t* timer) {
        auto& self = *static_cast<timers*>(timer->data);
        auto const i = static_cast<std::uint64_t>(timer - self.timers_.data());
        self.outcome_.sum += kernel::fetched_value(self.seed_, i);
        ++self.outcome_.fetched;
        self.probe_->end(i);
    }

    fetch_data::params params_;
    std::uint64_t seed_;
    fetch_data::outcome outcome_;
    contract::probe* probe_ = nullptr;
    std::vector<uv_timer_t> timers_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data(fetch_data::params const& params, fetch_data::environment const& environment) {
    return std::make_unique<timers>(params, environment.limits.seed);
}

} // namespace callback
