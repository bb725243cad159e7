// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/grant.hpp"
#include "siding/lock.hpp"

#include <cstddef>

namespace siding {

/// asyncio.Semaphore: a number of permits, first come, first served; nobody overtakes who waits.
class semaphore : public detail::mortal {
public:
    /// Throws value_error if negative.
    explicit semaphore(std::ptrdiff_t value = 1) : value_(value) {
        if (value < 0) throw value_error("Semaphore initial value must be >= 0");
    }
    semaphore(semaphore const&) = delete;
    semaphore& operator=(semaphore const&) = delete;
    virtual ~semaphore() = default;

    /// acquire() would have to wait.
    [[nodiscard]] bool locked() const noexcept {
        return value_ == 0 || !detail::all_cancelled(waiters_);
    }
    /// `co_await s.acquire()`. Cancelled: the permit goes to the next.
    [[nodiscard]] auto acquire() noexcept { return acquire_awaiter(*this); }
    [[nodiscard]] auto scoped() noexcept { return scoped_awaiter(*this); }
    virtual void release() {
        ++value_;
        wake_next();
    }

protected:
    std::ptrdiff_t value_;

private:
    class acquire_awaiter : detail::grant_waiter {
    public:
        explicit acquire_awaiter(semaphore& of) noexcept : grant_waiter(of.waiters_), of_(of) {}
        [[nodiscard]] bool await_ready() noexcept {
            if (of_.locked()) return false;
            --of_.value_;
            return true;
        }
        using grant_waiter::await_suspend;
        void await_resume() {
            if (!leave("semaphore")) return; // taken at once
            if (detail::was_cancelled(*this) && granted) ++of_.value_;
            of_.wake_all_that_may();
            detail::throw_if_cancelled(*this);
        }

    protected:
        semaphore& of_;
    };
    class scoped_awaiter final : public acquire_awaiter {
    public:
        using acquire_awaiter::acquire_awaiter;
        guard<semaphore> await_resume() {
            acquire_awaiter::await_resume();
            return guard<semaphore>(of_);
        }
    };

    /// False: nobody waits.
    bool wake_next() {
        return detail::any_waiter(waiters_, [this](detail::grant_waiter& w) {
            if (!w.pending()) return false;
            --value_;
            w.grant();
            return true;
        });
    }
    /// Those who came meanwhile had to wait behind others, even if there was a permit.
    void wake_all_that_may() {
        while (value_ > 0 && wake_next()) {
        }
    }

    detail::waiting_line waiters_;
};

/// Throws value_error when released more often than acquired.
class bounded_semaphore final : public semaphore {
public:
    explicit bounded_semaphore(std::ptrdiff_t value = 1) : semaphore(value), bound_(value) {}
    void release() override {
        if (value_ >= bound_) throw value_error("BoundedSemaphore released too many times");
        semaphore::release();
    }

private:
    std::ptrdiff_t bound_;
};

} // namespace siding
