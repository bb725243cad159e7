// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/executor.hpp"
#include "siding/future.hpp"
#include "siding/task.hpp"

#include <atomic>
#include <concepts>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

/// A call on its way through a thread and back: one block, that the thread posts to the loop when
/// the function has returned.
template <class F, class R>
class thread_call final : public executor::job, public callback {
public:
    thread_call(loop_core& owner, F function) : callback(owner), function_(std::move(function)) {
        home.expect_call_from_thread();
    }
    ~thread_call() { home.call_from_thread_ended(); }

    /// Owns the call until a thread has it.
    [[nodiscard]] static future<R> start(std::unique_ptr<thread_call> call, executor& on) {
        auto const made = future<R>(*new state_type(call->abandoned_));
        call->state_ = made;
        on.submit(*call);
        static_cast<void>(call.release());
        return made;
    }

private:
    /// Cancelled before a thread takes it, the function is not called.
    struct state_type final : future_state<R> {
        explicit state_type(std::shared_ptr<std::atomic<bool>> to_set)
            : future_state<R>(kind), abandoned(std::move(to_set)) {}
        static void dispose_call(plain_core& self) noexcept {
            delete static_cast<state_type*>(&self);
        }
        static bool cancel_call(plain_core& self, std::string_view message) noexcept {
            auto& me = static_cast<state_type&>(self);
            me.abandoned->store(true, std::memory_order_relaxed);
            return me.cancel_plainly(message);
        }
        static constexpr plain_behaviour kind{&dispose_call, &cancel_call};
        std::shared_ptr<std::atomic<bool>> abandoned;
    };

    void run() noexcept override { // in the thread
        if (!abandoned_->load(std::memory_order_relaxed)) {
            thread_context const as_asked(context);
            try {
                if constexpr (std::is_void_v<R>) {
                    std::invoke(function_);
                } else {
                    result_.emplace(std::invoke(function_));
                }
            } catch (...) {
                error_ = std::current_exception();
            }
        }
        home.post_from_thread(*this);
    }
    void invoke() override { // in the loop
        auto const to = std::move(state_);
        if (to.done()) return;
        if (error_) {
            to.set_exception(std::move(error_));
        } else if constexpr (std::is_void_v<R>) {
            to.set_result();
        } else {
            to.set_result(std::move(*result_));
        }
    }

    F function_;
    future<R> state_;
    std::shared_ptr<std::atomic<bool>> abandoned_ = std::make_shared<std::atomic<bool>>(false);
    std::conditional_t<std::is_void_v<R>, nothing, std::optional<R>> result_;
    std::exception_ptr error_;
};

} // namespace detail

/// loop.run_in_executor: calls `f()` in a thread of `on`; the loop goes on meanwhile. Cancelling
/// the future forgets a function that runs already, it cannot stop it.
template <std::invocable F>
[[nodiscard]] auto run_in_executor(executor& on, F f) {
    using result = std::invoke_result_t<F&>;
    using call = detail::thread_call<F, result>;
    return call::start(std::make_unique<call>(detail::loop_core::running(), std::move(f)), on);
}

/// asyncio.to_thread: calls `f(arguments...)` in a thread of the loop's own pool, with a copy of
/// the context variables. Arguments are taken by value.
template <class F, class... A>
requires std::invocable<F&, A&...>
[[nodiscard]] auto to_thread(F f, A... arguments) -> coroutine<std::invoke_result_t<F&, A&...>> {
    auto call = [f = std::move(f), ... kept = std::move(arguments)]() mutable {
        return std::invoke(f, kept...);
    };
    auto pending = run_in_executor(loop::running().default_executor(), std::move(call));
    co_return co_await std::move(pending);
}

namespace detail {

/// From a thread to the task that runs for it in a loop, as long as there is one.
class remote_task {
public:
    explicit remote_task(loop& on) noexcept : on_(&on) {}
    remote_task(remote_task const&) = delete;
    remote_task& operator=(remote_task const&) = delete;

    // In the loop's thread.
    void began(any_task task) { task_ = std::move(task); }
    void ended() noexcept {
        task_ = {};
        std::lock_guard const held(mutex_);
        on_ = nullptr;
    }
    /// In any thread; false: it has ended.
    static bool cancel(std::shared_ptr<remote_task> const& self) {
        std::lock_guard const held(self->mutex_); // the loop cannot end meanwhile
        if (self->on_ == nullptr) return false;
        self->on_->call_soon_threadsafe([self] { // behind the post that begins the task
            if (self->task_) self->task_.cancel();
        });
        return true;
    }

private:
    any_task task_; ///< the loop's thread alone touches it
    std::mutex mutex_;
    loop* on_;
};

/// Ends the connection, whatever becomes of the call and the task.
struct remote_end {
    explicit remote_end(std::shared_ptr<remote_task> of) noexcept : remote(std::move(of)) {}
    remote_end(remote_end&&) noexcept = default;
    remote_end& operator=(remote_end&&) = delete;
    ~remote_end() {
        if (remote) remote->ended();
    }
    std::shared_ptr<remote_task> remote;
};

} // namespace detail

/// concurrent.futures.Future: what run_coroutine_threadsafe gives. A std::future that can cancel.
template <class T>
class thread_future : public std::future<T> {
public:
    thread_future(std::future<T> result, std::shared_ptr<detail::remote_task> of) noexcept
        : std::future<T>(std::move(result)), of_(std::move(of)) {}

    /// Asks the loop to cancel the task; `get` throws cancelled_error when the task has ended by
    /// it. (CPython's throws before that.) False if it has ended. Thread-safe.
    bool cancel() const { return detail::remote_task::cancel(of_); }

private:
    std::shared_ptr<detail::remote_task> of_;
};

/// asyncio.run_coroutine_threadsafe: from another thread, runs the coroutine as a task of `on`.
template <class T>
[[nodiscard]] thread_future<T> run_coroutine_threadsafe(coroutine<T> body, loop& on) {
    auto promised = std::make_shared<std::promise<T>>();
    auto result = promised->get_future();
    auto remote = std::make_shared<detail::remote_task>(on);
    on.call_soon_threadsafe(
        [&on, promised, kept = std::move(body), end = detail::remote_end(remote)]() mutable {
            auto const task = on.create_task(std::move(kept));
            end.remote->began(task);
            auto const shared_end = std::make_shared<detail::remote_end>(std::move(end));
            task.add_done_callback([promised, shared_end](any_future const& done) {
                shared_end->remote->ended();
                try {
                    done.core()->check_result();
                    if constexpr (std::is_void_v<T>) {
                        promised->set_value();
                    } else {
                        promised->set_value(std::move(detail::value_of<T>(*done.core())));
                    }
                } catch (...) {
                    promised->set_exception(std::current_exception());
                }
            });
        });
    return {std::move(result), std::move(remote)};
}

} // namespace siding
