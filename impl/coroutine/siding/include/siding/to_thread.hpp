// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/executor.hpp"
#include "siding/future.hpp"

#include <atomic>
#include <concepts>
#include <functional>
#include <future>
#include <memory>
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
    thread_call(loop& owner, F function) : callback(owner), function_(std::move(function)) {
        home.expect_call_from_thread();
    }
    ~thread_call() { home.call_from_thread_ended(); }

    [[nodiscard]] future<R> start(executor& on) {
        auto const made = future<R>(*new state_type(abandoned_));
        state_ = made;
        on.submit(*this);
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
        static bool cancel_call(plain_core& self, std::string_view message) {
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
    auto* const call = new detail::thread_call<F, result>(loop::running(), std::move(f));
    return call->start(on);
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

/// asyncio.run_coroutine_threadsafe: from another thread, runs the coroutine as a task of `on`.
template <class T>
[[nodiscard]] std::future<T> run_coroutine_threadsafe(coroutine<T> body, loop& on) {
    auto promised = std::make_shared<std::promise<T>>();
    auto result = promised->get_future();
    on.call_soon_threadsafe([&on, promised, kept = std::move(body)]() mutable {
        auto const task = on.create_task(std::move(kept));
        task.add_done_callback([promised](any_future const& done) {
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
    return result;
}

} // namespace siding
