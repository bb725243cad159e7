// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/detail/grant.hpp"
#include "siding/detail/mortal.hpp"
#include "siding/lock.hpp"

#include <cstddef>
#include <limits>

namespace siding {

/// asyncio.Condition: wait, with a lock held, until another notifies.
class condition : public detail::mortal {
public:
    condition() noexcept : lock_(own_) {}
    /// With a lock that others use too. Throws runtime_error once that has ended.
    explicit condition(lock& shared) noexcept : lock_(shared) {}
    condition(condition const&) = delete;
    condition& operator=(condition const&) = delete;

    [[nodiscard]] bool locked() const { return its_lock().locked(); }
    [[nodiscard]] auto acquire() { return its_lock().acquire(); }
    [[nodiscard]] auto scoped() { return its_lock().scoped(); }
    void release() { its_lock().release(); }

    /// Releases the lock, waits for a notification, takes the lock again, also when cancelled.
    /// Throws runtime_error if the lock is not held.
    [[nodiscard]] coroutine<> wait();
    /// Waits until `predicate()` is true; returns its value.
    template <class Predicate>
    [[nodiscard]] coroutine<std::invoke_result_t<Predicate&>> wait_for(Predicate predicate) {
        auto result = predicate();
        while (!result) {
            co_await wait();
            result = predicate();
        }
        co_return result;
    }
    /// Wakes at most `count`. Throws runtime_error if the lock is not held.
    void notify(std::size_t count = 1);
    void notify_all() { notify(std::numeric_limits<std::size_t>::max()); }

private:
    class notified_awaiter final : detail::grant_waiter {
    public:
        explicit notified_awaiter(condition& of) noexcept : grant_waiter(of.waiters_) {}
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        using grant_waiter::await_suspend;
        void await_resume() {
            static_cast<void>(leave("condition"));
            detail::throw_if_cancelled(*this);
        }
    };

    [[nodiscard]] lock& its_lock() const {
        auto* const it = lock_.get();
        if (it == nullptr) [[unlikely]]
            throw runtime_error("the lock of the condition has been destroyed");
        return *it;
    }

    void wake(std::size_t count);

    lock own_;
    detail::reference_to<lock> lock_;
    detail::waiting_line waiters_;
};

} // namespace siding
