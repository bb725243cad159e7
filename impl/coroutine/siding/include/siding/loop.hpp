// SPDX-License-Identifier: MIT
#pragma once

#include "siding/clock.hpp"
#include "siding/detail/future_core.hpp"
#include "siding/detail/ready_queue.hpp"
#include "siding/detail/timer_wheel.hpp"
#include "siding/errors.hpp"
#include "siding/handle.hpp"
#include "siding/io/backend.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace siding {

template <class T = void>
class coroutine;
template <class T = void>
class future;
template <class T = void>
class task;
class any_task;
class executor;

/// What the exception handler of a loop is told.
struct exception_context {
    std::string message;
    std::exception_ptr exception;
};

struct loop_options {
    siding::clock* clock = nullptr; ///< nullptr: CLOCK_MONOTONIC
    /// Makes the backend; nullptr: epoll.
    std::unique_ptr<detail::backend> (*backend)(loop&) = nullptr;
};

/// asyncio's event loop. One a thread; everything but `call_soon_threadsafe` and `stop_threadsafe`
/// is for that thread alone.
class loop {
public:
    explicit loop(loop_options options = {});
    loop(loop const&) = delete;
    loop& operator=(loop const&) = delete;
    /// Detaches and destroys what is still pending.
    ~loop();

    /// The loop of this thread that runs now. Throws runtime_error without one.
    [[nodiscard]] static loop& running() {
        if (this_thread_ == nullptr || !this_thread_->is_running_) [[unlikely]]
            throw_not_running();
        return *this_thread_;
    }
    /// The loop of this thread, running or not; nullptr without one.
    [[nodiscard]] static loop* of_this_thread() noexcept { return this_thread_; }

    [[nodiscard]] time_point time() noexcept;

    /// Calls `f()` in the next turn, after what is ready already. Exceptions go to the exception
    /// handler.
    template <class F>
    handle call_soon(F&& f);
    /// Calls `f()` when `delay` has passed, never earlier; equal times in the order of the calls.
    template <class F>
    handle call_later(duration delay, F&& f);
    template <class F>
    handle call_at(time_point when, F&& f);
    /// call_soon from any thread; wakes the loop. Calls of one thread keep their order.
    /// Throws runtime_error when the loop is closed.
    template <class F>
    void call_soon_threadsafe(F&& f);

    /// Makes a task of the coroutine and schedules it; nothing runs before the caller suspends.
    template <class T>
    task<T> create_task(coroutine<T> body, std::string_view name = {});
    template <class T = void>
    [[nodiscard]] future<T> create_future();

    template <class T>
    T run_until_complete(coroutine<T> main);
    template <class T>
    T run_until_complete(future<T> until);
    void run_forever();
    /// The turn that is under way is the last.
    void stop() noexcept {
        stopping_ = true;
        attend_at_ = 0;
    }
    [[nodiscard]] bool is_running() const noexcept { return is_running_; }
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    void close();

    /// nullptr: the default, which prints to standard error.
    void set_exception_handler(std::function<void(loop&, exception_context const&)> handler);
    void call_exception_handler(exception_context const& context) noexcept;

    /// Calls `f()` in a turn of this loop each time the signal comes; several that come before the
    /// loop gets to it are one call. Any thread's loop may ask, but a signal belongs to one loop of
    /// the process at a time: runtime_error if another has it. A second handler replaces the first.
    /// Throws value_error for what is no signal, std::system_error for SIGKILL and SIGSTOP.
    void add_signal_handler(int number, std::function<void()> f);
    /// What was in force before is in force again, as it is when the loop closes. False if there
    /// was no handler.
    bool remove_signal_handler(int number);

    /// Where run_in_executor runs functions by default; made at first use.
    [[nodiscard]] executor& default_executor();
    /// Uses `on` from now on, which several loops may share; it ends with its last owner.
    void set_default_executor(std::shared_ptr<executor> on) noexcept { executor_ = std::move(on); }
    /// Joins its threads, unless another loop owns it too.
    void shutdown_default_executor();

    [[nodiscard]] std::vector<any_task> all_tasks() const;
    [[nodiscard]] std::size_t pending_timers() const noexcept { return timers_.size(); }
    [[nodiscard]] detail::backend& io() noexcept { return *io_; }

    // -- For awaiters (docs/internals.md)
    // ----------------------------------------------------------

