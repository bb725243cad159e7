// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/detail/future_core.hpp"
#include "siding/loop.hpp"
#include "siding/outcome.hpp"

#include <concepts>
#include <exception>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace siding {

/// Names a done callback, to remove it.
enum class done_callback_id : std::uint64_t {};

/// A future or task of which the result type is not known. A counted reference; copying it copies
/// the reference. For the loop's thread only.
class any_future {
public:
    any_future() = default;
    explicit any_future(detail::future_core& core) noexcept : core_(&core) { core.add_reference(); }
    any_future(any_future const& other) noexcept : core_(other.core_) {
        if (core_ != nullptr) core_->add_reference();
    }
    any_future(any_future&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    any_future& operator=(any_future other) noexcept {
        std::swap(core_, other.core_);
        return *this;
    }
    ~any_future() {
        if (core_ != nullptr) core_->drop_reference();
    }

    [[nodiscard]] bool done() const noexcept { return core_->done(); }
    [[nodiscard]] bool cancelled() const noexcept { return core_->now == detail::state::cancelled; }
    /// Requests cancellation; false if done. For a task see any_task.
    bool cancel(std::string_view message = {}) const {
        core_->expect_this_loop();
        return core_->cancel(message);
    }
    /// nullptr if there is a result. Throws cancelled_error or invalid_state_error (pending).
    [[nodiscard]] std::exception_ptr exception() const { return core_->exception(); }

    /// Calls `f(any_future)` through the ready queue once done, in the context of the caller.
    template <std::invocable<any_future> F>
    done_callback_id add_done_callback(F&& f) const;
    /// True if it was still to be called, and now will not.
    bool remove_done_callback(done_callback_id id) const noexcept;

    explicit operator bool() const noexcept { return core_ != nullptr; }
    friend bool operator==(any_future const&, any_future const&) noexcept = default;
    [[nodiscard]] detail::future_core* core() const noexcept { return core_; }
    /// Gives up the reference, which the caller has now.
    [[nodiscard]] detail::future_core* release() noexcept { return std::exchange(core_, nullptr); }

protected:
    detail::future_core* core_ = nullptr;
};

namespace detail {

/// A plain future with room for a T.
template <class T>
struct future_state : plain_core, pool::pooled {
    explicit future_state(plain_behaviour const& kind = ordinary) noexcept : plain_core(kind) {}
    ~future_state() {
        if (now == state::finished) result.value.~T();
    }
    template <class U>
    void emplace(U&& value) {
        ::new (static_cast<void*>(std::addressof(result.value))) T(std::forward<U>(value));
    }

    static void dispose(plain_core& self) noexcept { delete static_cast<future_state*>(&self); }
    static constexpr plain_behaviour ordinary{&dispose};
    [[no_unique_address]] storage<T> result;
};

template <>
struct future_state<void> : plain_core, pool::pooled {
    explicit future_state(plain_behaviour const& kind = ordinary) noexcept : plain_core(kind) {}
    static void dispose(plain_core& self) noexcept { delete static_cast<future_state*>(&self); }
    static constexpr plain_behaviour ordinary{&dispose};
};

/// The result of a finished future or task.
template <class T>
[[nodiscard]] T& value_of(future_core& core) noexcept {
    return core.has(future_core::is_task) ? static_cast<promise<T>&>(core).result.value
                                          : static_cast<future_state<T>&>(core).result.value;
}

/// Awaits a future or task, which lives until the wait has ended.
struct future_wait : linked_waiter {
    explicit future_wait(future_core& awaited) noexcept : linked_waiter(&react_to), core(awaited) {}
    ~future_wait() {
        if (suspended) end();
    }

    [[nodiscard]] bool await_ready() const noexcept { return core.done(); }
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> self) {
        if (!core.is_of_this_loop()) [[unlikely]]
            throw_other_loop();
        core.add_reference();
        return stand_in_line(self);
    }
    /// The wait has a reference to the future, and is of its loop.
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    stand_in_line(std::coroutine_handle<Promise> self) {
        if (&core == &self.promise().task()) [[unlikely]] {
            return suspend_for_a_turn(self, *this); // a task that awaits itself: see check()
        }
        core.callbacks.push_back(*this);
        return suspend(self, *this);
    }
    void check() const {
        if (was_cancelled(*this)) [[unlikely]] {
            throw_cancelled_or_outcome();
        }
        if (!core.done()) [[unlikely]]
            throw_circle();
        core.check_result();
    }
    /// Gives up the future.
    void end() noexcept {
        if (linked()) core.callbacks.erase(*this);
        if (react != &ended_reaction) core.drop_reference();
    }

    /// We are cancelled; but if what we waited for is done, it counts as looked at, and should it
    /// have been cancelled too, its message is the one that we throw.
    [[noreturn]] void throw_cancelled_or_outcome() const;
    [[noreturn]] static void throw_other_loop();
    /// The task awaits itself, or others that await it.
    [[noreturn]] void throw_circle() const;
    /// Cancelling who waits cancels what it waits for; that wakes us when it is done.
    /// (src/cancel.cpp goes from wait to wait by itself: chains of them may be long.)
    static bool react_to(waiter& self, signal reason) noexcept;
    /// Of a wait whose loop has ended.
    static bool ended_reaction(waiter& self, signal reason) noexcept;

