// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/detail/grant.hpp"
#include "siding/detail/mortal.hpp"

#include <exception>
#include <utility>

namespace siding {

/// Calls release() of what it holds at the end of a scope: `async with`. If that fails, because the
/// scope has released it already, the loop's exception handler gets the error: a destructor cannot
/// throw. What has ended before is not released.
template <class Lockable>
class [[nodiscard]] guard {
public:
    explicit guard(Lockable& held) noexcept : held_(held) {}
    guard(guard&& other) noexcept = default;
    guard& operator=(guard&&) = delete;
    ~guard() {
        auto* const held = held_.get();
        if (held == nullptr) return;
        try {
            held->release();
        } catch (std::exception const&) {
            // A frame that is destroyed while it waits on a condition does not hold its lock.
            auto* const home = detail::loop_core::of_this_thread();
            if (home != nullptr && home->is_running()) {
                home->call_exception_handler({"Release failed", std::current_exception()});
            }
        }
    }

private:
    detail::reference_to<Lockable> held_;
};

/// asyncio.Lock: first come, first served. A free lock is taken without suspending.
class lock : public detail::mortal {
public:
    lock() = default;
    lock(lock const&) = delete;
    lock& operator=(lock const&) = delete;

    [[nodiscard]] bool locked() const noexcept { return locked_; }

    /// `co_await l.acquire()`. Cancelled: the lock goes to the next.
    [[nodiscard]] auto acquire() noexcept { return acquire_awaiter(*this); }
    /// `auto const held = co_await l.scoped();` releases at the end of the scope.
    [[nodiscard]] auto scoped() noexcept { return scoped_awaiter(*this); }
    /// Throws runtime_error if it is not locked.
    void release() {
        if (!locked_) throw runtime_error("Lock is not acquired.");
        locked_ = false;
        wake_first();
    }

private:
    class acquire_awaiter : detail::grant_waiter {
    public:
        explicit acquire_awaiter(lock& of) noexcept : grant_waiter(of.waiters_), of_(of) {}
        [[nodiscard]] bool await_ready() noexcept {
            if (of_.locked_ || !detail::all_cancelled(of_.waiters_)) return false;
            of_.locked_ = true;
            return true;
        }
        using grant_waiter::await_suspend;
        void await_resume() {
            if (!leave("lock")) return; // taken at once
            if (detail::was_cancelled(*this) && !of_.locked_) of_.wake_first();
            detail::throw_if_cancelled(*this);
            of_.locked_ = true;
        }

    protected:
        lock& of_;
    };
    class scoped_awaiter final : public acquire_awaiter {
    public:
        using acquire_awaiter::acquire_awaiter;
        guard<lock> await_resume() {
            acquire_awaiter::await_resume();
            return guard<lock>(of_);
        }
    };

    void wake_first() {
        if (waiters_.empty()) return;
        auto& first = static_cast<detail::grant_waiter&>(*waiters_.front());
        if (first.pending()) first.grant();
    }

    bool locked_ = false;
    detail::waiting_line waiters_;
};

} // namespace siding
