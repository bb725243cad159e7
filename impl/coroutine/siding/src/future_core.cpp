// SPDX-License-Identifier: MIT
#include "siding/detail/future_core.hpp"

#include "siding/coroutine.hpp"
#include "siding/detail/context.hpp"
#include "siding/detail/print.hpp"
#include "siding/errors.hpp"
#include "siding/loop.hpp"

#include <cxxabi.h>
#include <typeinfo>

namespace siding::detail {
namespace {

plain_core& plain(future_core& core) noexcept { return static_cast<plain_core&>(core); }
task_core& as_task(future_core& core) noexcept { return static_cast<task_core&>(core); }

} // namespace

details::~details() { release(context); }

details& future_core::make_extra() {
    if (extra() == nullptr) {
        auto* const made = new details;
        made->serial = serial_or_details;
        serial_or_details = reinterpret_cast<std::uintptr_t>(made);
    }
    return *extra();
}

void future_core::throw_wrong_loop() const {
    if (this_loop == 1 && (done() || callbacks.empty())) return; // its loop has ended; nobody waits
    throw runtime_error("a future or task is used in another loop, or thread, than its own");
}

void future_core::set_cancel_message(std::string_view message) noexcept {
    if (message.empty() && extra() == nullptr) return;
    try {
        make_extra().cancel_message = message;
    } catch (...) { // no memory: the cancellation counts, its message is lost
    }
}

bool plain_core::cancel_plainly(std::string_view message) noexcept {
    clear(log_exception);
    if (done()) return false;
    set_cancel_message(message);
    now = state::cancelled;
    schedule_callbacks();
    return true;
}

void future_core::schedule_callbacks() noexcept {
    if (callbacks.empty()) return;
    auto& home = *detail::loop_core::of_this_thread();
    if (!has(is_task) && plain(*this).is_watched()) plain(*this).watch_no_longer();
    if (auto& first = *callbacks.front(); first.next == &first && first.suspended) [[likely]] {
        callbacks.erase(first);
        home.wake(first);
        return;
    }
    do {
        auto& w = callbacks.pop_front();
        if (w.suspended) {
            home.wake(w);
        } else {
            w.react(w, signal::done);
            home.schedule(w);
        }
    } while (!callbacks.empty());
}

void future_core::destroy_with_all() noexcept {
    if (has(log_exception)) {
        exception_context const lost{std::string(has(is_task) ? "Task" : "Future") +
                                         " exception was never retrieved",
                                     error()};
        if (auto* const home = detail::loop_core::of_this_thread()) {
            home->call_exception_handler(lost);
        } else {
            print(lost);
        }
    }
    if (!has(is_task) && plain(*this).is_watched()) plain(*this).watch_no_longer();
    while (!callbacks.empty()) {
        auto& w = callbacks.pop_front();
        w.react(w, signal::detach);
    }
    destroy_in_turn(*this);
}

void future_core::end_now() noexcept {
    if (auto* const mine = extra(); mine != nullptr) [[unlikely]]
        delete mine;
    if (has(is_task)) {
        as_task(*this).frame().destroy();
    } else {
        plain(*this).behaviour->destroy(plain(*this));
    }
}

std::exception_ptr& future_core::error() noexcept {
    return has(is_task) ? as_task(*this).failure : plain(*this).failure;
}

std::exception_ptr future_core::exception() {
    clear(log_exception);
    if (now == state::failed) return error();
    if (now == state::finished) return nullptr;
    if (now == state::pending) throw invalid_state_error("Exception is not set.");
    throw_no_result();
}

void future_core::throw_no_result() {
    if (now == state::pending) throw invalid_state_error("Result is not set.");
    clear(log_exception);
    if (error() != nullptr) std::rethrow_exception(error());
    throw_cancelled(extra() == nullptr ? std::string_view{} : extra()->cancel_message);
}

void task_core::fail() noexcept {
    ::new (&failure) std::exception_ptr(std::current_exception());
    // Asking for the type costs nothing; catching it by a second throw costs a microsecond.
    if (*abi::__cxa_current_exception_type() == typeid(cancelled_error)) {
        now = state::cancelled;
    } else {
        now = state::failed;
        if (has(is_task)) set(log_exception);
    }
}

void task_core::rethrow_failure() { std::rethrow_exception(std::move(failure)); }

void throw_reused() { throw runtime_error("cannot reuse already awaited coroutine"); }

void task_core::destroy_awaited_frames(std::coroutine_handle<> innermost) noexcept {
    while (innermost.address() != frame().address()) {
        auto& awaited = of(innermost);
        if (!awaited.has(in_place_only)) return; // of another kind: its awaiter destroys it
        auto const outer = awaited.continuation;
        awaited.owner->frame = std::noop_coroutine(); // whose destruction does nothing
        innermost.destroy();
        innermost = outer;
    }
}

plain_core::~plain_core() = default;

task_core* running_task() noexcept {
    auto* const home = detail::loop_core::of_this_thread();
    return home == nullptr ? nullptr : home->current();
}

std::string_view cancel_message(waiter const& w) noexcept {
    auto* const extra = task_core::of(w.suspended).task().extra();
    return extra == nullptr ? std::string_view{} : std::string_view(extra->cancel_message);
}

void throw_cancelled(std::string_view message) {
    if (message.empty()) throw cancelled_error();
    throw cancelled_error(std::string(message));
}

void throw_cancellation() {
    auto* const task = running_task();
    auto* const extra = task == nullptr ? nullptr : task->extra();
    throw_cancelled(extra == nullptr ? std::string_view{} : extra->cancel_message);
}

bool cancelled_reaction(waiter&, signal) noexcept { return false; }

namespace {

constinit thread_local context_node* outside_of_loops = nullptr;

} // namespace

thread_context::thread_context(context_node* values) noexcept
    : before_(std::exchange(outside_of_loops, share(values))) {}

thread_context::~thread_context() { release(std::exchange(outside_of_loops, before_)); }

context_node* current_context() noexcept {
    auto* const home = detail::loop_core::of_this_thread();
    if (home == nullptr) return outside_of_loops;
    if (auto* const task = home->current()) {
        return task->extra() == nullptr ? nullptr : task->extra()->context;
    }
    return home->callback_context;
}

void replace_current_context(context_node* context) {
    auto* const home = detail::loop_core::of_this_thread();
    auto* const task = home == nullptr ? nullptr : home->current();
    auto& place = task != nullptr   ? task->make_extra().context
                  : home != nullptr ? home->callback_context
                                    : outside_of_loops;
    release(std::exchange(place, context));
}

bool callback::react_to(waiter& self, signal reason) noexcept {
    auto& call = static_cast<callback&>(self);
    auto& home = call.home;
    if (reason == signal::done) {
        call.own_subject();
        return true;
    }
    if (reason == signal::run && !call.cancelled) {
        // It runs in a copy of the context of the one who asked for the call.
        auto* const before = std::exchange(home.callback_context, share(call.context));
        try {
            call.invoke();
        } catch (...) {
            home.call_exception_handler({"Exception in callback", std::current_exception()});
        }
        release(std::exchange(home.callback_context, before));
    }
    call.drop_reference();
    return true;
}

} // namespace siding::detail

namespace siding {

void handle::cancel() noexcept {
    if (to_ == nullptr || to_->cancelled) return;
    to_->cancelled = true;
    if (to_->linked()) {
        to_->home.timers().erase(*to_);
        to_->drop_reference();
    }
}

} // namespace siding
