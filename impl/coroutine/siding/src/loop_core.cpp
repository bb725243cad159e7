// SPDX-License-Identifier: MIT
#include "siding/detail/loop_core.hpp"

#include "debug/layout.hpp"
#include "siding/task.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace siding::detail {

namespace {

constexpr auto forked =
    "the process was forked while the loop ran: its child cannot go on with it, "
    "but can run a loop of its own";

/// Of a loop whose system resources belong to the parent process.
class inert_backend final : public backend {
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "none"; }
    [[nodiscard]] bool try_now(io_operation&) noexcept override { return false; }
    [[nodiscard]] bool start(io_operation&) noexcept override { return true; }
    [[nodiscard]] bool cancel(io_operation&) noexcept override { return true; }
    [[nodiscard]] int poll(std::optional<duration>) noexcept override { return 0; }
    void wake() noexcept override {}
    void forget(int) noexcept override {}
    [[nodiscard]] std::size_t in_flight() const noexcept override { return 0; }
};

/// At most this many dispatches between two looks at the clock and the kernel, so that tasks which
/// always have something to do cannot starve timers and I/O. Go and tokio use the same number.
constexpr std::size_t dispatches_between_looks = 61;

constexpr duration longest_wait = std::chrono::hours(24);

loop_mark next_mark() noexcept {
    static std::atomic<std::uint16_t> last = 0;
    std::uint16_t number = 0;
    while (number == 0) { // 0 is no loop
        number = static_cast<std::uint16_t>(last.fetch_add(1, std::memory_order_relaxed) + 1);
    }
    return loop_mark{number} << mark_shift | 1u;
}

} // namespace

loop_core::loop_core(clock* time_source)
    : clock_(time_source), mark_(next_mark()), last_task_serial_(mark_), outer_(this_thread_) {
    ready_.make_room(); // for some: however little memory there is later, the loop goes on
    static std::once_flag once;
    std::call_once(once, [] { ::pthread_atfork(nullptr, nullptr, &on_fork_in_child); });
    // The timer slack of the thread, 50 us by default, is its owner's affair: without it a sleep
    // ends up to 50 us earlier, and 10,000 timers spread over 9 ms cost half as much CPU again (766
    // ns against 514).
    this_thread_ = this;
    this_loop = mark_;
    static_cast<void>(time());
    static_cast<void>(timers_.pop_due(now_ns_)); // empty: only moves the wheel to the present
    auto const* const wish = std::getenv("SIDING_DEBUG");
    debug_ = wish != nullptr && *wish != '\0' && std::strcmp(wish, "0") != 0;
    note_loop(*this);
}

loop_core::~loop_core() {
    forget_loop(*this);
    this_thread_ = outer_;
    this_loop = outer_ == nullptr ? 1 : outer_->mark_;
}

void loop_core::use(std::unique_ptr<backend> io) noexcept {
    own_io_ = std::move(io);
    io_ = own_io_.get();
}

namespace {

/// How many threads are inside of push_posted. What they posted may be seen, and the last call that
/// the loop waited for be over, while they still look whether it sleeps: it must not go before they
/// are through. Beside the loops, by their addresses, so that the last look touches none of them.
struct alignas(64) posters {
    std::atomic<unsigned> inside{0};
};
std::array<posters, 64> all_posters;

posters& posters_of(loop_core const& loop) noexcept {
    return all_posters[(reinterpret_cast<std::uintptr_t>(&loop) >> 6) % all_posters.size()];
}

} // namespace

/// Nothing will run any more, and nobody will post.
void loop_core::end() noexcept {
    detach_ready();
    while (calls_in_threads_ > 0 && !was_forked_) { // of other executors; they will post here
        sleep(std::nullopt);
        detach_ready();
    }
    refuses_posts_ = true;
    detach_ready();
    while (!timers_.empty()) {
        if (auto* const t = timers_.pop_due(~std::uint64_t{0})) t->react(*t, signal::detach);
    }
    while (first_task_ != nullptr) {
        end_pending(*first_task_);
        detach_ready(); // nobody is to run any more
    }
    detach_watched();
    while (posters_of(*this).inside.load(std::memory_order_acquire) != 0 && !was_forked_) {
        std::this_thread::yield();
    }
    closed_ = true;
    io_ = nullptr;
    own_io_.reset();
}

