// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/config.hpp"
#include "siding/par/worker.hpp"

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace siding {

template <class T = void>
class par;

namespace detail::fork_join {

template <class T>
struct promise_of;
template <class T, ending Way>
struct promise;

template <class T>
struct call_awaiter;
template <class T>
struct fork_awaiter;

template <ending Way>
struct final_awaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> ended) noexcept {
        frame& self = ended.promise();
        if (self.steals != 0) [[unlikely]]
            return transfer(end_at_join(self));
        return transfer(end<Way>(self));
    }
    void await_resume() const noexcept {}
};

struct join_awaiter {
    explicit join_awaiter(frame& f) noexcept : self(f) {}
    join_awaiter(join_awaiter const&) = delete;
    join_awaiter& operator=(join_awaiter const&) = delete;

    /// Not stolen since the last join: each forked child has ended before this went on.
    [[nodiscard]] bool await_ready() const noexcept { return self.steals == 0; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        return transfer(wait_for_children(self));
    }
    void await_resume() const {
        if (self.has_failed()) [[unlikely]]
            self.rethrow_failure();
    }
    frame& self;
};

} // namespace detail::fork_join

/// Words for `co_await` in a `par`.
struct join_children {};

template <class T>
class SIDING_DETAIL_IN_REGISTER forked_child {
public:
    forked_child(T* to, par<T>&& child) noexcept : to_(to), child_(std::move(child)) {}
    forked_child(forked_child&&) noexcept = default;
    forked_child& operator=(forked_child&&) = delete;

private:
    friend struct detail::fork_join::fork_awaiter<T>;
    T* to_;
    par<T> child_;
};

/// `co_await fork(slot, f(x))`: f runs now, and what follows may be taken up by another thread
/// meanwhile. The slot has the value after `co_await join()`, in the same body. Its type must be
/// trivially destructible: a body that is left by an exception waits for its children, which may
/// still write their slots.
template <class T>
requires std::is_trivially_destructible_v<T>
[[nodiscard]] forked_child<T> fork(T& slot, par<T> child) {
    return forked_child<T>(&slot, std::move(child));
}
[[nodiscard]] inline forked_child<void> fork(par<void> child);

/// `co_await join()`: until all children forked by this body have ended. Rethrows the first failure
/// among them; the others are dropped.
[[nodiscard]] inline join_children join() noexcept { return {}; }

/// A computation that forks and joins, for a `par_pool`. Lazy: it runs when it is awaited (a call)
/// or forked, in the expression that makes it. In its body only `par`, `fork` and `join` can be
/// awaited. It may go on in another thread after each of them. A failure of a child comes out of
/// the next `co_await` of a call or join.
template <class T>
class SIDING_DETAIL_IN_REGISTER par {
public:
    explicit par(detail::fork_join::promise_of<T>& made) noexcept : frame_(&made) {}
    par(par&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    par& operator=(par&&) = delete;
    ~par() {
        if (frame_ != nullptr) frame_->handle().destroy();
    }

    /// In a coroutine of a loop it would block that.
    template <class U = T>
    detail::misuse operator co_await() && {
        static_assert(detail::never<U>,
                      "a par runs on a pool: co_await pool.run(f, arguments...), f being the "
                      "function that makes it");
        return {};
    }
    /// For awaiters and the pool: the frame, which is theirs now.
    [[nodiscard]] detail::fork_join::promise_of<T>& release() noexcept {
        return *std::exchange(frame_, nullptr);
    }

private:
    detail::fork_join::promise_of<T>* frame_;
};

namespace detail::fork_join {

struct promise_base : frame {
    static void* operator new(std::size_t bytes) { return this_worker.frames.allocate(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept {
        this_worker.frames.free(memory, bytes);
    }

    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { parent->keep_failure(std::current_exception()); }

    [[nodiscard]] join_awaiter await_transform(join_children) noexcept {
        return join_awaiter(*this);
    }
    template <class U>
    [[nodiscard]] call_awaiter<U> await_transform(handed_over<par<U>> child) noexcept {
        return call_awaiter<U>(*this, child.release());
    }
    template <class U>
    [[nodiscard]] fork_awaiter<U> await_transform(handed_over<forked_child<U>> child) noexcept {
        return fork_awaiter<U>(*this, child);
    }
};

template <class T>
struct promise_of : promise_base {
    [[nodiscard]] par<T> get_return_object() noexcept { return par<T>(*this); }
    void return_value(T value) noexcept(std::is_nothrow_move_assignable_v<T>) {
        *static_cast<T*>(this->result) = std::move(value);
    }
};
template <>
struct promise_of<void> : promise_base {
    [[nodiscard]] par<void> get_return_object() noexcept { return par<void>(*this); }
    void return_void() const noexcept {}
};

template <class T, ending Way>
struct promise : promise_of<T> {
    [[nodiscard]] final_awaiter<Way> final_suspend() const noexcept { return {}; }
};

struct nothing {};

template <class T>
struct call_awaiter {
    using value_type = std::conditional_t<std::is_void_v<T>, nothing, T>;

    call_awaiter(frame& caller, promise_of<T>& callee) noexcept : self(caller), child(callee) {}
    call_awaiter(call_awaiter const&) = delete;
    call_awaiter& operator=(call_awaiter const&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        child.parent = &self;
        child.result = &value;
        return transfer(child.handle());
    }
    T await_resume() {
        if (self.has_failed()) [[unlikely]]
            self.rethrow_failure();
        if constexpr (!std::is_void_v<T>) return std::move(value);
    }

    frame& self;
    promise_of<T>& child;
    [[no_unique_address]] value_type value{};
};

template <class T>
struct fork_awaiter {
    fork_awaiter(frame& forking, forked_child<T>& forked) noexcept
        : self(forking), child(forked.child_.release()) {
        child.result = forked.to_;
    }
    fork_awaiter(fork_awaiter const&) = delete;
    fork_awaiter& operator=(fork_awaiter const&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        return fork_to(self, child);
    }
    void await_resume() const noexcept {}

    frame& self;
    promise_of<T>& child;
};

} // namespace detail::fork_join

/// A child without a value.
[[nodiscard]] inline forked_child<void> fork(par<void> child) {
    return forked_child<void>(nullptr, std::move(child));
}

} // namespace siding

template <class T, class... Parameters>
struct std::coroutine_traits<siding::par<T>, Parameters...> {
    using promise_type =
        siding::detail::fork_join::promise<T, (std::is_trivially_destructible_v<Parameters> && ...)
                                                  ? siding::detail::fork_join::ending::only_frees
                                                  : siding::detail::fork_join::ending::destroys>;
};
