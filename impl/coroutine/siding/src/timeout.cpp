// SPDX-License-Identifier: MIT
#include "siding/timeout.hpp"

namespace siding {

void timeout_scope::reschedule(std::optional<time_point> when) {
    if (state_ == state::created) throw runtime_error("Timeout has not been entered");
    if (state_ != state::entered) {
        throw runtime_error("Cannot change state of a Timeout that is not active");
    }
    when_ = when;
    timer_.cancel();
    timer_ = {};
    if (!when) return;
    auto& home = loop::running();
    timer_ = *when <= home.time() ? home.call_soon([this] { on_timeout(); })
                                  : home.call_at(*when, [this] { on_timeout(); });
}

void timeout_scope::enter() {
    if (state_ != state::created) throw runtime_error("Timeout has already been entered");
    task_ = detail::running_task();
    if (task_ == nullptr) throw runtime_error("Timeout should be used inside a task");
    state_ = state::entered;
    cancelling_ = task_->cancel_requests;
    reschedule(when_);
}

bool timeout_scope::exit(bool by_cancellation) noexcept {
    timer_.cancel();
    timer_ = {};
    if (state_ == state::expiring) {
        state_ = state::expired;
        return detail::uncancel(*task_) <= cancelling_ && by_cancellation;
    }
    state_ = state::exited;
    return false;
}

void timeout_scope::on_timeout() {
    task_->cancel({});
    state_ = state::expiring;
    timer_ = {};
}

} // namespace siding
