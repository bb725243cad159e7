// SPDX-License-Identifier: MIT
#pragma once

#include "siding/awaitable.hpp"
#include "siding/task.hpp"

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace siding {

/// asyncio.Timeout: a limit on the time of a piece of a task. `timeout` and `timeout_at` make one
/// and run the piece in it.
class timeout_scope : detail::timer {
public:
    /// nullopt: no limit, until it is rescheduled.
    explicit timeout_scope(std::optional<time_point> when) noexcept
        : timer(&react_to), when_(when) {}
    timeout_scope(timeout_scope const&) = delete;
    timeout_scope& operator=(timeout_scope const&) = delete;
    ~timeout_scope() {
        if (home_ != nullptr) disarm();
    }

    [[nodiscard]] std::optional<time_point> when() const noexcept { return when_; }
    /// True once the time was up, whether or not the piece has noticed.
    [[nodiscard]] bool expired() const noexcept {
        return state_ == state::expiring || state_ == state::expired;
    }
    /// Throws runtime_error when it has expired or ended.
    void reschedule(std::optional<time_point> when);

    // What `timeout` does around the piece; for those who write such functions themselves.
    void enter();
    /// True: the cancellation that ended the piece was ours, so timeout_error is to be thrown.
    [[nodiscard]] bool exit(bool by_cancellation) noexcept;

private:
    enum class state { created, entered, expiring, expired, exited };

    void arm() noexcept;
    void disarm() noexcept;
    static bool react_to(detail::waiter& self, detail::signal reason) noexcept;

    state state_ = state::created;
    unsigned cancelling_ = 0; ///< requests for cancellation that were there before
    std::optional<time_point> when_;
    detail::loop_core* home_ = nullptr; ///< while it is among the timers, or in the ready queue
    detail::task_core* task_ = nullptr; ///< not counted: we are in its frame
};

namespace detail {

/// When a limit is up that is counted from the call of this object.
struct limit_from_now {
    time_limit limit;
    [[nodiscard]] std::optional<time_point> operator()() const {
        auto& home = loop_core::running();
        if (limit.is_none()) return std::nullopt;
        return as_time_point(home.deadline_after(limit.length()));
    }
};
struct limit_at {
    std::optional<time_point> when;
    [[nodiscard]] std::optional<time_point> operator()() const noexcept { return when; }
};

/// A piece that needs no scope, in the shape of one that does.
template <class A>
struct without_scope {
    A piece;
    [[nodiscard]] A operator()(timeout_scope&) { return std::move(piece); }
};

/// Awaits `start(scope)` in a scope that ends at `end()`.
template <class End, class Start>
coroutine<await_result<std::invoke_result_t<Start&, timeout_scope&>>> await_within(End end,
                                                                                   Start start) {
    using value = await_result<std::invoke_result_t<Start&, timeout_scope&>>;
    timeout_scope scope(end());
    scope.enter();
    try {
        auto piece = start(scope);
        if constexpr (std::is_void_v<value>) {
            co_await std::move(piece);
            static_cast<void>(scope.exit(false));
        } else {
            value result = co_await std::move(piece);
            static_cast<void>(scope.exit(false));
            co_return result;
        }
    } catch (cancelled_error const&) {
        if (scope.exit(true)) throw timeout_error();
        throw;
    } catch (...) {
        static_cast<void>(scope.exit(false));
        throw;
    }
}

} // namespace detail

/// async with timeout_at(when): runs `body(scope)`, a coroutine function, in this task. When the
/// time is up the task is cancelled, and if the body ends by that, timeout_error is thrown. A
/// cancellation by others stays one.
template <std::invocable<timeout_scope&> F>
[[nodiscard]] auto timeout_at(std::optional<time_point> when, F body) {
    return detail::await_within(detail::limit_at{when}, std::move(body));
}

/// The same, with the time counted from the call.
template <std::invocable<timeout_scope&> F>
[[nodiscard]] auto timeout(time_limit delay, F body) {
    return timeout_at(detail::limit_from_now{delay}(), std::move(body));
}

/// For a piece that needs no scope: a coroutine object.
template <class T>
[[nodiscard]] coroutine<T> timeout(time_limit delay, coroutine<T> body) {
    return detail::await_within(detail::limit_at{detail::limit_from_now{delay}()},
                                detail::without_scope<coroutine<T>>{std::move(body)});
}

} // namespace siding
