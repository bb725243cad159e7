// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/detail/thread_waiter.hpp"
#include "siding/future.hpp"
#include "siding/outcome.hpp"
#include "siding/task.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

/// A task of one loop that a task of another loop waits for. Everything but the value belongs to
/// the mutex; the value is written before `done` and read after it.
struct remote_call {
    explicit remote_call(loop& there) noexcept : on(&there) {}

    /// In the thread of `on`: how it has ended. The first that is said counts.
    void end(std::exception_ptr failure) noexcept {
        std::lock_guard const lock(mutex);
        if (done) return;
        done = true;
        error = std::move(failure);
        task = nullptr;
        on = nullptr;
        wake_first(askers);
    }
    /// In the thread of who asked, with the mutex held.
    static void cancel(std::shared_ptr<remote_call> const& self, std::string message) noexcept;

    std::mutex mutex;
    loop* on; ///< nullptr once it has ended: that loop may be gone then
    bool done = false;
    std::exception_ptr error;
    waiter_list askers;        ///< one at most
    task_core* task = nullptr; ///< of the thread of `on` alone
};

template <class T>
struct remote_value : remote_call {
    using remote_call::remote_call;
    std::optional<value_or_none<T>> value;
};

/// Held by whatever is to do the work; should that be dropped undone, who waits is told.
class remote_promise {
public:
    explicit remote_promise(std::shared_ptr<remote_call> of) noexcept : of_(std::move(of)) {}
    remote_promise(remote_promise&&) noexcept = default;
    remote_promise& operator=(remote_promise&&) = delete;
    ~remote_promise() {
        if (of_ == nullptr) return;
        of_->end(
            std::make_exception_ptr(runtime_error("the other loop has ended before the task")));
    }
    [[nodiscard]] remote_call& operator*() const noexcept { return *of_; }

private:
    std::shared_ptr<remote_call> of_;
};

/// The wait for a remote_call, in the loop that asked.
class remote_awaiter final : thread_waiter {
public:
    explicit remote_awaiter(std::shared_ptr<remote_call> const& of) noexcept
        : thread_waiter(&react_to), of_(of) {}
    ~remote_awaiter();

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
        suspended = self; // before another thread may wake it
        {
            std::lock_guard const lock(of_->mutex);
            if (of_->done) return self;
            of_->askers.push_back(*this);
        }
        return suspend(self, *this);
    }
    void await_resume() const {
        throw_if_cancelled(*this);
        if (of_->error) std::rethrow_exception(of_->error);
    }

private:
    static bool react_to(waiter& self, signal reason) noexcept;

    std::shared_ptr<remote_call> const& of_; ///< in the frame that awaits
};

template <class T>
coroutine<T> remote_result(std::shared_ptr<remote_value<T>> of) {
    std::shared_ptr<remote_call> const call = of;
    co_await remote_awaiter(call);
    if constexpr (!std::is_void_v<T>) co_return *std::move(of->value);
}

template <class T, class F, class... A>
coroutine<> remote_body(remote_promise promise, std::shared_ptr<remote_value<T>> of, F f,
                        A... arguments) {
    auto& call = *promise;
    try {
        auto body = std::invoke(f, std::move(arguments)...);
        if constexpr (std::is_void_v<T>) {
            co_await std::move(body);
            of->value.emplace();
        } else {
            of->value.emplace(co_await std::move(body));
        }
        call.end(nullptr);
    } catch (...) {
        call.end(std::current_exception()); // a cancelled_error too: who waits gets it
    }
}

template <class F, class... A>
using remote_body_value = typename std::invoke_result_t<F&, A&&...>::value_type;

} // namespace detail

/// Runs `f(arguments...)`, a coroutine function, as a task of another loop, or of this one: it is
/// called in that loop's thread, at once, and what it gives or throws comes back to the task that
/// is returned. The function and the arguments are moved there; references do not go along.
///
/// Cancelling the returned task ends it at once and cancels the task over there. If that loop is
/// closed before, it fails with runtime_error. Throws runtime_error if it is closed already.
template <class F, class... A>
[[nodiscard]] auto spawn_on(loop& on, F f, A... arguments)
    -> task<detail::remote_body_value<F, A...>> {
    using value = detail::remote_body_value<F, A...>;
    auto& here = loop::running();
    auto const call = std::make_shared<detail::remote_value<value>>(on);
    auto result = detail::remote_result<value>(call);
    auto start = [promise = detail::remote_promise(call), call, f = std::move(f),
                  ... arguments = std::move(arguments)]() mutable {
        auto body = detail::remote_body<value>(std::move(promise), call, std::move(f),
                                               std::move(arguments)...);
        call->task = static_cast<detail::task_core*>(create_task(std::move(body)).core());
    };
    on.call_soon_threadsafe(std::move(start));
    return here.create_task(std::move(result));
}

} // namespace siding