void loop_core::end_pending(task_core& task) noexcept {
    if (!task.is_internal() && !was_forked_) {
        call_exception_handler({"Task was destroyed but it is pending!", nullptr});
    }
    std::coroutine_handle<> suspended = task.frame();
    if (task.has(future_core::is_started) && task.waiting != nullptr) {
        suspended = task.waiting->suspended;
        task.waiting->react(*task.waiting, signal::detach);
    }
    ::new (&task.failure) std::exception_ptr();
    task.now = state::cancelled;
    unlink(task);
    while (!task.callbacks.empty()) {
        auto& w = task.callbacks.pop_front();
        w.react(w, signal::detach);
    }
    task.destroy_awaited_frames(suspended);
    task.drop_reference();
}

void loop_core::watch(future_core& core) noexcept {
    if (core.has(future_core::is_task)) return; // it is in the list of tasks
    auto& future = static_cast<plain_core&>(core);
    if (!future.is_watched()) future.watch(watched_);
}

/// Nobody will set them any more.
void loop_core::detach_watched() noexcept {
    while (watched_.next != &watched_) {
        auto& future = static_cast<plain_core&>(*watched_.next);
        future.add_reference();
        future.watch_no_longer();
        while (!future.callbacks.empty()) {
            auto& w = future.callbacks.pop_front();
            w.react(w, signal::detach);
        }
        future.drop_reference();
    }
}

void loop_core::detach_ready() noexcept {
    collect_posted();
    while (auto* const w = overflow_.first_waiter) {
        overflow_.first_waiter = w->previous;
        w->previous = nullptr;
        w->react(*w, signal::detach);
    }
    while (auto* const task = overflow_.first_task) { // they are all ended by `close`
        overflow_.first_task = task->next_task;
        task->next_task = nullptr;
        link(*task);
    }
    while (!ready_.empty()) {
        auto const item = ready_.pop();
        if (!item.is_task()) item.as_waiter().react(item.as_waiter(), signal::detach);
    }
    ready_.open();
}

void loop_core::throw_not_running() { throw runtime_error("no running event loop"); }
void loop_core::throw_stopped() const {
    if (was_forked_) throw runtime_error(forked);
    throw runtime_error("Event loop stopped before Future completed.");
}

void loop_core::throw_failed() const {
    throw std::system_error(failure_, std::generic_category(),
                            "the event loop cannot wait (" + std::string(io_->name()) + ")");
}

void loop_core::throw_unusable() const {
    if (thread_ != &this_loop) {
        throw runtime_error("Non-thread-safe operation invoked on an event loop of another thread: "
                            "use call_soon_threadsafe");
    }
    throw runtime_error("Event loop is closed");
}

time_point loop_core::time() noexcept {
    auto const now =
        clock_ == nullptr ? time_point(std::chrono::steady_clock::now()) : clock_->now();
    now_ns_ = std::max(now_ns_, deadline_at(now)); // a clock of the caller's may go back
    if (next_timer_ns_ <= now_ns_) attend_at_ = 0;
    return now;
}

void loop_core::run_until_stopped() {
    expect_usable();
    if (failure_ != 0) throw_failed();
    if (was_forked_) throw runtime_error(forked);
    if (is_running_) throw runtime_error("This event loop is already running");
    if (this_thread_ != this || (outer_ != nullptr && outer_->is_running_)) {
        throw runtime_error("Cannot run the event loop while another loop is running");
    }
    is_running_ = true;
    do {
        run_once();
    } while (!stopping_ && !was_forked_ && failure_ == 0);
    stopping_ = false;
    is_running_ = false;
    if (failure_ != 0) throw_failed();
}

/// One turn, as asyncio's: what becomes ready during the turn runs in the next.
void loop_core::run_once() noexcept {
    take_overflow();
    collect_posted();
    wait_for_events();
    fire_timers();
    run_ready();
}

void loop_core::collect_posted() {
    // relaxed: a post that is missed here is seen after 61 dispatches, or before the loop sleeps.
    if (posted_.load(std::memory_order_relaxed) == nullptr) return;
    // acquire: pairs with the release in post(), the nodes are written.
    auto* newest = posted_.exchange(nullptr, std::memory_order_acquire);
    linked_waiter* oldest = nullptr;
    while (newest != nullptr) {
        auto* const next = std::exchange(newest->next, oldest);
        oldest = std::exchange(newest, next);
    }
    while (oldest != nullptr) {
        auto* const w = std::exchange(oldest, oldest->next);
        w->next = nullptr;
        schedule(*w);
    }
    // Coroutines that other threads made for us end here.
    if (pool::memory_is_wanted.load(std::memory_order_relaxed) || pool::has_surplus()) {
        pool::share();
    }
}

