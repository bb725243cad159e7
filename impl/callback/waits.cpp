// SPDX-License-Identifier: MIT
// One uv_timer per wait, in one array; the loop keeps them in its binary heap and calls back. libuv
// counts whole milliseconds: waits are rounded up, and all that end in one millisecond end
// together.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/random.hpp"
#include "timer.hpp"

#include <vector>

namespace callback {
namespace {

using contract::waits;

class timers final : public contract::session<waits> {
public:
    timers(waits::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), timers_(params.waits) {
        for (auto& timer : timers_) {
            checked(::uv_timer_init(loop_.get(), &timer), "uv_timer_init");
            timer.data = this;
        }
    }

    waits::outcome run(contract::probe& probe) override {
        outcome_ = {};
        probe_ = &probe;
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            auto const length_ns =
                kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us);
            probe.begin(i);
            checked(start_timer(&timers_[i], &timers::due, length_ns), "uv_timer_start");
        }
        loop_.run();
        return outcome_;
    }

private:
    static void due(uv_timer_t* timer) {
        auto& self = *static_cast<timers*>(timer->data);
        auto const i = static_cast<std::uint64_t>(timer - self.timers_.data());
        self.probe_->end(i);
        self.outcome_.checksum += kernel::mix(i);
        ++self.outcome_.completed;
    }

    waits::params params_;
    std::uint64_t seed_;
    waits::outcome outcome_;
    contract::probe* probe_ = nullptr;
    std::vector<uv_timer_t> timers_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<waits>> make_waits(waits::params const& params,
                                                     waits::environment const& environment) {
    return std::make_unique<timers>(params, environment.limits.seed);
}

} // namespace callback
