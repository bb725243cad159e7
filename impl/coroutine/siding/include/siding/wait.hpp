// SPDX-License-Identifier: MIT
#pragma once

#include "siding/awaitable.hpp"
#include "siding/future.hpp"

#include <algorithm>
#include <optional>
#include <ranges>
#include <unordered_set>
#include <utility>
#include <vector>

namespace siding {

enum class return_when { first_completed, first_exception, all_completed };

inline constexpr auto FIRST_COMPLETED = return_when::first_completed;
inline constexpr auto FIRST_EXCEPTION = return_when::first_exception;
inline constexpr auto ALL_COMPLETED = return_when::all_completed;

/// What `wait` gives back: both in the order of the argument.
template <class Future>
struct wait_result {
    std::vector<Future> done;
    std::vector<Future> pending;
};

namespace detail {

/// Waits until `enough` of the futures, which are distinct, are done, or the time is up.
coroutine<> wait_for_some(std::vector<any_future> futures, std::optional<duration> timeout,
                          return_when when);

/// Cancels `f` and waits for its end, however it ends.
coroutine<> cancel_and_wait(any_future f);

template <class Future>
coroutine<wait_result<Future>> wait_and_sort(std::vector<Future> futures,
                                             std::optional<duration> timeout, return_when when) {
    std::vector<any_future> erased(futures.begin(), futures.end());
    co_await wait_for_some(std::move(erased), timeout, when);
    wait_result<Future> sorted;
    for (auto& each : futures) {
        (each.done() ? sorted.done : sorted.pending).push_back(each);
    }
    co_return sorted;
}

/// Each once, where it came first.
template <class Future>
std::vector<Future> distinct(std::vector<Future> futures) {
    std::unordered_set<future_core const*> seen;
    std::erase_if(futures, [&](auto const& each) { return !seen.insert(each.core()).second; });
    return futures;
}

} // namespace detail

/// asyncio.wait: waits until all (or the first) of the tasks or futures are done, or the time is
/// up. Throws value_error for an empty range; never throws what they failed with, never cancels
/// them.
template <std::ranges::input_range R>
requires std::derived_from<std::ranges::range_value_t<R>, any_future>
[[nodiscard]] auto wait(R&& futures, std::optional<duration> timeout = std::nullopt,
                        return_when when = ALL_COMPLETED) {
    using future_type = std::ranges::range_value_t<R>;
    std::vector<future_type> all;
    for (auto const& each : futures) {
        all.push_back(each);
    }
    if (all.empty()) throw value_error("Set of Tasks/Futures is empty.");
    return detail::wait_and_sort(detail::distinct(std::move(all)), timeout, when);
}
template <std::ranges::input_range R>
[[nodiscard]] auto wait(R&& futures, return_when when) {
    return wait(std::forward<R>(futures), std::nullopt, when);
}

/// asyncio.wait_for: awaits it for at most `timeout`; then cancels it, waits until it has ended,
/// and throws timeout_error. nullopt: no limit.
template <class A>
coroutine<future_result<A>> wait_for(A awaited, std::optional<duration> timeout);

namespace detail {

template <class T>
T result_of(future<T> const& f) {
    f.core()->check_result();
    if constexpr (!std::is_void_v<T>) {
        if constexpr (std::is_copy_constructible_v<T>) {
            if (f.core()->references > 1) return value_of<T>(*f.core());
        }
        return std::move(value_of<T>(*f.core()));
    }
}

/// The result of `f`, which has been cancelled because its time was up: timeout_error if that
/// worked, else what it did instead.
template <class T>
T result_or_timeout(future<T> const& f) {
    if (f.cancelled()) throw timeout_error();
    return result_of(f);
}

inline void release_waiter(future<> const& waiter) {
    if (!waiter.done()) waiter.set_result();
}

template <class T>
coroutine<T> wait_for_future(future<T> f, duration timeout) {
    if (timeout <= duration{0}) {
        if (f.done()) co_return result_of(f);
        co_await cancel_and_wait(f);
        co_return result_or_timeout(f);
    }
    auto& home = loop::running();
    auto const waiter = home.create_future();
    struct timer_guard {
        explicit timer_guard(handle to) noexcept : timer(std::move(to)) {}
        timer_guard(timer_guard const&) = delete;
        timer_guard& operator=(timer_guard const&) = delete;
        ~timer_guard() { timer.cancel(); }
        handle timer;
    };
    timer_guard const guard(home.call_later(timeout, [waiter] { release_waiter(waiter); }));
    auto const done_id =
        f.add_done_callback([waiter](any_future const&) { release_waiter(waiter); });
    std::exception_ptr cancelled;
    try {
        co_await waiter;
    } catch (cancelled_error const&) {
        cancelled = std::current_exception();
    }
    if (f.done()) co_return result_of(f);
    f.remove_done_callback(done_id);
    co_await cancel_and_wait(f); // it must not run on after we have returned
    if (cancelled) std::rethrow_exception(cancelled);
    co_return result_or_timeout(f);
}

} // namespace detail

template <class A>
coroutine<future_result<A>> wait_for(A awaited, std::optional<duration> timeout) {
    [[maybe_unused]] int outermost_local = 0; // GCC PR106188
    if (!timeout) {
        if constexpr (detail::is_coroutine<A>) {
            co_return co_await std::move(awaited);
        } else {
            auto const f = ensure_future(std::move(awaited));
            co_return co_await f;
        }
    }
    // asyncio sets the timer before it makes a task of a coroutine; the order cannot be observed.
    co_return co_await detail::wait_for_future(ensure_future(std::move(awaited)), *timeout);
}

} // namespace siding
