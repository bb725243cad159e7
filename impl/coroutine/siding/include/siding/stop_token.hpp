// SPDX-License-Identifier: MIT
#pragma once

#include "siding/task.hpp"
#include "siding/to_thread.hpp"
#include "siding/wait.hpp"

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

// std::stop_token, C++20's word for cancellation, and a task's: each can cause the other. No part
// of asyncio. Source: [thread.stoptoken] of the C++ standard.
namespace siding {

namespace detail {

/// Between a stop_source, which any thread may use, and a task in its loop. What is posted is made
/// ready beforehand, so that a request never fails.
class stop_link : public std::enable_shared_from_this<stop_link> {
public:
    explicit stop_link(loop_core& home) noexcept : home_(home), task_(running_task()) {}
    stop_link(stop_link const&) = delete;
    stop_link& operator=(stop_link const&) = delete;

    /// In the loop's thread, before any request.
    void prepare() {
        auto cancel = [self = shared_from_this()] {
            if (self->task_ != nullptr) self->task_->cancel("stop requested");
        };
        call_ = new posted_callback<decltype(cancel)>(home_, std::move(cancel));
    }
    /// In any thread.
    void request() noexcept {
        std::lock_guard const held(mutex_);
        if (auto* const call = std::exchange(call_, nullptr)) home_.post_from_thread(*call);
    }
    /// In the loop's thread: the task has left what was to be stopped.
    void leave() noexcept {
        task_ = nullptr;
        callback* unused = nullptr;
        {
            std::lock_guard const held(mutex_);
            unused = std::exchange(call_, nullptr);
        }
        if (unused != nullptr) unused->drop_reference();
    }

private:
    loop_core& home_;
    task_core* task_; ///< not owned: we are in its frame; its loop's thread alone touches it
    std::mutex mutex_;
    callback* call_ = nullptr;
};

/// Asks the task that makes it to be cancelled when the token is stopped, as long as it lives.
class stop_scope {
public:
    explicit stop_scope(std::stop_token token)
        : link_(std::make_shared<stop_link>(loop_core::running())),
          on_stop_((link_->prepare(), std::move(token)), request{link_}) {}
    stop_scope(stop_scope const&) = delete;
    stop_scope& operator=(stop_scope const&) = delete;
    ~stop_scope() { link_->leave(); }

private:
    struct request {
        void operator()() const noexcept { link->request(); }
        std::shared_ptr<stop_link> link;
    };
    std::shared_ptr<stop_link> link_;
    std::stop_callback<request> on_stop_;
};

} // namespace detail

/// `co_await stop_when(token, f())`: awaits the coroutine in this task, and cancels this task when
/// a stop is requested, by any thread, before it has ended. `f` sees cancelled_error ("stop
/// requested") where it waits, and may clean up; a stop requested before is seen at its first wait.
/// A stop that was requested and comes too late cancels nothing.
template <class T>
[[nodiscard]] coroutine<T> stop_when(std::stop_token token, coroutine<T> body) {
    [[maybe_unused]] int outermost_local = 0; // GCC PR106188
    detail::stop_scope const scope(std::move(token));
    co_return co_await std::move(body);
}

/// to_thread for a function that can be stopped: calls `f(token, arguments...)` in a thread of the
/// loop's pool. If the task that awaits it is cancelled, a stop is requested, and the cancellation
/// goes on once `f` has returned: what `f` uses may belong to the task. What `f` throws then is
/// dropped. Arguments are taken by value.
template <class F, class... A>
requires std::invocable<F&, std::stop_token, A&...>
[[nodiscard]] auto to_stoppable_thread(F f, A... arguments)
    -> coroutine<std::invoke_result_t<F&, std::stop_token, A&...>> {
    [[maybe_unused]] int outermost_local = 0; // GCC PR106188
    using result = std::invoke_result_t<F&, std::stop_token, A&...>;
    std::stop_source source;
    auto call = [f = std::move(f), token = source.get_token(),
                 ... kept = std::move(arguments)]() mutable {
        return std::invoke(f, std::move(token), kept...);
    };
    future<result> const pending =
        run_in_executor(loop::running().default_executor(), std::move(call));
    std::exception_ptr cancelled;
    std::vector<any_future> const all{pending};
    while (!pending.done()) {
        try {
            auto waiting = wait(all);
            static_cast<void>(co_await std::move(waiting));
        } catch (cancelled_error const&) {
            cancelled = std::current_exception();
            source.request_stop();
        }
    }
    if (cancelled) {
        static_cast<void>(pending.exception()); // looked at: it is not reported as lost
        std::rethrow_exception(cancelled);
    }
    co_return co_await pending;
}

} // namespace siding
