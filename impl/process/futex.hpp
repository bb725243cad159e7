// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace process {

// std::atomic::wait is no use here: it waits on a futex that is private to one process.
static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

/// Blocks while `word`, in shared memory, holds `value`; may return early. Zero: no time limit.
inline void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t value,
                       std::chrono::seconds limit = {}) noexcept {
    timespec const time{limit.count(), 0};
    ::syscall(SYS_futex, &word, FUTEX_WAIT, value, limit.count() == 0 ? nullptr : &time, nullptr,
              0);
}

inline void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

} // namespace process
