// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/grant.hpp"

namespace siding {

/// asyncio.Event: a flag to wait for. All who wait are woken, in order.
class event {
public:
    event() = default;
    event(event const&) = delete;
    event& operator=(event const&) = delete;

    [[nodiscard]] bool is_set() const noexcept { return waiters_.are_let_through; }
    void set() {
        if (is_set()) return;
        waiters_.are_let_through = true;
        detail::any_waiter(waiters_, [](detail::grant_waiter& w) {
            if (w.pending()) w.grant();
            return false;
        });
    }
    void clear() noexcept { waiters_.are_let_through = false; }
    /// `co_await e.wait()`: does not suspend if it is set.
    [[nodiscard]] auto wait() noexcept { return wait_awaiter(waiters_); }

private:
    /// The flag lies in the list, so that one reference leads who waits to both.
    struct gate : detail::waiting_line {
        bool are_let_through = false;
    };

    class wait_awaiter final : detail::grant_waiter {
    public:
        explicit wait_awaiter(gate& owner) noexcept : grant_waiter(owner) {}
        [[nodiscard]] bool await_ready() const noexcept {
            return static_cast<gate const&>(list).are_let_through;
        }
        using grant_waiter::await_suspend;
        void await_resume() {
            if (linked()) list.erase(*this);
            detail::throw_if_cancelled(*this);
        }
    };

    gate waiters_;
};

} // namespace siding
