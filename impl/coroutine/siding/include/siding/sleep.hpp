// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/timer_wheel.hpp"
#include "siding/loop.hpp"

#include <chrono>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

/// Waits for one turn, or for a time. It is its own awaiter, so that a frame which sleeps holds one
/// object for it, not two.
class sleep_awaiter : timer {
public:
    explicit sleep_awaiter(duration delay) noexcept : timer(&react_to) {
        deadline_ns = detail::deadline_after(0, delay);
    }
    /// `other` has not begun: until then there is nothing but the delay.
    sleep_awaiter(sleep_awaiter&& other) noexcept : timer(&react_to) {
        deadline_ns = other.deadline_ns;
    }
    sleep_awaiter& operator=(sleep_awaiter&&) = delete;
    ~sleep_awaiter() {
        if (linked()) [[unlikely]]
            leave_timers();
    }

    [[nodiscard]] bool await_ready() const {
        if (suspended) throw runtime_error("cannot reuse already awaited sleep");
        return false;
    }
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> self) {
        if (deadline_ns == 0) return suspend_for_a_turn(self, *this);
        return begin(self);
    }
    void await_resume() const { throw_if_cancelled(*this); }

private:
    template <class Promise>
    [[gnu::noinline]] std::coroutine_handle<> begin(std::coroutine_handle<Promise> self) {
        auto& home = *loop_core::of_this_thread();
        // Until here it holds the delay.
        deadline_ns = home.deadline_after(as_time_point(deadline_ns).time_since_epoch());
        home.insert_timer(*this);
        return suspend(self, *this);
    }
    /// Out of line: only a frame that is destroyed while it sleeps comes here.
    [[gnu::noinline, gnu::cold]] void leave_timers() noexcept {
        loop_core::of_this_thread()->timers().erase(*this);
    }
    static bool react_to(waiter& self, signal reason) noexcept {
        auto& sleeper = static_cast<sleep_awaiter&>(self);
        auto& home = *loop_core::of_this_thread();
        if (reason != signal::run && sleeper.linked()) home.timers().erase(sleeper);
        if (reason == signal::cancel) self.react = &cancelled_reaction;
        if (reason != signal::detach) home.wake(self); // asyncio's two steps: timer, then task
        return true;
    }
};

/// Waits for one turn, and for nothing more.
class turn_awaiter final : waiter {
public:
    turn_awaiter() noexcept : waiter(&react_to) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> self) {
        return suspend_for_a_turn(self, *this);
    }
    void await_resume() const {
        if (was_cancelled(*this)) [[unlikely]]
            throw_cancellation();
    }

private:
    /// Its task is in the ready queue all the time.
    static bool react_to(waiter&, signal) noexcept { return false; }
};

} // namespace detail

/// Lets all that is ready run once, as `sleep(0ns)` does, for less.
[[nodiscard]] inline detail::turn_awaiter yield() noexcept { return {}; }

/// What `sleep` returns: begins when awaited, once.
template <class T = void>
class [[nodiscard]] sleeping : public detail::sleep_awaiter {
public:
    sleeping(duration delay, T result) : sleep_awaiter(delay), result_(std::move(result)) {}
    T await_resume() {
        sleep_awaiter::await_resume();
        return std::move(result_);
    }

private:
    T result_;
};

template <>
class [[nodiscard]] sleeping<void> : public detail::sleep_awaiter {
public:
    using sleep_awaiter::sleep_awaiter;
};

/// Waits for `delay`, never less; for ever if that is more than 292 years. Zero or less lets all
/// that is ready run once. Sleeps that end at
/// the same time end in the order in which they began. (By reference, because g++ would keep a copy
/// of the argument in the frame of who awaits: give a named constant where a million tasks wait.)
template <class Rep, class Period>
[[nodiscard]] sleeping<> sleep(std::chrono::duration<Rep, Period> const& delay) {
    return sleeping<>(detail::saturated(delay));
}

/// The same, and gives `result` back.
template <class Rep, class Period, class T>
[[nodiscard]] sleeping<std::decay_t<T>> sleep(std::chrono::duration<Rep, Period> const& delay,
                                              T&& result) {
    return {detail::saturated(delay), std::forward<T>(result)};
}

} // namespace siding
