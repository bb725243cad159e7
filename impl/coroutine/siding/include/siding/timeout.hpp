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
class timeout_scope {
public:
    /// nullopt: no limit, until it is rescheduled.
    explicit timeout_scope(std::optional<time_point> when) noexcept : when_(when) {}
    timeout_scope(timeout_scope const&) = delete;
    timeout_scope& operator=(timeout_scope const&) = delete;
    ~timeout_scope() { timer_.cancel(); }

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

    void on_timeout();

    state state_ = state::created;
    std::optional<time_point> when_;
    handle timer_;
    detail::task_core* task_ = nullptr; ///< not counted: we are in its frame
};

/// async with timeout_at(when): runs `body(scope)`, a coroutine function, in this task. When the
/// time is up the task is cancelled, and if the body ends by that, timeout_error is thrown. A
/// cancellation by others stays one.
template <std::invocable<timeout_scope&> F>
std::invoke_result_t<F&, timeout_scope&> timeout_at(std::optional<time_point> when, F body) {
    timeout_scope scope(when);
    scope.enter();
    auto piece = body(scope);
    std::exception_ptr error;
    bool cancelled = false;
    using value = await_result<decltype(piece)>;
    if constexpr (std::is_void_v<value>) {
        try {
            co_await std::move(piece);
        } catch (cancelled_error const&) {
            error = std::current_exception();
            cancelled = true;
        } catch (...) {
            error = std::current_exception();
        }
        bool const timed_out = scope.exit(cancelled);
        if (timed_out) throw timeout_error();
        if (error) std::rethrow_exception(error);
    } else {
        std::optional<value> result;
        try {
            result.emplace(co_await std::move(piece));
        } catch (cancelled_error const&) {
            error = std::current_exception();
            cancelled = true;
        } catch (...) {
            error = std::current_exception();
        }
        bool const timed_out = scope.exit(cancelled);
        if (timed_out) throw timeout_error();
        if (error) std::rethrow_exception(error);
        co_return std::move(*result);
    }
}

/// The same, with the time counted from the call.
template <std::invocable<timeout_scope&> F>
auto timeout(std::optional<duration> delay, F body) {
    std::optional<time_point> when;
    if (delay) when = loop::running().time() + *delay;
    return timeout_at(when, std::move(body));
}

/// For a piece that needs no scope: a coroutine object.
template <class T>
coroutine<T> timeout(std::optional<duration> delay, coroutine<T> body) {
    auto run_it = [&body](timeout_scope&) -> coroutine<T> { return std::move(body); };
    auto limited = timeout(delay, std::move(run_it));
    co_return co_await std::move(limited);
}

} // namespace siding