    /// Continues the task that waits with `w`, behind all that is ready.
    void wake(detail::waiter& w) {
        auto& task = detail::task_core::of(w.suspended).task();
        task.set(detail::future_core::is_scheduled);
        ready_.push(detail::ready_item(task, w.suspended));
    }
    /// Continues the task that is running, once it has suspended at `coroutine`, behind all that is
    /// ready.
    void wake_current(detail::task_core& task, std::coroutine_handle<> coroutine) {
        ready_.push(detail::ready_item(task, coroutine));
    }
    /// Signals `run` to `w`, behind all that is ready.
    void schedule(detail::waiter& w) { ready_.push(detail::ready_item(w)); }
    /// Continues the task at once. Only from a `run` signal, as the last thing: its turn becomes
    /// the task's turn.
    void continue_now(detail::task_core& task) noexcept { claimed_ = &task; }
    /// What a coroutine that has just suspended, or ended, hands control to: the next in line,
    /// without a way back through the loop. Where that would not be a tail call, the loop.
    [[nodiscard]] std::coroutine_handle<> leave() noexcept {
        if constexpr (detail::trampoline) {
            return std::noop_coroutine();
        } else {
            if (ready_.taken() == burst_end_) [[unlikely]] {
                return next_burst();
            }
            return take_next();
        }
    }
    void insert_timer(detail::timer& t) noexcept {
        timers_.insert(t);
        if (t.deadline_ns <= now_ns_) attend_at_ = 0;
    }
    [[nodiscard]] detail::timer_wheel& timers() noexcept { return timers_; }
    [[nodiscard]] detail::task_core* current() noexcept { return current_; }
    /// Symmetric transfer, or the trampoline where the compiler cannot.
    [[nodiscard]] std::coroutine_handle<> transfer_to(std::coroutine_handle<> next) noexcept {
        if constexpr (detail::trampoline) {
            transfer_ = next;
            return std::noop_coroutine();
        } else {
            return next;
        }
    }
    /// A task's body has ended: wakes who waits for it and gives up the loop's hold on it.
    void finish(detail::task_core& task) noexcept {
        unlink(task);
        if (!task.callbacks.empty()) task.schedule_callbacks();
        task.drop_reference();
    }
    /// Makes a task of a coroutine that has not begun, and puts it in the ready queue.
    void adopt(detail::task_core& task) {
        if (closed_) [[unlikely]]
            throw_closed();
        task.serial_or_details = (++last_task_serial_ << 1u) | 1u;
        if (current_ == nullptr ? callback_context != nullptr : current_->extra() != nullptr)
            [[unlikely]] {
            inherit_context(task);
        }
        ready_.push(detail::ready_item(task, task.frame()));
        // From here on nothing throws.
        task.flags = detail::future_core::is_task | detail::future_core::is_scheduled;
        task.references = 1;
        ::new (&task.callbacks) detail::waiter_list();
        task.waiting = nullptr;
        task.next_task = nullptr;
        task.previous_task = last_task_;
        (last_task_ == nullptr ? first_task_ : last_task_->next_task) = &task;
        last_task_ = &task;
    }
    /// A thread will call post_from_thread once; the loop does not close before that.
    void expect_call_from_thread() noexcept { ++calls_in_threads_; }
    void call_from_thread_ended() noexcept { --calls_in_threads_; }
    void post_from_thread(detail::linked_waiter& w) noexcept { push_posted(w); }
    [[nodiscard]] std::uint64_t next_id() noexcept { return ++last_id_; }
    detail::context_node* callback_context = nullptr;

private:
    friend class handle;

    void run_once();
    // The four steps of a turn.
    void collect_posted();
    void wait_for_events();
    void fire_timers();
    void run_ready();

    /// Suspended, and not to be cancelled: it goes on where it waits.
    [[nodiscard]] static bool goes_on(detail::task_core const& task) noexcept {
        constexpr auto both = detail::future_core::is_started | detail::future_core::must_cancel;
        return (task.flags & both) == detail::future_core::is_started;
    }
    /// The ready queue is not empty.
    [[nodiscard]] std::coroutine_handle<> take_next() noexcept {
        auto const item = ready_.pop();
        if (item.is_task()) [[likely]] {
            if (auto& task = item.as_task(); goes_on(task)) [[likely]] {
                current_ = &task;
                return item.coroutine();
            }
        }
        return next_from(item);
    }
    [[nodiscard]] std::coroutine_handle<> next() noexcept;
    [[nodiscard]] std::coroutine_handle<> next_from(detail::ready_item item) noexcept;
    [[nodiscard]] std::coroutine_handle<> next_burst() noexcept;
    void begin_turn() noexcept { turn_end_ = ready_.put(); }
    void begin_burst() noexcept;
    [[nodiscard]] std::coroutine_handle<> enter(detail::ready_item item) noexcept;
    [[nodiscard]] std::coroutine_handle<> enter_specially(detail::task_core& task) noexcept;

    [[noreturn]] static void throw_not_running();
    [[noreturn]] static void throw_closed();
    void inherit_context(detail::task_core& task);
    void post(detail::callback& call);
    void push_posted(detail::linked_waiter& w) noexcept;
    void detach_ready() noexcept;
    void sleep(std::optional<duration> timeout) noexcept;
    void remove_signal_handlers() noexcept;
    void unlink(detail::task_core& task) noexcept {
        (task.previous_task == nullptr ? first_task_ : task.previous_task->next_task) =
            task.next_task;
        (task.next_task == nullptr ? last_task_ : task.next_task->previous_task) =
            task.previous_task;
    }
    handle call_at_ns(std::uint64_t deadline_ns, detail::callback& call);

