// SPDX-License-Identifier: MIT
#include "siding/task.hpp"

#include <typeinfo>

namespace siding {

bool any_future::remove_done_callback(done_callback_id id) const noexcept {
    auto& list = core_->callbacks;
    for (auto* w = list.front(); w != nullptr; w = list.after(*w)) {
        if (w->react != &detail::callback::react_to) continue;
        auto& call = *static_cast<detail::callback*>(w);
        if (call.id != static_cast<std::uint64_t>(id)) continue;
        list.erase(call);
        call.drop_reference();
        return true;
    }
    return false;
}

namespace detail {

void add_done_callback(future_core& core, callback& call) {
    call.id = call.home.next_id();
    if (core.done()) {
        call.react(call, signal::done);
        call.home.schedule(call);
    } else {
        core.callbacks.push_back(call);
        call.home.watch(core);
    }
}

void future_wait::throw_cancelled_or_outcome() const {
    if (core.now == state::cancelled) core.throw_no_result();
    if (core.now == state::failed) {
        core.clear(future_core::log_exception);
        if (*core.error().__cxa_exception_type() == typeid(cancelled_error)) {
            std::rethrow_exception(core.error());
        }
    }
    throw_cancelled(cancel_message(*this));
}

void future_wait::throw_other_loop() {
    throw runtime_error("a task cannot await a future or task of another loop");
}

void future_wait::throw_circle() const {
    if (&core == running_task()) throw runtime_error("Task cannot await on itself");
    throw runtime_error("Tasks await each other in a circle");
}

bool future_wait::react_to(waiter& self, signal reason) noexcept {
    auto& wait = static_cast<future_wait&>(self);
    if (reason == signal::cancel) return wait.core.cancel(cancel_message(self));
    if (reason != signal::detach) return false;
    // Now: tasks that await each other would keep each other alive.
    wait.end();
    wait.react = &ended_reaction;
    return true;
}

bool future_wait::ended_reaction(waiter&, signal) noexcept { return false; }

std::string name_of(future_core const& core) {
    if (auto const* extra = core.extra(); extra != nullptr && !extra->name.empty()) {
        return extra->name;
    }
    return "Task-" + std::to_string(core.serial());
}

unsigned uncancel(future_core& core) noexcept {
    if (core.cancel_requests > 0 && --core.cancel_requests == 0) {
        core.clear(future_core::must_cancel);
    }
    return core.cancel_requests;
}

} // namespace detail
} // namespace siding
