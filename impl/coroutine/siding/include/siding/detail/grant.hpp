// SPDX-License-Identifier: MIT
#pragma once

#include "siding/loop.hpp"

#include <coroutine>

namespace siding::detail {

/// One who waits for a grant: of a lock, a permit, a notification. It stays in its list until its
/// task has resumed, as asyncio's futures do: who looks at the list in between must see it. Not in
/// its list although it has been suspended: what it waited for has ended.
struct grant_waiter : linked_waiter {
    explicit grant_waiter(waiting_line& in) noexcept : linked_waiter(&react_to), list(in) {}
    ~grant_waiter() {
        if (linked()) list.erase(*this);
    }

    template <class Promise>
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> self) {
        list.enter(*this, this_loop);
        return suspend(self, *this);
    }
    void grant() {
        list.expect_loop(this_loop);
        granted = true;
        loop_core::of_this_thread()->wake(*this);
    }
    /// Leaves the list; true: it waited. Throws if it was cancelled, or if what it waited for, a
    /// `name`, has ended after the grant.
    bool leave(char const* name) {
        if (linked()) [[likely]] {
            list.erase(*this);
            return true;
        }
        if (suspended) [[unlikely]]
            throw_orphaned(name);
        return false;
    }
    [[noreturn]] void throw_orphaned(char const* name);
    /// As a future: neither granted nor cancelled.
    [[nodiscard]] bool pending() const noexcept { return !granted && !was_cancelled(*this); }

    static bool react_to(waiter& self, signal reason) noexcept {
        if (reason == signal::detach) {
            auto& w = static_cast<grant_waiter&>(self);
            if (w.linked()) w.list.erase(w);
            return true;
        }
        self.react = &cancelled_reaction;
        loop_core::of_this_thread()->wake(self);
        return true;
    }

    waiting_line& list;
    bool granted = false;
};

/// Calls `f(grant_waiter&)` for each, in order, until it returns true; true if one did.
template <class F>
bool any_waiter(waiter_list const& list, F f) {
    for (auto* w = list.front(); w != nullptr; w = list.after(*w)) {
        if (f(static_cast<grant_waiter&>(*w))) return true;
    }
    return false;
}

[[nodiscard]] inline bool all_cancelled(waiter_list const& list) {
    // One that was granted and then cancelled is not a cancelled future: it was done before.
    return !any_waiter(list, [](grant_waiter& w) { return w.granted || !was_cancelled(w); });
}

} // namespace siding::detail
