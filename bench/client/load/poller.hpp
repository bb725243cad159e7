// SPDX-License-Identifier: MIT
#pragma once

#include "proc/epoll.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>

namespace client {

/// epoll, edge-triggered, one registration per connection for its whole life.
class poller {
public:
    poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
    poller(poller const&) = delete;
    poller& operator=(poller const&) = delete;
    ~poller() { ::close(fd_); }

    void add(int fd, std::uint64_t index) {
        epoll_event interest{};
        interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        interest.data.u64 = index;
        if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &interest) < 0) {
            throw std::system_error(errno, std::generic_category(), "epoll_ctl");
        }
    }

    /// The events that are there, after at most `timeout_ns`. Nanoseconds, because an arrival every
    /// 20 us cannot be scheduled in milliseconds.
    [[nodiscard]] std::span<epoll_event const> wait(std::uint64_t timeout_ns) {
        timespec const timeout{static_cast<time_t>(timeout_ns / 1'000'000'000),
                               static_cast<long>(timeout_ns % 1'000'000'000)};
        return proc::wait_for_events(fd_, events_, &timeout);
    }

private:
    int fd_;
    std::array<epoll_event, 1024> events_{};
};

} // namespace client
