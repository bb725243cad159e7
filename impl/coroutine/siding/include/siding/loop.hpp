// SPDX-License-Identifier: MIT
#pragma once

#include "siding/clock.hpp"
#include "siding/detail/loop_core.hpp"
#include "siding/handle.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace siding {

template <class T = void>
class future;
template <class T = void>
class task;
class any_task;
class executor;

/// Makes what a loop waits with: `make_io_uring_backend`, or one of your own (docs/internals.md).
using backend_factory = std::unique_ptr<detail::backend> (*)(loop&);

struct loop_options {
    siding::clock* clock = nullptr;    ///< nullptr: CLOCK_MONOTONIC
    backend_factory backend = nullptr; ///< nullptr: epoll
};

/// asyncio's event loop. One a thread; everything but `call_soon_threadsafe` is for that thread
/// alone.
class loop : detail::loop_core {
public:
    explicit loop(loop_options options = {});
    loop(loop const&) = delete;
    loop& operator=(loop const&) = delete;
    /// Detaches and destroys what is still pending.
    ~loop();

    /// The loop of this thread that runs now. Throws runtime_error without one.
    [[nodiscard]] static loop& running() { return loop_core::running().facade(); }

    [[nodiscard]] time_point time() noexcept { return loop_core::time(); }

    /// Calls `f()` in the next turn, after what is ready already. Exceptions go to the exception
    /// handler.
    template <class F>
    handle call_soon(F&& f);
    /// Calls `f()` when `delay` has passed, never earlier; equal times in the order of the calls.
    /// What lies more than 292 years ahead is never called.
    template <class Rep, class Period, class F>
    handle call_later(std::chrono::duration<Rep, Period> const& delay, F&& f);
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
    /// The process has been forked, and this is the child: what the loop waits for is the parent's.
    [[nodiscard]] bool was_forked() const noexcept { return loop_core::was_forked(); }
    /// The turn that is under way is the last.
    void stop() noexcept { loop_core::stop(); }
    [[nodiscard]] bool is_running() const noexcept { return loop_core::is_running(); }
    [[nodiscard]] bool is_closed() const noexcept { return loop_core::is_closed(); }
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

    /// asyncio's debug mode, also by the environment: SIDING_DEBUG=1. Then what runs for longer
    /// than slow_callback_duration without giving way is reported to the exception handler, with
    /// who it was and where, and coroutines that nobody awaited are, unless there is a handler for
    /// them. Each step costs a look at the clock. Source: CPython 3.13, "Debug Mode" of asyncio.
    void set_debug(bool on) noexcept { loop_core::set_debug(on); }
    [[nodiscard]] bool get_debug() const noexcept { return is_debugged(); }
    /// 100 ms unless set.
    void set_slow_callback_duration(duration least) noexcept { slow_callback_ = least; }
    [[nodiscard]] duration slow_callback_duration() const noexcept { return slow_callback_; }

    [[nodiscard]] std::vector<any_task> all_tasks() const;
    [[nodiscard]] std::size_t pending_timers() const noexcept {
        return loop_core::pending_timers();
    }
    /// "epoll" or "io_uring".
    [[nodiscard]] std::string_view backend_name() noexcept { return io().name(); }
    /// For a descriptor that a library of others owns and this loop has waited for: call it when
    /// that library has closed it, or has opened one that may have an old number.
    void forget(int fd) noexcept { io().forget(fd); }

private:
    friend class detail::loop_core;
    friend detail::loop_core& detail::core_of(loop&) noexcept;

    handle call_at_ns(std::uint64_t deadline_ns, detail::callback& call);
    void remove_signal_handlers() noexcept;
    void lose_threads() noexcept;

    std::shared_ptr<executor> executor_;
    std::function<void(loop&, exception_context const&)> exception_handler_;
    std::uint64_t signals_ = 0; ///< those with a handler of this loop; bit 0 is signal 1
};

template <class F>
handle loop::call_soon(F&& f) {
    expect_usable();
    make_room();
    auto* const call = new detail::callback_of<std::decay_t<F>>(*this, std::forward<F>(f));
    schedule(*call);
    return handle(*call);
}

template <class Rep, class Period, class F>
handle loop::call_later(std::chrono::duration<Rep, Period> const& delay, F&& f) {
    auto const deadline_ns = deadline_after(detail::saturated(delay));
    return call_at(detail::as_time_point(deadline_ns), std::forward<F>(f));
}

template <class F>
handle loop::call_at(time_point when, F&& f) {
    expect_usable();
    auto* const call = new detail::callback_of<std::decay_t<F>>(*this, std::forward<F>(f));
    return call_at_ns(detail::deadline_at(when), *call);
}

template <class F>
void loop::call_soon_threadsafe(F&& f) {
    post(*new detail::posted_callback<std::decay_t<F>>(*this, std::forward<F>(f)));
}

/// asyncio.get_running_loop.
[[nodiscard]] inline loop& get_running_loop() { return loop::running(); }

inline loop& detail::loop_core::facade() noexcept { return static_cast<loop&>(*this); }
inline detail::loop_core& detail::core_of(loop& of) noexcept { return of; }

} // namespace siding
