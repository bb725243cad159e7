// SPDX-License-Identifier: MIT
#pragma once

#include "program.hpp"

#include "siding/siding.hpp"

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

using text_future = siding::future<std::string>;
using list_future = siding::future<std::vector<std::string>>;
using outcomes_future = siding::future<std::vector<siding::outcome<std::string>>>;

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
    explicit child(siding::coroutine<std::string> call) : call_(std::move(call)) {}
    [[nodiscard]] auto operator co_await() const& { return future_.operator co_await(); }
    friend text_future ensure_future(child taken) {
        if (!taken.call_) return taken.future_;
        return siding::create_task(std::move(*taken.call_));
    }

private:
    text_future future_;
    std::optional<siding::coroutine<std::string>> call_;
};

/// A place for a future; at most one of the typed handles is set, `task` if it is one.
struct slot {
    siding::any_future any;
    text_future text;
    list_future list;
    outcomes_future outcomes;
    siding::any_task task;
};

/// What the body of one call sees of the scopes around it.
struct environment {
    std::vector<siding::timeout_scope*> timeouts;
    std::vector<siding::task_group*> groups;
};

/// Deliberate faults, to prove that the comparison would see such.
enum class mutation { none, late_event, eager_yield, reversed_gather, lost_message };

[[nodiscard]] std::string show_error(std::exception_ptr const& failure);
[[nodiscard]] bool is_cancellation(std::exception_ptr const& failure);

/// A virtual clock that does not start at 0.
class started_clock final : public siding::clock {
public:
    explicit started_clock(std::int64_t ns) noexcept : now_(siding::duration(ns)) {}
    [[nodiscard]] siding::time_point now() noexcept override { return now_; }
    void idle_until(siding::time_point next) noexcept override { now_ = std::max(now_, next); }

private:
    siding::time_point now_;
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

    void trace(std::string_view source, std::string_view entry);
    void on_exception(siding::exception_context const& context);
    [[nodiscard]] bool is_full() const noexcept;
    [[nodiscard]] std::string next_name(char letter);
    void name_task();
    void cancel_in_turns(std::size_t turn);
    [[nodiscard]] siding::duration ticks(std::int64_t count) const;
    [[nodiscard]] std::optional<siding::duration> limit(operation const& op) const;
    [[nodiscard]] text_future text_at(std::size_t place) const;
    [[nodiscard]] std::vector<text_future> arguments(operation const& op);
    void put(std::size_t place, text_future future, siding::any_task task = {});
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

    siding::coroutine<std::string> call(std::size_t function, siding::task_group* group = nullptr);
    siding::coroutine<returned> body(operations const& ops, scope around);
    siding::coroutine<returned> step(operation const& op, scope around);
    siding::coroutine<returned> with_scope(operation const& op, scope around);
    template <class Lockable>
    siding::coroutine<returned> with_held(operation const& op, scope around, Lockable& held);
    siding::coroutine<returned> with_timeout(operation const& op, scope around);
    siding::coroutine<returned> with_group(operation const& op, scope around);
    siding::coroutine<returned> with_try(operation const& op, scope around);
    siding::coroutine<returned> with_repeat(operation const& op, scope around);
    siding::coroutine<std::string> wait(operation const& op);
    siding::coroutine<std::string> wait_future(operation const& op);
    siding::coroutine<std::string> wait_await(operation const& op);
    siding::coroutine<std::string> wait_gather(operation const& op);
    siding::coroutine<std::string> wait_many(operation const& op);
    siding::coroutine<std::string> wait_as_completed(operation const& op);
    siding::coroutine<std::string> wait_primitive(operation const& op);
    template <class Queue>
    siding::coroutine<std::string> wait_queue(operation const& op, Queue& queue);
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
    std::array<siding::lock, 2> locks_;
    std::unique_ptr<siding::event> event_ = std::make_unique<siding::event>();
    siding::condition condition_;
    siding::semaphore semaphore_;
    siding::bounded_semaphore bounded_;
    siding::barrier barrier_;
    siding::queue<std::size_t> queue_;
    siding::priority_queue<std::size_t> priority_queue_;
    siding::lifo_queue<std::size_t> lifo_queue_;
    std::unique_ptr<siding::loop> loop_;
    std::map<std::size_t, slot> slots_;
    std::vector<text_future> futures_; ///< all that were made by "future"
    std::map<std::size_t, siding::done_callback_id> callbacks_;
    std::map<std::size_t, siding::handle> handles_;
};

} // namespace differential
