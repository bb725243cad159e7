// SPDX-License-Identifier: MIT
#pragma once

#include "siding/awaitable.hpp"
#include "siding/future.hpp"
#include "siding/outcome.hpp"
#include "siding/task.hpp"

#include <cstddef>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace siding {

namespace detail {

/// What all gathers share: the futures they wait for, and how a result or an error ends them.
/// The gather is a future itself; cancelling it cancels the children.
class gathering {
public:
    /// First: how many children will be added to `outer`, which is this object.
    void expect(plain_core& outer, std::size_t most);
    /// Takes a child and subscribes to it, unless it has been added before.
    void add(any_future child);
    /// Makes a task of it, which nobody else has.
    template <class T>
    void add(coroutine<T> body) {
        if (!body) [[unlikely]]
            throw_reused();
        loop_core::running().adopt(body.frame().promise());
        add_new(body.release().promise());
    }
    /// Last: without children it is done.
    void all_added();

    // For a cancellation, which goes through the children one by one (src/cancel.cpp).
    struct way {
        gathering* gather;  ///< through which it came, or null
        future_core* start; ///< from there
        task_core* through; ///< to this task, which waits for us, or null
    };
    /// False: there are no children.
    bool begin_cancel(way back) noexcept;
    [[nodiscard]] bool is_being_cancelled() const noexcept { return cancelling_; }
    [[nodiscard]] future_core& being_cancelled() const noexcept {
        return *children()[next_to_cancel_].core();
    }
    /// Takes the answer of a child; false: it was the last.
    bool next_to_cancel(bool answer) noexcept;
    [[nodiscard]] way const& way_back() const noexcept { return back_; }
    /// True if a child was cancelled.
    bool end_cancel() noexcept;

    /// For who reads memory (src/debug/layout.hpp): where a child keeps its gather, and where that
    /// keeps its future, in bytes; and how a child reacts.
    struct layout {
        std::size_t child_owner;
        std::size_t outer;
        waiter::react_function* child_reacts;
    };
    [[nodiscard]] static layout layout_of_members() noexcept;

protected:
    explicit gathering(bool keeps_exceptions) noexcept : keeps_exceptions_(keeps_exceptions) {}
    ~gathering();
    virtual void set_results() = 0; ///< all children are done

    /// One per argument, duplicates included.
    [[nodiscard]] std::span<any_future const> children() const noexcept {
        return {children_, count_};
    }

private:
    struct child final : linked_waiter {
        child(gathering& g, future_core& f) noexcept
            : linked_waiter(f.done() ? nullptr : &react_to), owner(&g), of(&f) {}
        /// Nothing is to be waited for.
        [[nodiscard]] bool was_done() const noexcept { return react == nullptr; }
        static bool react_to(waiter& self, signal reason) noexcept;

        gathering* owner;
        future_core* of;
    };
    void add_new(task_core& task) noexcept;
    void child_done(future_core& of) noexcept;
    void fail(std::exception_ptr error) noexcept;

    plain_core* outer_ = nullptr;
    // Of `most_` each, in one block: subscriptions, which cannot move, then children.
    child* subscriptions_ = nullptr;
    any_future* children_ = nullptr;
    std::size_t most_ = 0;
    std::size_t subscribed_ = 0;
    std::size_t count_ = 0; ///< children
    std::unordered_set<future_core*> seen_;
    std::size_t finished_ = 0;
    bool keeps_exceptions_;
    bool cancel_requested_ = false;
    bool cancelling_ = false;
    bool any_cancelled_ = false;
    std::size_t next_to_cancel_ = 0;
    way back_{};
};

[[nodiscard]] std::exception_ptr error_of(future_core& core);

template <class Result, class Collect>
class gather_state final : public future_state<Result>, public gathering {
public:
    gather_state(bool keeps_exceptions, Collect collect)
        : future_state<Result>(kind), gathering(keeps_exceptions), collect_(collect) {}

private:
    void set_results() override {
        if constexpr (!std::is_void_v<Result>) this->emplace(collect_(children()));
        this->now = state::finished;
    }

