// SPDX-License-Identifier: MIT
#pragma once

#include "siding/loop.hpp"

#include <atomic>
#include <cstdint>

namespace siding::detail {

/// One who stands in a line that several threads use: a coroutine of any loop, or a thread that
/// blocks. Who changes a line, and who wakes, holds the mutex that guards the line: so whoever was
/// woken and takes that mutex knows that the other thread no longer touches it, or its loop.
struct thread_waiter : linked_waiter {
    /// A coroutine of this thread's loop.
    explicit thread_waiter(react_function* reacts) noexcept
        : linked_waiter(reacts), home(loop_core::of_this_thread()) {}
    /// A thread, that calls `block`.
    thread_waiter() noexcept : linked_waiter(nullptr), home(nullptr) {}

    /// It has left its line. A coroutine gets the signal `run` in a turn of its own loop.
    void wake() noexcept {
        is_woken = true;
        if (home == nullptr) {
            word.store(1, std::memory_order_release);
            word.notify_one();
        } else if (home == loop_core::of_this_thread()) {
            home->schedule(*this);
        } else {
            home->post_from_thread(*this);
        }
    }
    /// Without the mutex. Returns once it was woken.
    void block() noexcept {
        word.wait(0, std::memory_order_acquire);
        word.store(0, std::memory_order_relaxed);
    }

    loop_core* home; ///< nullptr: a thread
    bool is_woken = false;
    std::atomic<std::uint32_t> word{0};
};

/// Wakes the first of the line, if there is one.
inline void wake_first(waiter_list& line) noexcept {
    if (!line.empty()) static_cast<thread_waiter&>(line.pop_front()).wake();
}

/// Throws if this thread runs a loop, which must not block.
inline void expect_may_block(char const* action) {
    if (auto const* const home = loop_core::of_this_thread();
        home != nullptr && home->is_running()) {
        throw runtime_error(std::string(action) + " would block the running event loop");
    }
}

} // namespace siding::detail