void loop_core::wait_for_events() {
    bool const busy = !ready_.empty() || stopping_;
    if (busy && ready_.taken() < look_at_) return;
    look_at_ = ready_.taken() + ready_queue::distance(dispatches_between_looks);
    if (busy) {
        if (io_->in_flight() != 0) poll(duration{0});
        static_cast<void>(time());
        return;
    }
    std::optional<duration> timeout;
    if (!timers_.empty()) {
        static_cast<void>(time());
        auto const next = timers_.next_wake_ns();
        if (next <= now_ns_) {
            timeout = duration{0};
        } else if (next < never_ns) {
            timeout = std::min(duration(static_cast<std::int64_t>(next - now_ns_)), longest_wait);
        }
        if (clock_ != nullptr && timeout > duration{0}) {
            if (io_->in_flight() != 0) poll(duration{0});
            if (ready_.empty() && posted_.load(std::memory_order_acquire) == nullptr) {
                clock_->idle_until(as_time_point(next));
            }
            timeout = duration{0};
        }
    }
    if (timeout != duration{0}) {
        sleep(timeout);
    } else if (io_->in_flight() != 0) {
        poll(timeout);
    }
    collect_posted();
    static_cast<void>(time());
}

/// Without a backend that works nothing will ever be ready: the loop ends by an error.
void loop_core::poll(std::optional<duration> timeout) noexcept {
    auto const error = io_->poll(timeout);
    if (error == 0) [[likely]]
        return;
    failure_ = error;
    attend_at_ = 0;
    std::this_thread::yield(); // `end` waits for threads, if need be by asking again
}

void loop_core::sleep(std::optional<duration> timeout) noexcept {
    // seq_cst on both sides (see push_posted): either we see the post, or the poster sees us
    // asleep.
    asleep_.store(true, std::memory_order_seq_cst);
    if (posted_.load(std::memory_order_seq_cst) == nullptr) poll(timeout);
    asleep_.store(false, std::memory_order_relaxed);
}

void loop_core::fire_timers() {
    attend_at_ = stopping_ || failure_ != 0 ? 0 : look_at_;
    while (auto* const due = timers_.pop_due(now_ns_)) {
        schedule(*due);
    }
    if (next_timer_ns_ <= now_ns_) next_timer_ns_ = timers_.next_wake_ns();
}

void loop_core::run_ready() {
    begin_turn();
    while (ready_.taken() != turn_end_) {
        begin_burst();
        if (debug_) [[unlikely]] {
            run_next_watched();
            continue;
        }
        transfer_ = next();
        // A loop whatever this was built with: the caller's code may have been built without
        // optimisation, and then leaves here what to resume.
        while (transfer_) {
            std::exchange(transfer_, nullptr).resume();
        }
    }
    current_ = nullptr;
}

void loop_core::begin_burst() noexcept {
    auto const most = careful_until_ > ready_.taken() ? 1 : most_transfers;
    burst_end_ = ready_.taken() + std::min(turn_end_ - ready_.taken(), ready_queue::distance(most));
}

/// The only place that decides what runs next (with `leave`, its inline half): the first entry of
/// the ready queue. Callbacks run here; a coroutine is returned, to be resumed by who asked. None
/// if it is time to go back to run_ready.
std::coroutine_handle<> loop_core::next() noexcept {
    while (ready_.taken() != burst_end_) {
        if (auto const coroutine = enter(ready_.pop())) [[likely]] {
            return coroutine;
        }
    }
    current_ = nullptr;
    return std::noop_coroutine();
}

std::coroutine_handle<> loop_core::next_from(ready_item item) noexcept {
    if (item.is_task()) {
        auto& task = item.as_task();
        if ((task.flags & future_core::must_cancel) == 0) [[likely]] { // it has not begun
            current_ = &task;
            task.set(future_core::is_started);
            return task.frame();
        }
    }
    auto const coroutine = enter(item);
    return coroutine ? coroutine : next();
}

/// Back to run_ready, or, behind the end of a turn, to run_once, unless a long turn comes next.
std::coroutine_handle<> loop_core::end_burst() noexcept {
    auto const position = ready_.taken();
    if (position == turn_end_ && position < attend_at_ && !ready_.empty()) {
        begin_turn();
        begin_burst();
        return take_next();
    }
    current_ = nullptr;
    return std::noop_coroutine();
}