    static inline constinit thread_local loop* this_thread_ = nullptr;

    detail::ready_queue ready_;
    std::size_t burst_end_ = 0; ///< up to here `leave` goes on by itself; at most `turn_end_`
    std::size_t turn_end_ = 0;  ///< up to here the ready queue belongs to this turn
    detail::task_core* current_ = nullptr;
    detail::task_core* claimed_ = nullptr; ///< by continue_now
    std::coroutine_handle<> transfer_;
    /// The first end of a turn at or behind this position goes back to run_once: the next look at
    /// the kernel is due (`look_at_`), or 0: a timer may be due, a post is there, or we stop.
    std::size_t attend_at_ = 0;
    std::size_t look_at_ = 0;
    bool stopping_ = false;
    bool is_running_ = false;
    bool closed_ = false;
    siding::clock* clock_;
    std::uint64_t now_ns_ = 0; ///< the latest reading of the clock
    detail::task_core* first_task_ = nullptr;
    detail::task_core* last_task_ = nullptr;
    std::uint64_t last_task_serial_ = 0;
    std::uint64_t last_id_ = 0;
    std::size_t calls_in_threads_ = 0;
    detail::timer_wheel timers_;
    std::unique_ptr<detail::backend> io_;
    std::shared_ptr<executor> executor_;
    std::function<void(loop&, exception_context const&)> exception_handler_;
    loop* outer_ = nullptr;     ///< the loop of this thread before this one
    std::uint64_t signals_ = 0; ///< those with a handler of this loop; bit 0 is signal 1

    // Written by other threads, so on cache lines of their own.
    alignas(64) std::atomic<detail::linked_waiter*> posted_{nullptr};
    std::atomic<bool> asleep_{false};
    std::atomic<bool> refuses_posts_{false};
};

template <class F>
handle loop::call_soon(F&& f) {
    auto* const call = new detail::callback_of<std::decay_t<F>>(*this, std::forward<F>(f));
    try {
        schedule(*call);
    } catch (...) {
        call->drop_reference();
        throw;
    }
    return handle(*call);
}

template <class F>
handle loop::call_later(duration delay, F&& f) {
    return call_at(time() + delay, std::forward<F>(f));
}

template <class F>
handle loop::call_at(time_point when, F&& f) {
    auto* const call = new detail::callback_of<std::decay_t<F>>(*this, std::forward<F>(f));
    auto const ns = when.time_since_epoch().count();
    return call_at_ns(ns < 0 ? 0 : static_cast<std::uint64_t>(ns), *call);
}

template <class F>
void loop::call_soon_threadsafe(F&& f) {
    post(*new detail::posted_callback<std::decay_t<F>>(*this, std::forward<F>(f)));
}

/// asyncio.get_running_loop.
[[nodiscard]] inline loop& get_running_loop() { return loop::running(); }

namespace detail {

/// `w.react` of a wait that was cancelled: await_resume throws, and a `run` that is still in the
/// ready queue finds nothing to do.
bool cancelled_reaction(waiter&, signal) noexcept;

[[nodiscard]] inline bool was_cancelled(waiter const& w) noexcept {
    return w.react == &cancelled_reaction;
}

/// The first thing that await_resume does after a suspension: throws cancelled_error if the task
/// was cancelled while it waited, or before it could go on.
inline void throw_if_cancelled(waiter const& w) {
    if (was_cancelled(w)) [[unlikely]] {
        auto* const task = running_task();
        auto* const extra = task == nullptr ? nullptr : task->extra();
        // Thrown here: each frame to unwind costs about a quarter of the throw.
        if (extra == nullptr || extra->cancel_message.empty()) throw cancelled_error();
        throw_cancelled(extra->cancel_message);
    }
}

/// The last thing that await_suspend does: `w` is linked to whatever will wake it.
template <class Promise>
[[nodiscard]] std::coroutine_handle<> suspend(std::coroutine_handle<Promise> coroutine,
                                              waiter& w) noexcept {
    auto& task = coroutine.promise().task();
    w.suspended = coroutine;
    task.waiting = &w;
    task.clear(future_core::is_scheduled);
    if (task.has(future_core::must_cancel)) [[unlikely]] {
        if (w.react(w, signal::cancel)) task.clear(future_core::must_cancel);
    }
    return loop::of_this_thread()->leave();
}

/// Like `suspend`, for a wait of one turn: the task goes to the end of the ready queue. It cannot
/// be cancelled out of it, but the cancellation is thrown when it continues.
template <class Promise>
[[nodiscard, gnu::always_inline]] inline std::coroutine_handle<>
suspend_for_a_turn(std::coroutine_handle<Promise> coroutine, waiter& w) {
    auto& task = coroutine.promise().task();
    w.suspended = coroutine;
    task.waiting = &w;
    auto& home = *loop::of_this_thread();
    home.wake_current(task, coroutine);
    return home.leave();
}

} // namespace detail
} // namespace siding
