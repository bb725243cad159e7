// SPDX-License-Identifier: MIT
// uv_close on a uv_timer that is running: it never calls back, and in the next turn of the loop the
// close callback says that the handle is free. That is a unit's clean-up and its join; the last one
// of a burst requests the next.
#include "kernel/cancel.hpp"
#include "cells.hpp"
#include "event_loop.hpp"
#include "timer.hpp"

#include <vector>

namespace callback {
namespace {

using contract::cancel;

class closed_timers final : public contract::session<cancel> {
public:
    closed_timers(cancel::params const& params, std::uint64_t seed)
        : params_(params),
          seed_(seed),
          order_(kernel::cancel::order(seed, params.units)),
          timers_(params.units) {}

    cancel::outcome run(contract::probe& probe) override {
        outcome_ = {};
        probe_ = &probe;
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            auto& timer = timers_[unit];
            checked(::uv_timer_init(loop_.get(), &timer), "uv_timer_init");
            timer.data = this;
            checked(start_timer(
                        &timer, [](uv_timer_t*) {}, kernel::cancel::wait_ns(seed_, unit)),
                    "uv_timer_start");
        }
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            if (::uv_is_active(as_handle(&timers_[unit])) == 0) continue;
            outcome_.waiting += kernel::cancel::waiting_mark(seed_, unit);
        }
        request_burst();
        loop_.run();
        return outcome_;
    }

private:
    void request_burst() {
        auto const first = outcome_.joined;
        for (auto k = first; k < first + params_.burst; ++k) {
            auto const unit = order_[k];
            probe_->begin(unit);
            ::uv_close(as_handle(&timers_[unit]), &closed);
        }
    }

    static void closed(uv_handle_t* handle) {
        auto& self = *static_cast<closed_timers*>(handle->data);
        auto const unit =
            static_cast<std::uint64_t>(reinterpret_cast<uv_timer_t*>(handle) - self.timers_.data());
        self.probe_->end(unit);
        self.outcome_.cancelled += kernel::cancel::cancelled_mark(self.seed_, unit);
        auto const joined = ++self.outcome_.joined;
        if (joined % self.params_.burst == 0 && joined != self.params_.units) {
            self.request_burst();
        }
    }

    cancel::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> order_;
    cancel::outcome outcome_;
    contract::probe* probe_ = nullptr;
    std::vector<uv_timer_t> timers_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<cancel>> make_cancel(cancel::params const& params,
                                                       cancel::environment const& around) {
    return std::make_unique<closed_timers>(params, around.limits.seed);
}

} // namespace callback
