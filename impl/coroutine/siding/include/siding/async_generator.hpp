// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"

#include <concepts>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace siding {

/// An asynchronous generator of Python (`async def` with `yield`): its body awaits as a coroutine
/// does and yields values to who asks for them.
///
///     for (auto item = co_await numbers.next(); item; item = co_await numbers.next()) use(*item);
///
/// Between two values the body is suspended; it runs in the task that awaits `next`, so a
/// cancellation of that task is thrown at the body's await. Dropped half-way, the body is destroyed
/// where it stands (Python's aclose(): destructors run, but cannot await), or, while somebody
/// awaits `next`, behind that. Move-only. For the loop's thread alone. Source: PEP 525.
template <class T>
class [[nodiscard]] async_generator {
public:
    class next_awaiter;

    class promise_type final : public detail::promise_common<T> {
    public:
        promise_type() noexcept {
            static_assert(alignof(promise_type) <= 16, "values of at most 16 alignment");
            this->clear(detail::future_core::in_place_only); // its frame is the generator's
        }
        async_generator get_return_object() {
            return async_generator(std::coroutine_handle<promise_type>::from_promise(*this));
        }

        /// Hands the value to who awaits `next`, and control.
        struct yield_awaiter {
            [[nodiscard]] bool await_ready() const noexcept { return false; }
            std::coroutine_handle<>
            await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
                auto& home = *detail::loop_core::of_this_thread();
                return home.transfer_to(self.promise().continuation);
            }
            void await_resume() const noexcept {}
        };
        [[nodiscard]] yield_awaiter final_suspend() const noexcept { return {}; }
        template <class U>
        requires std::constructible_from<T, U&&> yield_awaiter yield_value(U&& value) {
            value_.emplace(std::forward<U>(value));
            return {};
        }
        void return_void() noexcept { this->now = detail::state::finished; }
        void unhandled_exception() noexcept { this->fail(); }

    private:
        friend next_awaiter;
        std::optional<T> value_;
    };

    async_generator(async_generator&&) noexcept = default;
    async_generator& operator=(async_generator&&) noexcept = default;
    ~async_generator() = default;

    /// `co_await g.next()`: runs the body, in place, to its next value; nullopt at its end and ever
    /// after. Throws what the body throws, and then it has ended; runtime_error while another task
    /// awaits `next`.
    [[nodiscard]] next_awaiter next() noexcept { return next_awaiter(body_); }

private:
    /// The frame, which is the generator's, and of who awaits `next` as long as that lasts: the
    /// generator may be dropped meanwhile.
    struct body {
        explicit body(std::coroutine_handle<> its) noexcept : frame(its) {}
        body(body const&) = delete;
        body& operator=(body const&) = delete;
        ~body() { this->frame.destroy(); }
        [[nodiscard]] promise_type& promise() const noexcept {
            return std::coroutine_handle<promise_type>::from_address(this->frame.address())
                .promise();
        }
        std::coroutine_handle<> frame;
        bool is_running = false;
    };

public:
    class next_awaiter {
    public:
        explicit next_awaiter(std::shared_ptr<body> of) noexcept : body_(std::move(of)) {}
        next_awaiter(next_awaiter const&) = delete;
        next_awaiter& operator=(next_awaiter const&) = delete;
        ~next_awaiter() {
            if (runs_it_) body_->is_running = false;
        }

        [[nodiscard]] bool await_ready() const {
            if (body_->is_running) {
                throw runtime_error("anext(): asynchronous generator is already running");
            }
            return body_->promise().done();
        }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> asker) noexcept {
            auto& mine = body_->promise();
            body_->is_running = runs_it_ = true;
            mine.continuation = asker;
            mine.root = &asker.promise().task();
            return detail::loop_core::of_this_thread()->transfer_to(body_->frame);
        }
        std::optional<T> await_resume() {
            auto& mine = body_->promise();
            if (runs_it_ && mine.done() && mine.now != detail::state::finished) {
                std::rethrow_exception(mine.failure);
            }
            return std::exchange(mine.value_, std::nullopt);
        }

    private:
        std::shared_ptr<body> body_;
        bool runs_it_ = false;
    };

private:
    explicit async_generator(std::coroutine_handle<> frame)
        : body_(std::make_shared<body>(frame)) {}

    std::shared_ptr<body> body_;
};

} // namespace siding
