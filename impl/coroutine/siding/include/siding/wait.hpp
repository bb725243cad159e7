// SPDX-License-Identifier: MIT
#pragma once

#include "siding/awaitable.hpp"
#include "siding/future.hpp"
#include "siding/timeout.hpp"

#include <algorithm>
#include <concepts>
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
coroutine<> wait_for_some(std::vector<any_future> futures, time_limit timeout, return_when when);

/// Cancels `f` and waits for its end, however it ends.
coroutine<> cancel_and_wait(any_future f);

template <class Future>
coroutine<wait_result<Future>> wait_and_sort(std::vector<Future> futures, time_limit timeout,
                                             return_when when) {
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
[[nodiscard]] auto wait(R&& futures, time_limit timeout = std::nullopt,
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
/// worked, otherwise what it did instead.
template <class T>
T result_or_timeout(future<T> const& f) {
    if (f.cancelled()) throw timeout_error();
    return result_of(f);
}

inline void release_waiter(future<> const& waiter) {
    if (!waiter.done()) waiter.set_result();
}

/// There is no time: what is not done is cancelled, before it begins if it has not.
template <class A>
coroutine<future_result<A>> wait_for_no_time(A awaited) {
    auto const f = ensure_future(std::move(awaited));
    if (!f.done()) {
        co_await cancel_and_wait(f);
        co_return result_or_timeout(f);
    }
    co_return result_of(f);
}

template <class T>
coroutine<T> result_of_future(future<T> f) {
    co_await f;
    co_return result_of(f);
}

/// What is awaited in this task: a coroutine as it is; of a future the result is moved, unless
/// others hold it too.
template <class A>
coroutine<future_result<A>> piece_of(A awaited) {
    if constexpr (is_coroutine<A>) {
        return awaited;
    } else if constexpr (std::derived_from<A, any_future>) {
        return result_of_future(ensure_future(std::move(awaited)));
    } else {
        return as_coroutine(std::move(awaited));
    }
}

} // namespace detail

/// asyncio.wait_for: awaits it for at most `timeout`, a coroutine in this task. Then what is
/// awaited is cancelled, and once it has ended, timeout_error is thrown. nullopt: no limit.
template <class A>
[[nodiscard]] coroutine<future_result<A>> wait_for(A awaited, time_limit timeout) {
    if (timeout.length() <= duration{0}) return detail::wait_for_no_time(std::move(awaited));
    auto piece = detail::piece_of(std::move(awaited));
    return detail::await_within(detail::limit_from_now{timeout},
                                detail::without_scope<decltype(piece)>{std::move(piece)});
}

} // namespace siding
