// SPDX-License-Identifier: MIT
#pragma once

#include "coro/detail/grant.hpp"

namespace coro {

/// asyncio.Event: a flag to wait for. All who wait are woken, in order.
class event {
public:
    event() = default;
    event(event const&) = delete;
    event& operator=(event const&) = delete;

    [[nodiscard]] bool is_set() const noexcept { return set_; }
    void set() {
        if (set_) return;
        set_ = true;
        detail::any_waiter(waiters_, [](detail::grant_waiter& w) {
            if (w.pending()) w.grant();
            return false;
        });
    }
    void clear() noexcept { set_ = false; }
    /// `co_await e.wait()`: does not suspend if it is set.
    [[nodiscard]] auto wait() noexcept { return wait_awaiter(*this); }

private:
    class wait_awaiter final : detail::grant_waiter {
    public:
        explicit wait_awaiter(event& of) noexcept : grant_waiter(of.waiters_), of_(of) {}
        [[nodiscard]] bool await_ready() const noexcept { return of_.set_; }
        using grant_waiter::await_suspend;
        void await_resume() {
            if (linked()) list.erase(*this);
            detail::throw_if_cancelled(*this);
        }

    private:
        event& of_;
    };

    bool set_ = false;
    detail::waiter_list waiters_;
};

} // namespace coro
