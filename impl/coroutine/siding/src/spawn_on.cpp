// SPDX-License-Identifier: MIT
#include "siding/spawn_on.hpp"

#include <new>

namespace siding::detail {

void remote_call::cancel(std::shared_ptr<remote_call> const& self, std::string why) noexcept {
    // Its loop is there as long as we hold the mutex and it has not ended.
    if (self->done) return;
    try {
        self->on->call_soon_threadsafe([self, why = std::move(why)] {
            if (self->task != nullptr) self->task->cancel(why);
        });
    } catch (runtime_error const&) {  // it is being closed, and everything on it
    } catch (std::bad_alloc const&) { // nobody waits for it any more: it runs on
    }
}

remote_awaiter::~remote_awaiter() {
    if (!suspended) return;
    std::lock_guard const lock(of_->mutex);
    if (linked()) of_->askers.erase(*this);
}

bool remote_awaiter::react_to(waiter& self, signal reason) noexcept {
    auto& me = static_cast<remote_awaiter&>(self);
    auto& home = *detail::loop_core::of_this_thread();
    std::lock_guard const lock(me.of_->mutex);
    switch (reason) {
    case signal::run: // woken; a request to cancel is thrown all the same
        home.continue_now(task_core::of(self.suspended).task());
        return true;
    case signal::cancel:
        if (me.is_woken) return false;
        me.of_->askers.erase(me);
        remote_call::cancel(me.of_, std::string(cancel_message(self)));
        self.react = &cancelled_reaction;
        home.wake(self);
        return true;
    case signal::detach:
        if (me.linked()) me.of_->askers.erase(me);
        return true;
    case signal::done:
        break;
    }
    return false;
}

} // namespace siding::detail
