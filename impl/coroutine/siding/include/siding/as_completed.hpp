// SPDX-License-Identifier: MIT
#pragma once

#include "siding/awaitable.hpp"
#include "siding/queue.hpp"
#include "siding/wait.hpp"

#include <memory>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace siding {

namespace detail {

template <class T>
struct completions {
    queue<std::optional<future<T>>> done; ///< nullopt: the time was up
    std::vector<std::pair<future<T>, done_callback_id>> todo;
};

/// Held by the callbacks, and holds no future: the last future to end stops the timer, whoever
/// still iterates.
struct completion_timer {
    std::size_t left = 0;
    handle timer;
};

template <class T>
coroutine<T> next_completed(std::shared_ptr<completions<T>> from) {
    auto const next = co_await from->done.get();
    if (!next) throw timeout_error();
    co_return result_of(*next);
}

template <class T>
coroutine<future<T>> next_completed_future(std::shared_ptr<completions<T>> from) {
    auto const next = co_await from->done.get();
    if (!next) throw timeout_error();
    co_return *next;
}

} // namespace detail

/// What as_completed returns: a coroutine object for each future; the n-th gives the result of the
/// n-th to end. Use it in a range-for, or call `next()` while `remaining()` is not 0.
template <class T>
class completion_order {
public:
    explicit completion_order(std::shared_ptr<detail::completions<T>> of,
                              std::size_t count) noexcept
        : of_(std::move(of)), remaining_(count) {}

    [[nodiscard]] std::size_t remaining() const noexcept { return remaining_; }
    /// Throws what the future failed with, or timeout_error.
    [[nodiscard]] coroutine<T> next() {
        if (remaining_ == 0) throw std::out_of_range("as_completed has no more");
        --remaining_;
        return detail::next_completed<T>(of_);
    }
    /// `async for earliest in as_completed(...)`: the future itself, done; of what was a task or
    /// future before, that very one. Throws timeout_error, never what it failed with.
    [[nodiscard]] coroutine<future<T>> next_future() {
        if (remaining_ == 0) throw std::out_of_range("as_completed has no more");
        --remaining_;
        return detail::next_completed_future<T>(of_);
    }

    class iterator {
    public:
        explicit iterator(completion_order* of) noexcept : of_(of) {}
        [[nodiscard]] coroutine<T> operator*() const { return of_->next(); }
        iterator& operator++() noexcept { return *this; }
        [[nodiscard]] bool operator!=(std::default_sentinel_t) const noexcept {
            return of_->remaining() != 0;
        }

    private:
        completion_order* of_;
    };
    [[nodiscard]] iterator begin() noexcept { return iterator(this); }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

private:
    std::shared_ptr<detail::completions<T>> of_;
    std::size_t remaining_;
};

/// asyncio.as_completed: makes tasks of the awaitables at once and hands out their results in the
/// order in which they end.
template <std::ranges::forward_range R>
requires awaitable<std::ranges::range_value_t<R>>
[[nodiscard]] auto as_completed(R&& awaitables, time_limit timeout = std::nullopt) {
    using value = future_result<std::ranges::range_value_t<R>>;
    auto state = std::make_shared<detail::completions<value>>();
    std::vector<future<value>> all;
    for (auto&& each : awaitables) {
        if constexpr (std::is_lvalue_reference_v<R>) {
            all.push_back(ensure_future(each));
        } else {
            all.push_back(ensure_future(std::move(each)));
        }
    }
    all = detail::distinct(std::move(all));
    auto& home = loop::running();
    auto const limit = std::make_shared<detail::completion_timer>();
    limit->left = all.size();
    state->todo.reserve(all.size());
    for (auto const& each : all) {
        // Weak: the futures would otherwise hold what holds them, if they never end.
        std::weak_ptr const weak = state;
        auto const id = each.add_done_callback([weak, limit,
                                                each_core = each.core()](any_future const& f) {
            if (--limit->left == 0) limit->timer.cancel();
            auto const to = weak.lock();
            if (!to || to->todo.empty()) return; // the time was up before
            std::erase_if(to->todo, [&](auto const& one) { return one.first.core() == each_core; });
            to->done.put_nowait(future<value>(*f.core()));
        });
        state->todo.emplace_back(each, id);
    }
    if (!all.empty() && !timeout.is_none()) {
        limit->timer = home.call_later(timeout.length(), [weak = std::weak_ptr(state)] {
            auto const to = weak.lock();
            if (!to) return;
            for (auto const& [f, id] : to->todo) {
                f.remove_done_callback(id);
                to->done.put_nowait(std::nullopt);
            }
            to->todo.clear();
        });
    }
    return completion_order<value>(std::move(state), all.size());
}

} // namespace siding
