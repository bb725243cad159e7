// SPDX-License-Identifier: MIT
#pragma once

#include "siding/clock.hpp"
#include "siding/detail/backend.hpp"
#include "siding/detail/future_core.hpp"
#include "siding/detail/ready_queue.hpp"
#include "siding/detail/timer_wheel.hpp"
#include "siding/errors.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace siding {

class loop;
template <class T = void>
class coroutine;

} // namespace siding

namespace siding::detail {

struct callback;
struct debug_layout;
class loop_core;

/// What is below a loop, for the library itself.
[[nodiscard]] loop_core& core_of(loop& of) noexcept;

/// The loop as awaiters see it (docs/internals.md): what runs next, and who waits. Each is the base
/// of a siding::loop, which is what users see.
class loop_core {
public:
    loop_core(loop_core const&) = delete;
    loop_core& operator=(loop_core const&) = delete;

    /// That of this thread, running or not; nullptr without one.
    [[nodiscard]] static loop_core* of_this_thread() noexcept { return this_thread_; }
    /// The loop of this thread that runs now. Throws runtime_error without one.
    [[nodiscard]] static loop_core& running() {
        if (this_thread_ == nullptr || !this_thread_->is_running_) [[unlikely]]
            throw_not_running();
        return *this_thread_;
    }
    [[nodiscard]] loop& facade() noexcept;

    [[nodiscard]] bool is_running() const noexcept { return is_running_; }
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    [[nodiscard]] bool was_forked() const noexcept { return was_forked_; }
    [[nodiscard]] time_point time() noexcept;
    void stop() noexcept {
        stopping_ = true;
        attend_at_ = 0;
    }
    void call_exception_handler(exception_context const& context) noexcept;
    [[nodiscard]] backend& io() noexcept { return *io_; }

    // None of these fails: what finds no memory enters the ready queue when that has room again.

