// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <atomic>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <span>
#include <sys/epoll.h>

namespace proc {

/// The events that are there, after at most `timeout` (null: none). Where the kernel (before
/// Linux 5.11) or a sandbox does not have epoll_pwait2, ppoll waits as exactly, for one system call
/// more. Throws std::system_error; an interruption is no event.
[[nodiscard]] inline std::span<epoll_event>
wait_for_events(int epoll, std::span<epoll_event> events, timespec const* timeout) {
    static std::atomic<bool> is_denied = false;
    auto const most = static_cast<int>(events.size());
    auto count = -1;
    if (!is_denied.load(std::memory_order_relaxed)) {
        count = ::epoll_pwait2(epoll, events.data(), most, timeout, nullptr);
        if (count == -1 && (errno == ENOSYS || errno == EPERM)) is_denied = true;
    }
    if (is_denied.load(std::memory_order_relaxed)) {
        pollfd ready{epoll, POLLIN, 0};
        count = ::ppoll(&ready, 1, timeout, nullptr);
        if (count != -1) count = ::epoll_wait(epoll, events.data(), most, 0);
    }
    if (count == -1 && errno != EINTR) throw_errno("wait for events");
    return events.first(count == -1 ? 0 : static_cast<std::size_t>(count));
}

} // namespace proc
