// SPDX-License-Identifier: MIT
#include "siding/detail/future_core.hpp"

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

bool cancel_task(task_core& task, std::string_view message) {
    task.clear(future_core::log_exception);
    if (task.done()) return false;
    ++task.cancel_requests;
    bool const suspended = !task.has(future_core::is_scheduled) && task.waiting != nullptr;
    // If its wait has been cancelled, and it has not resumed yet, it gets the first message.
    // While it runs, `waiting` is what it waited for before: gone.
    bool const told = task.has(future_core::is_started) && running_task() != &task &&
                      was_cancelled(*task.waiting);
    if (!told && (!message.empty() || task.extra() != nullptr)) {
        task.make_extra().cancel_message = message;
    }
    if (suspended && task.waiting->react(*task.waiting, signal::cancel)) return true;
    task.set(future_core::must_cancel);
    return true;
}

} // namespace

details::~details() { release(context); }

details& future_core::make_extra() {
    if (extra() == nullptr) {
        auto* const made = new details;
        made->serial = serial_or_details >> 1u;
        serial_or_details = reinterpret_cast<std::uintptr_t>(made);
    }
    return *extra();
}

bool future_core::cancel(std::string_view message) {
    if (has(is_task)) return cancel_task(as_task(*this), message);
    auto& self = plain(*this);
    if (self.behaviour->cancel != nullptr) return self.behaviour->cancel(self, message);
    return self.cancel_plainly(message);
}

bool plain_core::cancel_plainly(std::string_view message) {
    clear(log_exception);
    if (done()) return false;
    if (!message.empty()) make_extra().cancel_message = message;
    now = state::cancelled;
    schedule_callbacks();
    return true;
}

void future_core::schedule_callbacks() noexcept {
    if (callbacks.empty()) return;
    auto& home = *loop::of_this_thread();
    // Nearly always there is one who waits, and it is a coroutine.
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

void future_core::destroy() noexcept {
    if (has(log_exception)) {
        exception_context const lost{std::string(has(is_task) ? "Task" : "Future") +
                                         " exception was never retrieved",
                                     error()};
        if (auto* const home = loop::of_this_thread()) {
            home->call_exception_handler(lost);
        } else {
            print(lost);
        }
    }
    while (!callbacks.empty()) {
        auto& w = callbacks.pop_front();
        w.react(w, signal::detach);
    }
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

plain_core::~plain_core() = default;

task_core* running_task() noexcept {
    auto* const home = loop::of_this_thread();
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

bool cancelled_reaction(waiter&, signal) noexcept { return false; }

namespace {

constinit thread_local context_node* outside_of_loops = nullptr;

} // namespace

thread_context::thread_context(context_node* values) noexcept
    : before_(std::exchange(outside_of_loops, share(values))) {}

thread_context::~thread_context() { release(std::exchange(outside_of_loops, before_)); }

context_node* current_context() noexcept {
    auto* const home = loop::of_this_thread();
    if (home == nullptr) return outside_of_loops;
    if (auto* const task = home->current()) {
        return task->extra() == nullptr ? nullptr : task->extra()->context;
    }
    return home->callback_context;
}

void replace_current_context(context_node* context) {
    auto* const home = loop::of_this_thread();
    auto* const task = home == nullptr ? nullptr : home->current();
    auto& place = task != nullptr   ? task->make_extra().context
                  : home != nullptr ? home->callback_context
                                    : outside_of_loops;
    release(std::exchange(place, context));
}

bool callback::react_to(waiter& self, signal what) noexcept {
    auto& call = static_cast<callback&>(self);
    auto& home = call.home;
    if (what == signal::done) {
        call.own_subject();
        return true;
    }
    if (what == signal::run && !call.cancelled) {
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
