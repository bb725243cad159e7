// SPDX-License-Identifier: MIT
#include "siding/loop.hpp"

#include "siding/detail/print.hpp"
#include "siding/executor.hpp"
#include "siding/task.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace siding {

using detail::future_core;
using detail::signal;
using detail::task_core;

namespace {

/// At most so many dispatches between two looks at the clock and the kernel, so that tasks which
/// always have something to do cannot starve timers and I/O. Go and tokio use the same number.
constexpr std::size_t dispatches_between_looks = 61;

/// At most so many transfers from coroutine to coroutine in a row: should the caller's code have
/// been built such that they are no tail calls, the stack does not grow further.
constexpr std::size_t most_transfers = 64;

constexpr duration longest_wait = std::chrono::hours(24);

} // namespace

loop::loop(loop_options options) : clock_(options.clock), outer_(this_thread_) {
    io_ = options.backend != nullptr ? options.backend(*this) : detail::make_epoll_backend(*this);
    // The timer slack of the thread, 50 us by default, is its owner's affair: without it a sleep
    // ends up to 50 us earlier, and 10,000 timers spread over 9 ms cost half as much CPU again (766
    // ns against 514).
    this_thread_ = this;
    static_cast<void>(time());
    static_cast<void>(timers_.pop_due(now_ns_)); // empty: only moves the wheel to the present
}

loop::~loop() {
    close();
    this_thread_ = outer_;
}

void loop::close() {
    if (closed_) return;
    if (is_running_) throw runtime_error("cannot close a running event loop");
    remove_signal_handlers();
    shutdown_default_executor();
    detach_ready();
    while (calls_in_threads_ > 0) { // of other executors; they will want to post here
        sleep(std::nullopt);
        detach_ready();
    }
    refuses_posts_ = true;
    detach_ready();
    while (!timers_.empty()) {
        if (auto* const t = timers_.pop_due(~std::uint64_t{0})) t->react(*t, signal::detach);
    }
    while (first_task_ != nullptr) {
        auto& task = *first_task_;
        call_exception_handler({"Task was destroyed but it is pending!", nullptr});
        if (task.has(future_core::is_started) && task.waiting != nullptr) {
            task.waiting->react(*task.waiting, signal::detach);
        }
        ::new (&task.failure) std::exception_ptr();
        task.now = detail::state::cancelled;
        unlink(task);
        while (!task.callbacks.empty()) {
            auto& w = task.callbacks.pop_front();
            w.react(w, signal::detach);
        }
        task.drop_reference();
        ready_.clear(); // nobody is to run any more
    }
    io_.reset();
    closed_ = true;
}

void loop::detach_ready() noexcept {
    collect_posted();
    while (!ready_.empty()) {
        auto const item = ready_.pop();
        if (!item.is_task()) item.as_waiter().react(item.as_waiter(), signal::detach);
    }
}

void loop::throw_not_running() { throw runtime_error("no running event loop"); }
void loop::throw_closed() { throw runtime_error("Event loop is closed"); }

time_point loop::time() noexcept {
    auto const now =
        clock_ == nullptr ? time_point(std::chrono::steady_clock::now()) : clock_->now();
    now_ns_ = static_cast<std::uint64_t>(now.time_since_epoch().count());
    attend_at_ = 0;
    return now;
}

void loop::run_forever() {
    if (closed_) throw runtime_error("Event loop is closed");
    if (is_running_) throw runtime_error("This event loop is already running");
    if (this_thread_ != this || (outer_ != nullptr && outer_->is_running_)) {
        throw runtime_error("Cannot run the event loop while another loop is running");
    }
    is_running_ = true;
    do {
        run_once();
    } while (!stopping_);
    stopping_ = false;
    is_running_ = false;
}

/// One turn, as asyncio's: what becomes ready during the turn runs in the next.
void loop::run_once() {
    collect_posted();
    wait_for_events();
    fire_timers();
    run_ready();
}

void loop::collect_posted() {
    // relaxed: a post that is missed here is seen after 61 dispatches, or before the loop sleeps.
    if (posted_.load(std::memory_order_relaxed) == nullptr) return;
    // acquire: pairs with the release in post(), the nodes are written.
    auto* newest = posted_.exchange(nullptr, std::memory_order_acquire);
    detail::linked_waiter* oldest = nullptr;
    while (newest != nullptr) {
        auto* const next = std::exchange(newest->next, oldest);
        oldest = std::exchange(newest, next);
    }
    while (oldest != nullptr) {
        auto* const w = std::exchange(oldest, oldest->next);
        w->next = nullptr;
        schedule(*w);
    }
}

void loop::wait_for_events() {
    bool const busy = !ready_.empty() || stopping_;
    if (busy && ready_.taken() < look_at_) return;
    look_at_ = ready_.taken() + dispatches_between_looks;
    if (busy) {
        if (io_->in_flight() != 0) io_->poll(duration{0});
        static_cast<void>(time());
        return;
    }
    std::optional<duration> timeout;
    if (!timers_.empty()) {
        auto const now = static_cast<std::uint64_t>(time().time_since_epoch().count());
        auto const next = timers_.next_wake_ns();
        timeout = next <= now
                      ? duration{0}
                      : std::min(duration(static_cast<std::int64_t>(next - now)), longest_wait);
        if (clock_ != nullptr && *timeout > duration{0}) {
            if (io_->in_flight() != 0) io_->poll(duration{0});
            if (ready_.empty() && posted_.load(std::memory_order_acquire) == nullptr) {
                clock_->idle_until(time_point(duration(static_cast<std::int64_t>(next))));
            }
            timeout = duration{0};
        }
    }
    if (timeout != duration{0}) {
        sleep(timeout);
    } else if (io_->in_flight() != 0) {
        io_->poll(timeout);
    }
    collect_posted();
    static_cast<void>(time());
}

