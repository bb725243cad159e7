// SPDX-License-Identifier: MIT
#pragma once

#include "program.hpp"

#include "coro/coro.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace differential {

using text_future = coro::future<std::string>;
using list_future = coro::future<std::vector<std::string>>;
using outcomes_future = coro::future<std::vector<coro::outcome<std::string>>>;

/// What programs raise.
struct error {
    std::size_t number;
};

/// The trace is full.
struct cut {};

/// An argument of gather: a future, or a call that becomes a task when gather comes to it.
class child {
public:
    explicit child(text_future future) : future_(std::move(future)) {}
    explicit child(coro::coroutine<std::string> call) : call_(std::move(call)) {}
    [[nodiscard]] auto operator co_await() const& { return future_.operator co_await(); }
    friend text_future ensure_future(child taken) {
        if (!taken.call_) return taken.future_;
        return coro::create_task(std::move(*taken.call_));
    }

private:
    text_future future_;
    std::optional<coro::coroutine<std::string>> call_;
};

/// A place for a future; at most one of the typed handles is set, `task` if it is one.
struct slot {
    coro::any_future any;
    text_future text;
    list_future list;
    outcomes_future outcomes;
    coro::any_task task;
};

/// What the body of one call sees of the scopes around it.
struct environment {
    std::vector<coro::timeout_scope*> timeouts;
    std::vector<coro::task_group*> groups;
};

/// Deliberate faults, to prove that the comparison would see such.
enum class mutation { none, late_event, eager_yield, reversed_gather, lost_message };

[[nodiscard]] std::string show_error(std::exception_ptr const& what);
[[nodiscard]] bool is_cancellation(std::exception_ptr const& what);

/// A virtual clock that does not start at 0.
class started_clock final : public coro::clock {
public:
    explicit started_clock(std::int64_t ns) noexcept : now_(coro::duration(ns)) {}
    [[nodiscard]] coro::time_point now() noexcept override { return now_; }
    void idle_until(coro::time_point next) noexcept override { now_ = std::max(now_, next); }

private:
    coro::time_point now_;
};

/// One run of one program. The twin of asyncio_executor.py.
class execution {
public:
    execution(program const& of, mutation fault);
    [[nodiscard]] std::vector<std::string> run();

private:
    /// What `return` returned; nullopt: the body goes on.
    using returned = std::optional<std::string>;
    /// The text of an operation's result; nullopt: it has to wait.
    using text = std::optional<std::string>;
    using scope = environment&;

    void trace(std::string_view where, std::string_view what);
    void on_exception(coro::exception_context const& context);
    [[nodiscard]] bool is_full() const noexcept;
    [[nodiscard]] std::string next_name(char letter);
    void name_task();
    [[nodiscard]] coro::duration ticks(std::int64_t count) const;
    [[nodiscard]] std::optional<coro::duration> limit(operation const& op) const;
    [[nodiscard]] text_future text_at(std::size_t place) const;
    [[nodiscard]] std::vector<text_future> arguments(operation const& op);
    void put(std::size_t place, text_future future, coro::any_task task = {});
    void drop();
    void end_futures();

    // Operations that do not wait, in kinds; nullopt: not of this kind.
    text now(operation const& op, scope around);
    text now_future(operation const& op);
    text now_task(operation const& op);
    text now_callback(operation const& op);
    text now_primitive(operation const& op);
    text now_scope(operation const& op, scope around);
    void step_now(operation const& op);
    void run_callback(operation const& op);
    void start_callback(operation const& op);

    coro::coroutine<std::string> call(std::size_t function, coro::task_group* group = nullptr);
    coro::coroutine<returned> body(operations const& ops, scope around);
    coro::coroutine<returned> step(operation const& op, scope around);
    coro::coroutine<returned> with_scope(operation const& op, scope around);
    template <class Lockable>
    coro::coroutine<returned> with_held(operation const& op, scope around, Lockable& what);
    coro::coroutine<returned> with_timeout(operation const& op, scope around);
    coro::coroutine<returned> with_group(operation const& op, scope around);
    coro::coroutine<returned> with_try(operation const& op, scope around);
    coro::coroutine<returned> with_repeat(operation const& op, scope around);
    coro::coroutine<std::string> wait(operation const& op);
    coro::coroutine<std::string> wait_future(operation const& op);
    coro::coroutine<std::string> wait_await(operation const& op);
    coro::coroutine<std::string> wait_gather(operation const& op);
    coro::coroutine<std::string> wait_many(operation const& op);
    coro::coroutine<std::string> wait_as_completed(operation const& op);
    coro::coroutine<std::string> wait_primitive(operation const& op);
    template <class Queue>
    coro::coroutine<std::string> wait_queue(operation const& op, Queue& queue);
    template <class Queue>
    text now_queue(operation const& op, Queue& queue);

    program const& program_;
    mutation fault_;
    std::vector<std::string> lines_;
    std::vector<std::string> lost_;
    std::size_t names_ = 0;
    std::size_t score_ = 0;
    bool open_ = true;
    started_clock clock_;
    // Before the loop: what is left in it when it is destroyed still refers to them.
    std::array<coro::lock, 2> locks_;
    coro::event event_;
    coro::condition condition_;
    coro::semaphore semaphore_;
    coro::bounded_semaphore bounded_;
    coro::barrier barrier_;
    coro::queue<std::size_t> queue_;
    coro::priority_queue<std::size_t> priority_queue_;
    coro::lifo_queue<std::size_t> lifo_queue_;
    std::unique_ptr<coro::loop> loop_;
    std::map<std::size_t, slot> slots_;
    std::vector<text_future> futures_; ///< all that were made by "future"
    std::map<std::size_t, coro::done_callback_id> callbacks_;
    std::map<std::size_t, coro::handle> handles_;
};

} // namespace differential
