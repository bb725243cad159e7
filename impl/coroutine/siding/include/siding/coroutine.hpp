// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/future_core.hpp"
#include "siding/loop.hpp"

#include <concepts>
#include <coroutine>
#include <memory>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

/// Room for a result; alive while the state is `finished`.
template <class T>
union storage {
    storage() noexcept {}
    storage(storage const&) = delete;
    storage& operator=(storage const&) = delete;
    ~storage() {}

    T value;
};
struct nothing {};

struct final_awaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> self) const noexcept {
        auto& promise = self.promise();
        if (promise.has(future_core::is_task)) return end_task(promise);
        return loop_core::of_this_thread()->transfer_to(promise.continuation);
    }
    void await_resume() const noexcept {}

private:
    template <class Promise>
    [[gnu::noinline]] static std::coroutine_handle<> end_task(Promise& promise) noexcept {
        auto& home = *loop_core::of_this_thread();
        promise.heed_late_cancel();
        home.finish(promise); // the frame may be gone
        return home.leave();
    }
};

template <class T>
struct promise_common : task_core {
    promise_common() noexcept : task_core(in_place_only) {}

    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] final_awaiter final_suspend() const noexcept { return {}; }

#if defined(__clang__)
    /// Hands on what is awaited, for the one sentence about numbers and pointers: no instruction
    /// more. g++ 12 would copy what comes back by reference, so there its own error has to do.
    template <class A>
    [[nodiscard]] static constexpr decltype(auto) await_transform(A&& awaited) noexcept {
        if constexpr (std::is_scalar_v<std::remove_cvref_t<A>>) {
            static_assert(never<A>, "co_await takes what can be awaited: coroutines, tasks, "
                                    "futures, sleep(1s) for a time");
            return misuse();
        } else {
            return static_cast<A&&>(awaited);
        }
    }
#endif

    static void* operator new(std::size_t bytes) { return pool::allocate(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
        pool::free(frame, bytes);
    }
};

} // namespace detail

/// The promise of coroutine<T>; only the compiler names it.
template <class T>
struct promise final : detail::promise_common<T> {
    static_assert(std::is_object_v<T> && std::move_constructible<T>,
                  "the result of a coroutine is moved to who awaits it: no references (return a "
                  "pointer), nothing that cannot be moved (return a std::unique_ptr)");
    promise() noexcept { static_assert(alignof(promise) <= 16, "results of at most 16 alignment"); }
    ~promise() { drop_value(); }

    coroutine<T> get_return_object() noexcept;

    template <class U = T>
    requires std::constructible_from<T, U&&>
    void return_value(U&& value) {
        ::new (static_cast<void*>(std::addressof(result.value))) T(std::forward<U>(value));
        this->now = detail::state::finished;
    }
    void unhandled_exception() noexcept {
        drop_value(); // a destructor threw after co_return
        this->fail();
    }
    void drop_value() noexcept {
        if (this->now == detail::state::finished) result.value.~T();
    }
    /// A task that was cancelled while it ran, and then returned, is cancelled all the same.
    void heed_late_cancel() noexcept {
        if (!this->has(detail::future_core::must_cancel)) [[likely]] {
            return;
        }
        if (this->now != detail::state::finished) return;
        drop_value();
        ::new (&this->failure) std::exception_ptr();
        this->now = detail::state::cancelled;
    }
    [[nodiscard]] T& value() noexcept { return result.value; }
    [[nodiscard]] T take() { return std::move(result.value); }

    [[no_unique_address]] detail::storage<T> result;
};

template <>
struct promise<void> final : detail::promise_common<void> {
    coroutine<void> get_return_object() noexcept;
    void return_void() noexcept { now = detail::state::finished; }
    void unhandled_exception() noexcept { fail(); }
    void heed_late_cancel() noexcept {
        if (!has(detail::future_core::must_cancel) || now != detail::state::finished) return;
        ::new (&failure) std::exception_ptr();
        now = detail::state::cancelled;
    }
    void take() const noexcept {}
};

namespace detail {

/// `co_await some_coroutine()`: starts it in place, in the same task, without a trip through the
/// loop. Owns the frame, so that a coroutine cannot be awaited twice.
template <class T>
class coroutine_awaiter : frame_owner {
public:
    explicit coroutine_awaiter(std::coroutine_handle<promise<T>> child) noexcept
        : frame_owner{child} {}
    coroutine_awaiter(coroutine_awaiter const&) = delete;
    coroutine_awaiter& operator=(coroutine_awaiter const&) = delete;
    ~coroutine_awaiter() { frame.destroy(); }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> parent) noexcept {
        auto& mine = child().promise();
        mine.continuation = parent;
        mine.owner = this;
        mine.root = &parent.promise().task();
        return loop_core::of_this_thread()->transfer_to(frame);
    }
    T await_resume() {
        auto& mine = child().promise();
        if (mine.now != state::finished) [[unlikely]]
            mine.rethrow_failure();
        return mine.take();
    }

private:
    [[nodiscard]] std::coroutine_handle<promise<T>> child() const noexcept {
        return std::coroutine_handle<promise<T>>::from_address(frame.address());
    }
};

} // namespace detail

/// Is told of every coroutine object that is destroyed although nobody awaited it or made a task of
/// it. `code` is where its body begins, for addr2line.
using never_awaited_handler = void (*)(void const* code) noexcept;

/// Sets the handler of the process and returns the one before; nullptr, the default: none. Off, it
/// costs nothing but where an object is dropped. Thread-safe.
never_awaited_handler set_never_awaited_handler(never_awaited_handler handler) noexcept;

/// A handler that reports as asyncio warns: "coroutine was never awaited", to the exception handler
/// of this thread's loop, or to standard error.
void report_never_awaited(void const* code) noexcept;

namespace detail {
[[noreturn, gnu::cold]] void throw_reused();
/// Destroys the frame, and tells the handler.
void drop_never_awaited(std::coroutine_handle<> frame) noexcept;
} // namespace detail

/// asyncio's coroutine object: a call that has not begun. Await it (once, as an rvalue) to run it
/// in place, or make a task of it. Dropped without either, its body never runs.
template <class T>
class [[nodiscard]] coroutine {
public:
    using promise_type = promise<T>;
    using value_type = T;

    coroutine(coroutine&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    coroutine& operator=(coroutine&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~coroutine() {
        if (frame_) detail::drop_never_awaited(frame_);
    }

    // An object is one call, so it is awaited once: `co_await f()` or `co_await std::move(c)`.
    void operator co_await() & = delete;
    [[nodiscard]] detail::coroutine_awaiter<T> operator co_await() && {
        if (!frame_) [[unlikely]]
            detail::throw_reused();
        return detail::coroutine_awaiter<T>(release());
    }

    explicit operator bool() const noexcept { return static_cast<bool>(frame_); }
    [[nodiscard]] std::coroutine_handle<promise_type> frame() const noexcept { return frame_; }
    /// Gives up the frame. For create_task.
    [[nodiscard]] std::coroutine_handle<promise_type> release() noexcept {
        return std::exchange(frame_, nullptr);
    }

private:
    friend promise<T>;
    explicit coroutine(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

template <class T>
coroutine<T> promise<T>::get_return_object() noexcept {
    return coroutine<T>(std::coroutine_handle<promise<T>>::from_promise(*this));
}

inline coroutine<void> promise<void>::get_return_object() noexcept {
    return coroutine<void>(std::coroutine_handle<promise<void>>::from_promise(*this));
}

} // namespace siding