/// Makes the task the running one and returns where it goes on, or calls the callback. Null: there
/// is nothing to resume.
std::coroutine_handle<> loop_core::enter(ready_item item) noexcept {
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
std::coroutine_handle<> loop_core::enter_specially(task_core& task) noexcept {
    bool const cancel = task.has(future_core::must_cancel);
    task.clear(future_core::must_cancel);
    if (task.has(future_core::is_started)) {
        task.waiting->react = &cancelled_reaction;
        return task.waiting->suspended;
    }
    if (cancel) {
        ::new (&task.failure) std::exception_ptr();
        task.now = state::cancelled;
        current_ = nullptr;
        finish(task);
        return nullptr;
    }
    task.set(future_core::is_started);
    return task.frame();
}

void loop_core::start_internally(coroutine<> body) {
    adopt(body.frame().promise());
    last_task_serial_ -= 2;
    body.release().promise().make_internal();
}

void loop_core::inherit_context(task_core& task) {
    if (auto* const context = current_context(); context != nullptr) {
        ready_.make_room(); // else the details would leak if that threw later
        task.make_extra().context = share(context);
    }
}

void loop_core::post(callback& call) {
    if (refuses_posts_.load(std::memory_order_acquire)) {
        call.drop_reference();
        throw runtime_error("Event loop is closed");
    }
    push_posted(call);
}

void loop_core::push_posted(linked_waiter& w) noexcept {
    // From our own thread it enters the ready queue at the end of this turn, as it would in
    // asyncio.
    auto* const counted = this_thread_ == this ? nullptr : &posters_of(*this);
    if (counted == nullptr) {
        attend_at_ = 0;
    } else {
        counted->inside.fetch_add(1, std::memory_order_relaxed);
    }
    auto* head = posted_.load(std::memory_order_relaxed);
    do {
        w.next = head;
        // seq_cst: ordered before the look at asleep_, and releases the node.
    } while (!posted_.compare_exchange_weak(head, &w, std::memory_order_seq_cst,
                                            std::memory_order_relaxed));
    if (asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false)) io_->wake();
    if (counted != nullptr) counted->inside.fetch_sub(1, std::memory_order_release);
}

void loop_core::overflow(task_core& task) noexcept {
    ready_.shut();
    attend_at_ = 0;
    unlink(task);
    task.next_task = nullptr;
    (overflow_.first_task == nullptr ? overflow_.first_task : overflow_.last_task->next_task) =
        &task;
    overflow_.last_task = &task;
}

void loop_core::overflow(linked_waiter& w) noexcept {
    ready_.shut();
    attend_at_ = 0;
    w.previous = nullptr;
    (overflow_.first_waiter == nullptr ? overflow_.first_waiter : overflow_.last_waiter->previous) =
        &w;
    overflow_.last_waiter = &w;
}

namespace {

bool does_nothing(waiter&, signal) noexcept { return true; }

} // namespace

void loop_core::unschedule(linked_waiter& w) noexcept {
    static waiter nobody(&does_nothing);
    auto** before = &overflow_.first_waiter;
    for (linked_waiter* last = nullptr; *before != nullptr; before = &last->previous) {
        if (*before == &w) {
            if (overflow_.last_waiter == &w) overflow_.last_waiter = last;
            *before = std::exchange(w.previous, nullptr);
            return;
        }
        last = *before;
    }
    ready_.replace(reinterpret_cast<std::size_t>(w.previous), ready_item(nobody));
    w.previous = nullptr;
}

/// The ready queue has been worked off, so that there is room. Waiters first: the signal to one
/// must come before its task goes on.
void loop_core::take_overflow() noexcept {
    if (overflow_.first_waiter == nullptr && overflow_.first_task == nullptr) [[likely]]
        return;
    ready_.open();
    while (auto* const w = overflow_.first_waiter) {
        auto* const next = w->previous;
        auto const place = ready_.put();
        if (!ready_.try_push(ready_item(*w))) return ready_.shut();
        overflow_.first_waiter = next;
        w->previous = reinterpret_cast<linked_waiter*>(place);
    }
    while (auto* const task = overflow_.first_task) {
        if (!ready_.try_push(ready_item(*task, task->waiting->suspended))) {
            return ready_.shut();
        }
        overflow_.first_task = task->next_task;
        task->next_task = nullptr;
        link(*task);
    }
    be_careful();
}

/// In the child of a process that forks while this loop runs. The turn ends here, for all that is
/// ready belongs to the parent; then `run` ends, by what its main task has come to or by an error.
void loop_core::abandon() noexcept {
    static inert_backend nothing;
    was_forked_ = true;
    is_running_ = false;
    for (auto& each : all_posters) {
        each.inside = 0; // this process has no other threads
    }
    own_io_->abandon();
    io_ = &nothing;
    attend_at_ = 0;
    burst_end_ = turn_end_ = ready_.taken();
    facade().lose_threads();
}

void loop_core::on_fork_in_child() noexcept {
    for (auto* each = this_thread_; each != nullptr; each = each->outer_) {
        if (!each->closed_) each->abandon();
    }
}

} // namespace siding::detail