void loop::sleep(std::optional<duration> timeout) noexcept {
    // seq_cst on both sides (see push_posted): either we see the post, or the poster sees us
    // asleep.
    asleep_.store(true, std::memory_order_seq_cst);
    if (posted_.load(std::memory_order_seq_cst) == nullptr) io_->poll(timeout);
    asleep_.store(false, std::memory_order_relaxed);
}

void loop::fire_timers() {
    attend_at_ = stopping_ ? 0 : look_at_;
    while (auto* const due = timers_.pop_due(now_ns_)) {
        schedule(*due);
    }
}

void loop::run_ready() {
    begin_turn();
    while (ready_.taken() != turn_end_) {
        begin_burst();
        transfer_ = next();
        // A loop whatever this was built with: the caller's code may have been built without
        // optimisation, and then leaves here what to resume.
        while (transfer_) {
            std::exchange(transfer_, nullptr).resume();
        }
    }
    current_ = nullptr;
}

void loop::begin_burst() noexcept {
    burst_end_ = ready_.taken() + std::min(turn_end_ - ready_.taken(), most_transfers);
}

/// The only place that decides what runs next (with `leave`, its inline half): the first entry of
/// the ready queue. Callbacks run here; a coroutine is returned, to be resumed by who asked. None
/// if it is time to go back to run_ready.
std::coroutine_handle<> loop::next() noexcept {
    while (ready_.taken() != burst_end_) {
        if (auto const coroutine = enter(ready_.pop())) [[likely]] {
            return coroutine;
        }
    }
    current_ = nullptr;
    return std::noop_coroutine();
}

std::coroutine_handle<> loop::next_from(detail::ready_item item) noexcept {
    auto const coroutine = enter(item);
    return coroutine ? coroutine : next();
}

/// Behind the last of a turn the next one begins, without a way back to run_once, if there is
/// nothing to attend to.
std::coroutine_handle<> loop::next_burst() noexcept {
    current_ = nullptr;
    auto const at = ready_.taken();
    if (at != turn_end_ || at >= attend_at_ || ready_.empty()) return std::noop_coroutine();
    begin_turn();
    begin_burst();
    return take_next();
}

/// Makes the task the running one and returns where it goes on, or calls the callback. Null: there
/// is nothing to resume.
std::coroutine_handle<> loop::enter(detail::ready_item item) noexcept {
    task_core* task = nullptr;
    if (item.is_task()) [[likely]] {
        task = &item.as_task();
    } else {
        current_ = nullptr;
        item.as_waiter().react(item.as_waiter(), signal::run);
        task = std::exchange(claimed_, nullptr);
        if (task == nullptr) return nullptr;
    }
    current_ = task;
    return goes_on(*task) ? task->waiting->suspended : enter_specially(*task);
}

/// A task that has not begun or is to be cancelled. Null: its body never runs.
std::coroutine_handle<> loop::enter_specially(task_core& task) noexcept {
    bool const cancel = task.has(future_core::must_cancel);
    task.clear(future_core::must_cancel);
    if (task.has(future_core::is_started)) {
        task.waiting->react = &detail::cancelled_reaction;
        return task.waiting->suspended;
    }
    if (cancel) {
        ::new (&task.failure) std::exception_ptr();
        task.now = detail::state::cancelled;
        current_ = nullptr;
        finish(task);
        return nullptr;
    }
    task.set(future_core::is_started);
    return task.frame();
}

void loop::inherit_context(task_core& task) {
    if (auto* const context = detail::current_context(); context != nullptr) {
        ready_.make_room(); // else the details would leak if that threw later
        task.make_extra().context = detail::share(context);
    }
}

void loop::post(detail::callback& call) {
    if (refuses_posts_.load(std::memory_order_acquire)) {
        call.drop_reference();
        throw runtime_error("Event loop is closed");
    }
    push_posted(call);
}

void loop::push_posted(detail::linked_waiter& w) noexcept {
    // From our own thread it enters the ready queue at the end of this turn, as it would in
    // asyncio.
    if (this_thread_ == this) attend_at_ = 0;
    auto* head = posted_.load(std::memory_order_relaxed);
    do {
        w.next = head;
        // seq_cst: ordered before the look at asleep_, and releases the node.
    } while (!posted_.compare_exchange_weak(head, &w, std::memory_order_seq_cst,
                                            std::memory_order_relaxed));
    if (asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false)) io_->wake();
}

handle loop::call_at_ns(std::uint64_t deadline_ns, detail::callback& call) {
    call.deadline_ns = deadline_ns;
    insert_timer(call);
    return handle(call);
}

void loop::set_exception_handler(std::function<void(loop&, exception_context const&)> handler) {
    exception_handler_ = std::move(handler);
}

void loop::call_exception_handler(exception_context const& context) noexcept {
    if (exception_handler_) {
        try {
            exception_handler_(*this, context);
            return;
        } catch (...) {
            std::fputs("siding: the exception handler itself threw\n", stderr);
        }
    }
    detail::print(context);
}

executor& loop::default_executor() {
    if (!executor_) executor_ = std::make_shared<executor>();
    return *executor_;
}

void loop::shutdown_default_executor() { executor_.reset(); }

std::vector<any_task> loop::all_tasks() const {
    std::vector<any_task> all;
    for (auto* t = first_task_; t != nullptr; t = t->next_task) {
        all.push_back(any_task(*t));
    }
    return all;
}

} // namespace siding