    /// Continues the task that waits with `w`, behind all that is ready.
    void wake(waiter& w) noexcept {
        auto& task = task_core::of(w.suspended).task();
        auto const before = task.flags;
        task.set(future_core::is_scheduled);
        wake_current(task, w.suspended);
        if ((before & future_core::must_cancel) != 0) [[unlikely]]
            be_careful();
    }
    /// Continues the task that is running, once it has suspended at `coroutine`, behind all that is
    /// ready.
    void wake_current(task_core& task, std::coroutine_handle<> coroutine) noexcept {
        if (!ready_.try_push(ready_item(task, coroutine))) [[unlikely]]
            overflow(task);
    }
    /// A task in the ready queue is to be cancelled: until all that is in it now has run, each
    /// entry is looked at before it goes on. Otherwise nobody looks whether a task is to be
    /// cancelled.
    void be_careful() noexcept {
        careful_until_ = ready_.put();
        burst_end_ = ready_.taken();
        attend_at_ = 0; // the next turn begins with care
    }
    /// Signals `run` to `w`, which is in no list, behind all that is ready.
    void schedule(linked_waiter& w) noexcept {
        // Its place, for unschedule; it is in no list now.
        w.previous = reinterpret_cast<linked_waiter*>(ready_.put());
        if (!ready_.try_push(ready_item(w))) [[unlikely]]
            overflow(w);
    }
    /// Takes that back: `w` was scheduled and has not been signalled.
    void unschedule(linked_waiter& w) noexcept;
    /// Whether a time is over. Of the real clock's the latest reading will do: it may be too early,
    /// then the timer for it is, like others, late by a look at the clock.
    [[nodiscard]] bool is_over(std::uint64_t deadline_ns) noexcept {
        if (clock_ != nullptr) static_cast<void>(time());
        return deadline_ns <= now_ns_;
    }
    /// Calls `f(waiter&)` for all that are to be signalled `run`.
    template <class F>
    void for_each_ready_waiter(F f) {
        auto position = ready_.taken();
        for (; position != ready_.put(); position += ready_queue::distance(1)) {
            auto const& item = ready_.at(position);
            if (!item.is_task()) f(item.as_waiter());
        }
        for (auto* w = overflow_.first_waiter; w != nullptr; w = w->previous) {
            f(*w);
        }
    }
    /// Continues the task at once. Only from a `run` signal, as the last thing: its turn becomes
    /// the task's turn.
    void continue_now(task_core& task) noexcept { claimed_ = &task; }
    /// What a coroutine that has just suspended, or ended, hands control to: the next in line,
    /// without a way back through the loop. Where that would not be a tail call, the loop.
    [[nodiscard, gnu::always_inline]] inline std::coroutine_handle<> leave() noexcept {
        if constexpr (trampoline) {
            return std::noop_coroutine();
        } else {
            if (ready_.taken() == burst_end_ && !begin_next_turn()) [[unlikely]]
                return end_burst();
            return take_next();
        }
    }
    /// `delay` from now.
    [[nodiscard]] std::uint64_t deadline_after(duration delay) noexcept {
        return detail::deadline_after(deadline_at(time()), delay);
    }
    void insert_timer(timer& t) noexcept {
        timers_.insert(t);
        if (t.deadline_ns >= next_timer_ns_) [[likely]] {
            return;
        }
        next_timer_ns_ = t.deadline_ns;
        if (t.deadline_ns <= now_ns_) attend_at_ = 0;
    }
    [[nodiscard]] timer_wheel& timers() noexcept { return timers_; }
    [[nodiscard]] task_core* current() noexcept { return current_; }
    /// Symmetric transfer, or the trampoline where the compiler cannot.
    [[nodiscard]] std::coroutine_handle<> transfer_to(std::coroutine_handle<> next) noexcept {
        if constexpr (trampoline) {
            transfer_ = next;
            return std::noop_coroutine();
        } else {
            return next;
        }
    }
    /// Somebody waits for `core` who does not end with the loop by itself.
    void watch(future_core& core) noexcept;
    /// A task's body has ended: wakes who waits for it and gives up the loop's hold on it.
    void finish(task_core& task) noexcept {
        unlink(task);
        if (auto* const first = task.callbacks.front(); first != nullptr) {
            // Nearly always there is one who waits, and it is a coroutine.
            if (first->next == first && first->suspended) [[likely]] {
                task.callbacks.erase(*first);
                wake(*first);
            } else {
                task.schedule_callbacks();
            }
        }
        task.drop_reference();
    }
    /// Makes a task of a coroutine that has not begun, and puts it in the ready queue.
    void adopt(task_core& task) {
        expect_usable();
        task.serial_or_details = last_task_serial_ += 2;
        if (current_ == nullptr ? callback_context != nullptr : current_->extra() != nullptr)
            [[unlikely]] {
            inherit_context(task);
        }
        ready_.push(ready_item(task, nullptr));
        // From here on nothing throws.
        task.flags = future_core::is_task | future_core::is_scheduled;
        task.references = 1;
        ::new (&task.callbacks) waiter_list();
        task.waiting = nullptr;
        task.next_task = nullptr;
        link(task);
    }
    /// Runs a coroutine of the library's own: it is no task to the user, who neither sees nor
    /// cancels it. It ends with the loop, silently if it waits.
    void start_internally(coroutine<> body);
    /// Runs a task that was adopted just now until it suspends, inside of who makes it; it must be
    /// the last in the ready queue.
    void start_eagerly(task_core& task) noexcept;
    [[nodiscard]] bool is_debugged() const noexcept { return debug_; }
    /// A thread will call post_from_thread once; the loop does not close before that.
    void expect_call_from_thread() noexcept { ++calls_in_threads_; }
    void call_from_thread_ended() noexcept { --calls_in_threads_; }
    void post_from_thread(linked_waiter& w) noexcept { push_posted(w); }
    [[nodiscard]] loop_mark mark() const noexcept { return mark_; }
    [[nodiscard]] std::uint64_t next_id() noexcept { return ++last_id_; }
    context_node* callback_context = nullptr;

protected:
    explicit loop_core(clock* time_source);
    ~loop_core();

