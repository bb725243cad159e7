// SPDX-License-Identifier: MIT
#pragma once

#include "siding/awaitable.hpp"
#include "siding/future.hpp"

#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

/// Gives `to` what `from`, which is done, has: a result (copied), an exception or the cancellation.
template <class T>
void copy_outcome(any_future const& from, future<T> const& to) {
    auto& core = *from.core();
    if (core.now == state::cancelled) {
        to.cancel();
    } else if (auto error = core.exception()) {
        to.set_exception(std::move(error));
    } else if constexpr (std::is_void_v<T>) {
        to.set_result();
    } else if constexpr (std::is_copy_constructible_v<T>) {
        to.set_result(value_of<T>(core));
    } else {
        to.set_result(std::move(value_of<T>(core)));
    }
}

template <class T>
future<T> shield_future(future<T> inner) {
    if (inner.done()) return inner;
    auto outer = loop::running().create_future<T>();
    auto const inner_done = inner.add_done_callback([outer](any_future const& done) {
        if (!outer.cancelled()) {
            copy_outcome<T>(done, outer);
        } else if (!done.cancelled()) {
            static_cast<void>(done.exception()); // nobody else will look at it
        }
    });
    outer.add_done_callback([inner, inner_done](any_future const&) {
        if (!inner.done()) inner.remove_done_callback(inner_done);
    });
    return outer;
}

} // namespace detail

/// asyncio.shield: awaiting what it returns gives the result of `awaited`; cancelling that does not
/// cancel `awaited`. A move-only result goes to the shield.
template <class A>
[[nodiscard]] auto shield(A&& awaited) {
    return detail::shield_future(ensure_future(std::forward<A>(awaited)));
}

} // namespace siding
