// SPDX-License-Identifier: MIT
#include "siding/timeout.hpp"

#include <utility>

namespace siding {

void timeout_scope::reschedule(std::optional<time_point> when) {
    if (state_ == state::created) throw runtime_error("Timeout has not been entered");
    if (state_ != state::entered) {
        throw runtime_error("Cannot change state of a Timeout that is not active");
    }
    when_ = when;
    disarm();
    if (when) arm();
}

void timeout_scope::arm() noexcept {
    home_ = detail::loop_core::of_this_thread();
    deadline_ns = detail::deadline_at(*when_);
    if (home_->is_over(deadline_ns)) {
        home_->schedule(*this);
    } else {
        home_->insert_timer(*this);
    }
}

void timeout_scope::disarm() noexcept {
    auto* const home = std::exchange(home_, nullptr);
    if (home == nullptr) return;
    if (linked()) {
        home->timers().erase(*this);
    } else {
        home->unschedule(*this);
    }
}

/// Its time is up, unless its loop ends.
bool timeout_scope::react_to(detail::waiter& self, detail::signal reason) noexcept {
    auto& scope = static_cast<timeout_scope&>(self);
    scope.home_ = nullptr;
    if (reason != detail::signal::run) return true;
    scope.task_->cancel({});
    scope.state_ = state::expiring;
    return true;
}

void timeout_scope::enter() {
    if (state_ != state::created) throw runtime_error("Timeout has already been entered");
    task_ = detail::running_task();
    if (task_ == nullptr) throw runtime_error("Timeout should be used inside a task");
    state_ = state::entered;
    cancelling_ = task_->cancel_requests;
    if (when_) arm();
}

bool timeout_scope::exit(bool by_cancellation) noexcept {
    disarm();
    if (state_ == state::expiring) {
        state_ = state::expired;
        return detail::uncancel(*task_) <= cancelling_ && by_cancellation;
    }
    state_ = state::exited;
    return false;
}

} // namespace siding