    void use(std::unique_ptr<backend> io) noexcept;
    void run_until_stopped();
    void end() noexcept;
    void post(callback& call);
    [[noreturn]] void throw_stopped() const;
    /// Throws runtime_error if the loop is closed, or another thread's.
    void expect_usable() const {
        if (thread_ != &this_loop || closed_) [[unlikely]]
            throw_unusable();
    }
    template <class F>
    void for_each_task(F f) const {
        for (auto* first : {first_task_, overflow_.first_task}) {
            for (auto* t = first; t != nullptr; t = t->next_task) {
                f(*t);
            }
        }
    }
    void make_room() { ready_.make_room(); }
    [[nodiscard]] std::size_t pending_timers() const noexcept { return timers_.size(); }
    void set_debug(bool on) noexcept {
        debug_ = on;
        attend_at_ = 0; // from the next turn on steps are run one by one, or no longer
    }

    duration slow_callback_ = std::chrono::milliseconds(100); ///< in debug mode: what is reported

private:
    friend struct debug_layout;

    /// At most this many transfers from coroutine to coroutine in a row: should the caller's code
    /// have been built such that they are no tail calls, the stack does not grow further.
    static constexpr std::size_t most_transfers = 64;

    void run_once() noexcept;
    // The four steps of a turn.
    void collect_posted();
    void wait_for_events();
    void fire_timers();
    void run_ready();
    void run_next_watched();

    /// Suspended, and not to be cancelled: it goes on where it waits.
    [[nodiscard]] static bool goes_on(task_core const& task) noexcept {
        constexpr auto both = future_core::is_started | future_core::must_cancel;
        return (task.flags & both) == future_core::is_started;
    }
    /// The ready queue is not empty.
    [[nodiscard, gnu::always_inline]] inline std::coroutine_handle<> take_next() noexcept {
        auto const item = ready_.pop();
        if (item.coroutine()) [[likely]] { // not to be cancelled: see be_careful
            current_ = &item.as_task();
            return item.coroutine();
        }
        return next_from(item);
    }
    /// Behind the last of a turn the next one begins, without a way back to run_once, if there is
    /// nothing to attend to and it is short. False if not, or in the midst of a turn.
    [[nodiscard, gnu::always_inline]] inline bool begin_next_turn() noexcept {
        auto const position = ready_.taken();
        if (position != turn_end_ || position >= attend_at_) return false;
        // None wraps round to too many.
        auto const others = ready_.put() - position - ready_queue::distance(1);
        if (others >= ready_queue::distance(most_transfers)) return false;
        burst_end_ = turn_end_ = ready_.put();
        return true;
    }
    [[nodiscard]] std::coroutine_handle<> next() noexcept;
    [[nodiscard]] std::coroutine_handle<> next_from(ready_item item) noexcept;
    [[nodiscard]] std::coroutine_handle<> end_burst() noexcept;
    void begin_turn() noexcept { turn_end_ = ready_.put(); }
    void begin_burst() noexcept;
    [[nodiscard]] std::coroutine_handle<> enter(ready_item item) noexcept;
    [[nodiscard]] std::coroutine_handle<> enter_specially(task_core& task) noexcept;

    [[noreturn]] static void throw_not_running();
    [[noreturn]] void throw_unusable() const;
    [[noreturn]] void throw_failed() const;
    void inherit_context(task_core& task);
    void push_posted(linked_waiter& w) noexcept;
    void detach_ready() noexcept;
    void detach_watched() noexcept;
    void end_pending(task_core& task) noexcept;
    void poll(std::optional<duration> timeout) noexcept;
    void sleep(std::optional<duration> timeout) noexcept;
    static void on_fork_in_child() noexcept;
    void abandon() noexcept;
    void link(task_core& task) noexcept {
        task.previous_task = last_task_;
        (last_task_ == nullptr ? first_task_ : last_task_->next_task) = &task;
        last_task_ = &task;
    }
    void overflow(task_core& task) noexcept;
    void overflow(linked_waiter& w) noexcept;
    void take_overflow() noexcept;
    void unlink(task_core& task) noexcept {
        (task.previous_task == nullptr ? first_task_ : task.previous_task->next_task) =
            task.next_task;
        (task.next_task == nullptr ? last_task_ : task.next_task->previous_task) =
            task.previous_task;
    }

    static inline constinit thread_local loop_core* this_thread_ = nullptr;

