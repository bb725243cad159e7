// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/future.hpp"
#include "siding/task.hpp"

#include <concepts>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

template <class A>
decltype(auto) awaiter_of(A&& a) {
    if constexpr (requires { std::forward<A>(a).operator co_await(); }) {
        return std::forward<A>(a).operator co_await();
    } else {
        return std::forward<A>(a);
    }
}

template <class T>
inline constexpr bool is_coroutine = false;
template <class T>
inline constexpr bool is_coroutine<coroutine<T>> = true;

} // namespace detail

/// What `co_await` of an A gives.
template <class A>
using await_result =
    std::remove_cvref_t<decltype(detail::awaiter_of(std::declval<A>()).await_resume())>;

template <class A>
concept awaitable = requires(A&& a) {
    detail::awaiter_of(std::forward<A>(a)).await_resume();
};

namespace detail {

template <class A>
coroutine<await_result<A>> as_coroutine(A a) {
    [[maybe_unused]] int outermost_local = 0; // GCC PR106188
    if constexpr (requires { std::move(a).operator co_await(); }) {
        co_return co_await std::move(a);
    } else {
        co_return co_await a; // its own awaiter; std::move(a) would be copied: GCC PR104872
    }
}

} // namespace detail

/// asyncio.ensure_future: a task for a coroutine or another awaitable; a future or task as it is.
template <class T>
[[nodiscard]] future<T> ensure_future(future<T> f) {
    return f;
}
template <class T>
[[nodiscard]] future<T> ensure_future(task<T> t) {
    return t;
}
template <class T>
[[nodiscard]] future<T> ensure_future(coroutine<T> c) {
    return create_task(std::move(c));
}
template <awaitable A>
requires(!std::derived_from<A, any_future> && !detail::is_coroutine<A>)
    [[nodiscard]] future<await_result<A>> ensure_future(A a) {
    return create_task(detail::as_coroutine(std::move(a)));
}

/// What ensure_future of an A yields.
template <class A>
using future_result =
    typename decltype(ensure_future(std::declval<std::remove_cvref_t<A>>()))::value_type;

} // namespace siding