    static void dispose_gather(plain_core& self) noexcept {
        delete static_cast<gather_state*>(&self);
    }
    static gathering* as_gather(plain_core& self) noexcept {
        return &static_cast<gather_state&>(self);
    }
    static constexpr plain_behaviour kind{&dispose_gather, nullptr, &as_gather};
    [[no_unique_address]] Collect collect_;
};

template <class Result, class Collect, class AddAll>
future<Result> gather_all(std::size_t most, bool keeps_exceptions, Collect collect,
                          AddAll const& add_all) {
    auto* const state = new gather_state<Result, Collect>(keeps_exceptions, collect);
    future<Result> outer(*state);
    state->expect(*state, most);
    add_all(static_cast<gathering&>(*state));
    state->all_added();
    return outer;
}

template <class A>
void add_to(gathering& all, A&& awaited) {
    if constexpr (is_coroutine<std::remove_cvref_t<A>>) {
        all.add(std::forward<A>(awaited));
    } else {
        all.add(any_future(ensure_future(std::forward<A>(awaited))));
    }
}

template <class R>
auto gather_range(R&& range, bool keeps_exceptions, auto collect_one) {
    using one = decltype(collect_one(std::declval<any_future const&>()));
    using result = std::conditional_t<std::is_same_v<one, none>, void, std::vector<one>>;
    auto const collect = [collect_one](std::span<any_future const> all) {
        std::vector<one> results;
        results.reserve(all.size());
        for (auto const& each : all) {
            results.push_back(collect_one(each));
        }
        return results;
    };
    auto const count = static_cast<std::size_t>(std::ranges::distance(range));
    return gather_all<result>(count, keeps_exceptions, collect, [&](gathering& all) {
        for (auto&& each : range) {
            if constexpr (std::is_lvalue_reference_v<R>) {
                add_to(all, each);
            } else {
                add_to(all, std::move(each));
            }
        }
    });
}

template <class T>
[[nodiscard]] value_or_none<T> copy_value([[maybe_unused]] any_future const& f) {
    if constexpr (std::is_void_v<T>) {
        return none{};
    } else if constexpr (std::is_copy_constructible_v<T>) {
        // Whoever else holds the child may still want its result.
        auto& core = *f.core();
        return core.references == 1 ? std::move(value_of<T>(core)) : value_of<T>(core);
    } else {
        return std::move(value_of<T>(*f.core()));
    }
}

template <class T>
[[nodiscard]] outcome<T> outcome_of(any_future const& f) {
    auto& core = *f.core();
    // asyncio drops the message of a task, unless its body has returned before it was cancelled.
    bool const by_throwing = !core.has(future_core::is_started) || core.error() != nullptr;
    if (f.cancelled() && core.has(future_core::is_task) && by_throwing) {
        core.clear(future_core::log_exception);
        return outcome<T>(std::make_exception_ptr(cancelled_error()));
    }
    if (auto error = error_of(core)) return outcome<T>(std::move(error));
    return outcome<T>(copy_value<T>(f));
}

} // namespace detail

/// asyncio.gather: makes tasks of the arguments at once; the future's result is the tuple of their
/// results, in the order of the arguments (`none` for void). The first exception is passed on at
/// once and the others keep running. Cancelling it cancels all.
template <class... A>
requires(sizeof...(A) > 0 && (awaitable<std::remove_cvref_t<A>> && ...))
    [[nodiscard]] auto gather(A&&... awaitables) {
    using result = std::tuple<value_or_none<future_result<A>>...>;
    auto const collect = [](std::span<any_future const> all) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return result{detail::copy_value<future_result<A>>(all[I])...};
        }
        (std::index_sequence_for<A...>{});
    };
    return detail::gather_all<result>(sizeof...(A), false, collect, [&](detail::gathering& all) {
        (detail::add_to(all, std::forward<A>(awaitables)), ...);
    });
}

template <class... A>
requires(sizeof...(A) > 0 && !(awaitable<std::remove_cvref_t<A>> && ...) &&
         !std::ranges::forward_range<std::tuple_element_t<0, std::tuple<A...>>>) detail::misuse
    gather(A&&...) {
    static_assert(detail::never<A...>,
                  "gather takes what can be awaited: coroutines, tasks, futures; pass anything "
                  "that is none of these beside it, not through it");
    return {};
}

/// Never fails by a child's exception: the tuple holds each result or exception.
template <class... A>
requires(sizeof...(A) > 0 && (awaitable<std::remove_cvref_t<A>> && ...))
    [[nodiscard]] auto gather(return_exceptions_t, A&&... awaitables) {
    using result = std::tuple<outcome<future_result<A>>...>;
    auto const collect = [](std::span<any_future const> all) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return result{detail::outcome_of<future_result<A>>(all[I])...};
        }
        (std::index_sequence_for<A...>{});
    };
    return detail::gather_all<result>(sizeof...(A), true, collect, [&](detail::gathering& all) {
        (detail::add_to(all, std::forward<A>(awaitables)), ...);
    });
}

/// The same for a range: a vector of results; nothing for a range of void. An rvalue range is moved
/// from.
template <std::ranges::forward_range R>
requires awaitable<std::ranges::range_value_t<R>>
[[nodiscard]] auto gather(R&& range) {
    using value = future_result<std::ranges::range_value_t<R>>;
    return detail::gather_range(std::forward<R>(range), false, [](any_future const& each) {
        return detail::copy_value<value>(each);
    });
}

template <std::ranges::forward_range R>
requires awaitable<std::ranges::range_value_t<R>>
[[nodiscard]] auto gather(return_exceptions_t, R&& range) {
    using value = future_result<std::ranges::range_value_t<R>>;
    return detail::gather_range(std::forward<R>(range), true, [](any_future const& each) {
        return detail::outcome_of<value>(each);
    });
}

} // namespace siding