    ready_queue ready_;
    std::size_t burst_end_ = 0;     ///< up to here `leave` goes on by itself; at most `turn_end_`
    std::size_t turn_end_ = 0;      ///< up to here the ready queue belongs to this turn
    std::size_t careful_until_ = 0; ///< up to here a task may have to be cancelled
    task_core* current_ = nullptr;
    task_core* claimed_ = nullptr; ///< by continue_now
    std::coroutine_handle<> transfer_;
    /// The first end of a turn at or behind this position goes back to run_once: the next look at
    /// the kernel is due (`look_at_`), or 0: a timer may be due, a post is there, or we stop.
    std::size_t attend_at_ = 0;
    std::size_t look_at_ = 0;
    bool stopping_ = false;
    bool is_running_ = false;
    bool closed_ = false;
    bool was_forked_ = false;
    bool debug_ = false;
    int failure_ = 0; ///< an errno: the backend is broken
    clock* clock_;
    std::uint64_t now_ns_ = 0;               ///< the latest reading of the clock
    std::uint64_t next_timer_ns_ = never_ns; ///< no timer is due before
    task_core* first_task_ = nullptr;
    task_core* last_task_ = nullptr;
    loop_mark mark_;
    std::uint64_t last_task_serial_; ///< with the mark of the loop, see future_core
    loop_mark* thread_ = &this_loop; ///< tells the threads apart
    watched watched_{&watched_, &watched_};
    std::uint64_t last_id_ = 0;
    std::size_t calls_in_threads_ = 0;
    /// What was to enter the ready queue when there was no memory: first in, first out, but tasks
    /// behind waiters. Tasks are not in the list of tasks meanwhile, for they are linked here by
    /// `next_task`; waiters are by `previous`, so that they do not pass for linked.
    struct {
        linked_waiter* first_waiter = nullptr;
        linked_waiter* last_waiter = nullptr;
        task_core* first_task = nullptr;
        task_core* last_task = nullptr;
    } overflow_;
    timer_wheel timers_;
    std::unique_ptr<backend> own_io_;
    backend* io_ = nullptr;      ///< `own_io_`, or one that does nothing: in a forked child
    loop_core* outer_ = nullptr; ///< the loop of this thread before this one

    // Written by other threads, so on cache lines of their own.
    alignas(64) std::atomic<linked_waiter*> posted_{nullptr};
    std::atomic<bool> asleep_{false};
    std::atomic<bool> refuses_posts_{false};
};

/// `w.react` of a wait that was cancelled: await_resume throws, and a `run` that is still in the
/// ready queue finds nothing to do.
bool cancelled_reaction(waiter&, signal) noexcept;

[[nodiscard]] inline bool was_cancelled(waiter const& w) noexcept {
    return w.react == &cancelled_reaction;
}

/// What `throw_if_cancelled` throws, out of line: where a wait is short, less code on its way is
/// worth more than a cheaper cancellation.
[[noreturn, gnu::cold]] void throw_cancellation();

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
[[nodiscard, gnu::always_inline]] inline std::coroutine_handle<>
suspend(std::coroutine_handle<Promise> coroutine, waiter& w) noexcept {
    auto& task = coroutine.promise().task();
    w.suspended = coroutine;
    task.waiting = &w;
    task.clear(future_core::is_scheduled);
    if (task.has(future_core::must_cancel)) [[unlikely]] {
        if (w.react(w, signal::cancel)) task.clear(future_core::must_cancel);
    }
    return loop_core::of_this_thread()->leave();
}

/// Like `suspend`, for a wait of one turn: the task goes to the end of the ready queue. It cannot
/// be cancelled out of it, but the cancellation is thrown when it continues.
template <class Promise>
[[nodiscard, gnu::always_inline]] inline std::coroutine_handle<>
suspend_for_a_turn(std::coroutine_handle<Promise> coroutine, waiter& w) {
    auto& task = coroutine.promise().task();
    w.suspended = coroutine;
    task.waiting = &w;
    auto& home = *loop_core::of_this_thread();
    home.wake_current(task, coroutine);
    if (task.has(future_core::must_cancel)) [[unlikely]]
        home.be_careful();
    return home.leave();
}

} // namespace siding::detail
