// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/future.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace siding {

namespace detail {

[[nodiscard]] std::string name_of(future_core const& core);
[[nodiscard]] unsigned uncancel(future_core& core) noexcept;

/// What only tasks can do, for the two classes of handles to them.
template <class Handle>
class task_operations {
public:
    /// "Task-1" and so on unless named.
    [[nodiscard]] std::string get_name() const { return name_of(self()); }
    void set_name(std::string_view name) const { self().make_extra().name = name; }
    /// Requests for cancellation that have not been taken back.
    [[nodiscard]] unsigned cancelling() const noexcept { return self().cancel_requests; }
    /// Takes one back; returns how many are left.
    unsigned uncancel() const noexcept { return detail::uncancel(self()); }

private:
    [[nodiscard]] future_core& self() const noexcept {
        return *static_cast<Handle const&>(*this).core();
    }
};

} // namespace detail

/// A task of which the result type is not known.
///
/// `cancel` throws cancelled_error into the task where it waits, in the next turn, or before its
/// body starts, or at its next suspension if it is running. The task may catch it and go on.
class any_task : public any_future, public detail::task_operations<any_task> {
public:
    any_task() = default;
    explicit any_task(detail::task_core& core) noexcept : any_future(core) {}
};

/// asyncio.Task: a coroutine that the loop runs. A handle: dropping it does not stop the task.
/// Awaiting it gives the result; cancelling who awaits it cancels it.
template <class T>
class task : public future<T>, public detail::task_operations<task<T>> {
public:
    task() = default;
    explicit task(promise<T>& core) noexcept : future<T>(core) {}

    operator any_task() const noexcept { // NOLINT: every task is a task
        return any_task(static_cast<detail::task_core&>(*this->core_));
    }
};

template <class T>
task<T> loop::create_task(coroutine<T> body, std::string_view name) {
    if (!body) [[unlikely]]
        detail::throw_reused();
    adopt(body.frame().promise());
    auto& promise = body.release().promise();
    if (!name.empty()) [[unlikely]]
        promise.make_extra().name = name;
    return task<T>(promise);
}

/// asyncio.create_task: schedules the coroutine on the running loop. Its body starts when the
/// caller suspends, after what is ready already.
template <class T>
task<T> create_task(coroutine<T> body, std::string_view name = {}) {
    return loop::running().create_task(std::move(body), name);
}

/// The task that is running; false in a callback and in what the library runs for itself.
[[nodiscard]] inline any_task current_task() {
    auto* const now = detail::loop_core::running().current();
    return now == nullptr || now->is_internal() ? any_task{} : any_task(*now);
}

/// The tasks that are not done, oldest first.
[[nodiscard]] inline std::vector<any_task> all_tasks() { return loop::running().all_tasks(); }

template <class T>
T loop::run_until_complete(future<T> until) {
    auto const stop_id = until.add_done_callback([this](any_future const&) { stop(); });
    run_until_stopped();
    until.remove_done_callback(stop_id);
    if (!until.done()) throw_stopped();
    until.core()->check_result();
    if constexpr (!std::is_void_v<T>) return std::move(detail::value_of<T>(*until.core()));
}

template <class T>
T loop::run_until_complete(coroutine<T> main) {
    return run_until_complete(static_cast<future<T>>(create_task(std::move(main))));
}

namespace detail {

/// Of a coroutine function that says it gives a task or future: it only says what to write.
template <class Returned>
struct misused_promise {
    misused_promise() noexcept {
        static_assert(never<Returned>, "a coroutine function returns siding::coroutine<T>; "
                                       "siding::create_task(f()) makes a task of its call");
    }
    Returned get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void unhandled_exception() const noexcept {}
};
template <class Returned, class T>
struct promise_of_a_task : misused_promise<Returned> {
    void return_value(T const&) noexcept {}
};
template <class Returned>
struct promise_of_a_task<Returned, void> : misused_promise<Returned> {
    void return_void() const noexcept {}
};

} // namespace detail
} // namespace siding

template <class T, class... A>
struct std::coroutine_traits<siding::task<T>, A...> {
    using promise_type = siding::detail::promise_of_a_task<siding::task<T>, T>;
};
template <class T, class... A>
struct std::coroutine_traits<siding::future<T>, A...> {
    using promise_type = siding::detail::promise_of_a_task<siding::future<T>, T>;
};
