// SPDX-License-Identifier: MIT
#pragma once

#include "coro/detail/timer_wheel.hpp"
#include "coro/loop.hpp"

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace coro {

namespace detail {

/// Waits for one turn, or for a time.
class sleep_awaiter : timer {
public:
    explicit sleep_awaiter(duration delay) noexcept : timer(&react_to) {
        deadline_ns = static_cast<std::uint64_t>(std::max(delay, duration{0}).count());
    }
    ~sleep_awaiter() {
        if (linked()) loop::of_this_thread()->timers().erase(*this);
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) {
        if (deadline_ns == 0) return suspend_for_a_turn(self, *this);
        auto& home = *loop::of_this_thread();
        // Until here it holds the delay. The sum of two non-negative int64 fits in 64 bits.
        auto const now = static_cast<std::uint64_t>(home.time().time_since_epoch().count());
        deadline_ns = std::min(deadline_ns + now, latest);
        home.timers().insert(*this);
        return suspend(self, *this);
    }
    void await_resume() const { throw_if_cancelled(*this); }

private:
    static bool react_to(waiter& self, signal what) noexcept {
        auto& sleeper = static_cast<sleep_awaiter&>(self);
        auto& home = *loop::of_this_thread();
        if (what != signal::run && sleeper.linked()) home.timers().erase(sleeper);
        if (what == signal::cancel) self.react = &cancelled_reaction;
        if (what != signal::detach) home.wake(self); // asyncio's two steps: timer, then task
        return true;
    }

    static constexpr auto latest = static_cast<std::uint64_t>(duration::max().count());
};

/// With a result to give back.
template <class T>
class sleep_result_awaiter final : public sleep_awaiter {
public:
    sleep_result_awaiter(duration delay, T&& result)
        : sleep_awaiter(delay), result_(std::move(result)) {}
    T await_resume() {
        sleep_awaiter::await_resume();
        return std::move(result_);
    }

private:
    T result_;
};

} // namespace detail

/// What `sleep` returns: begins when awaited.
template <class T = void>
class [[nodiscard]] sleeping {
public:
    sleeping(duration delay, T result) : delay_(delay), result_(std::move(result)) {}
    [[nodiscard]] auto operator co_await() && {
        return detail::sleep_result_awaiter<T>(delay_, std::move(result_));
    }

private:
    duration delay_;
    T result_;
};

template <>
class [[nodiscard]] sleeping<void> {
public:
    explicit sleeping(duration delay) noexcept : delay_(delay) {}
    [[nodiscard]] auto operator co_await() const noexcept { return detail::sleep_awaiter(delay_); }

private:
    duration delay_;
};

/// Waits for `delay`, never less. Zero or less lets all that is ready run once. Sleeps that end at
/// the same time end in the order in which they began.
[[nodiscard]] inline sleeping<> sleep(duration delay) noexcept { return sleeping<>(delay); }

/// The same, and gives `result` back.
template <class T>
[[nodiscard]] sleeping<std::decay_t<T>> sleep(duration delay, T&& result) {
    return {delay, std::forward<T>(result)};
}

} // namespace coro