    future_core& core;
};

/// Of an lvalue: the result stays, for there may be others who wait.
template <class T>
struct future_awaiter final : future_wait {
    using future_wait::future_wait;
    std::add_lvalue_reference_t<T const> await_resume() const {
        check();
        if constexpr (!std::is_void_v<T>) return value_of<T>(core);
    }
};

/// Of an rvalue: moves the result out if this was the last handle.
template <class T>
struct last_future_awaiter final : future_wait {
    explicit last_future_awaiter(any_future&& handle) noexcept : future_wait(*handle.release()) {}
    ~last_future_awaiter() {
        if (!suspended) core.drop_reference(); // else the wait has it
    }
    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> self) {
        if (!core.is_of_this_loop()) [[unlikely]]
            throw_other_loop();
        return stand_in_line(self);
    }
    T await_resume() {
        check();
        if constexpr (!std::is_void_v<T>) {
            if (core.references == 1u) return std::move(value_of<T>(core));
            if constexpr (std::is_copy_constructible_v<T>) {
                return value_of<T>(core);
            } else {
                throw invalid_state_error("a result that cannot be copied has several owners");
            }
        }
    }
};

/// Of `settled`: waits, and does not throw what the future ended by.
template <class T>
class settled_awaiter final : future_wait {
public:
    explicit settled_awaiter(any_future handle) noexcept
        : future_wait(*handle.core()), keep_(std::move(handle)) {}
    using future_wait::await_ready;
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) {
        requests_ = self.promise().task().cancel_requests;
        return future_wait::await_suspend(self);
    }
    [[nodiscard]] outcome<T> await_resume() const {
        if (was_cancelled(*this)) [[unlikely]]
            throw_cancelled_or_outcome();
        if (!core.done()) [[unlikely]]
            throw_circle();
        core.clear(future_core::log_exception);
        if (core.now == state::finished) return value();
        if (core.now == state::failed) return outcome<T>(core.error());
        // Who waits was cancelled, and so was what it waited for: that is no outcome.
        if (suspended && running_task()->cancel_requests > requests_) core.throw_no_result();
        return outcome<T>(cancelled_t{});
    }

private:
    [[nodiscard]] outcome<T> value() const {
        if constexpr (std::is_void_v<T>) {
            return outcome<T>(none{});
        } else {
            return outcome<T>(value_of<T>(core));
        }
    }

    any_future keep_;
    std::uint16_t requests_ = 0;
};

template <class F>
struct done_callback final : callback {
    template <class G>
    done_callback(loop_core& owner, future_core& of, G&& g)
        : callback(owner), function(std::forward<G>(g)), subject(&of) {}
    void invoke() override { std::invoke(function, any_future(*subject)); }
    void own_subject() noexcept override { owned = any_future(*subject); }

    F function;
    future_core* subject; ///< borrowed while pending, or a cycle would keep the future alive
    any_future owned;
};

void add_done_callback(future_core& core, callback& call);

} // namespace detail

/// asyncio.Future: a result that somebody will set. Also the handle to a task as a future.
template <class T>
class future : public any_future {
public:
    using value_type = T;

    future() = default;
    explicit future(detail::future_core& core) noexcept : any_future(core) {}

    /// Throws what the future failed with, cancelled_error, or invalid_state_error if pending.
    [[nodiscard]] std::add_lvalue_reference_t<T const> result() const {
        core_->check_result();
        if constexpr (!std::is_void_v<T>) return detail::value_of<T>(*core_);
    }

    /// Wakes who waits, through the ready queue. Throws invalid_state_error if done, runtime_error
    /// if this is a task.
    template <class... U>
    requires(std::is_void_v<T> ? sizeof...(U) == 0
                               : sizeof...(U) == 1) void set_result(U&&... value) const {
        settable();
        if constexpr (!std::is_void_v<T>) {
            static_cast<detail::future_state<T>&>(*core_).emplace(std::forward<U>(value)...);
        }
        core_->now = detail::state::finished;
        core_->schedule_callbacks();
    }
    void set_exception(std::exception_ptr error) const {
        settable();
        static_cast<detail::plain_core&>(*core_).failure = std::move(error);
        core_->now = detail::state::failed;
        core_->set(detail::future_core::log_exception);
        core_->schedule_callbacks();
    }
    template <class E>
    requires(!std::same_as<std::decay_t<E>, std::exception_ptr>) void set_exception(
        E&& error) const {
        set_exception(std::make_exception_ptr(std::forward<E>(error)));
    }

    /// `co_await t.settled()` waits and gives an `outcome<T>`: the result, or the exception that it
    /// ended by, which is not thrown. A cancellation costs half as much so.
    [[nodiscard]] auto settled() const { return detail::settled_awaiter<T>(*this); }

    [[nodiscard]] auto operator co_await() const& { return detail::future_awaiter<T>(*core_); }
    [[nodiscard]] auto operator co_await() && {
        return detail::last_future_awaiter<T>(std::move(*this));
    }

private:
    void settable() const {
        if (core_->has(detail::future_core::is_task)) {
            throw runtime_error("Task does not support set_result operation");
        }
        if (core_->done()) throw invalid_state_error("invalid state");
        core_->expect_this_loop();
    }
};

template <std::invocable<any_future> F>
done_callback_id any_future::add_done_callback(F&& f) const {
    auto* const home = detail::loop_core::of_this_thread();
    if (home == nullptr) throw runtime_error("no event loop");
    core_->expect_this_loop();
    auto* const call =
        new detail::done_callback<std::decay_t<F>>(*home, *core_, std::forward<F>(f));
    detail::add_done_callback(*core_, *call);
    return done_callback_id{call->id};
}

template <class T>
future<T> loop::create_future() {
    future<T> made(*new detail::future_state<T>);
    made.core()->serial_or_details = mark(); // which may not be the newest loop of this thread
    return made;
}

} // namespace siding

template <>
struct std::hash<siding::any_future> {
    std::size_t operator()(siding::any_future const& f) const noexcept {
        return std::hash<void const*>{}(f.core());
    }
};
