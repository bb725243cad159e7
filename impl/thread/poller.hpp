// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <span>
#include <sys/epoll.h>

namespace thread_model {

/// Level-triggered epoll. `tag` comes back with the events of its descriptor. `add`, `modify` and
/// `remove` are safe from any thread, `wait` belongs to one.
class poller {
public:
    void add(int fd, std::uint32_t events, void* tag) { control(EPOLL_CTL_ADD, fd, events, tag); }
    void modify(int fd, std::uint32_t events, void* tag) {
        control(EPOLL_CTL_MOD, fd, events, tag);
    }
    void remove(int fd) { control(EPOLL_CTL_DEL, fd, 0, nullptr); }

    /// Blocks until something is ready, or for so long. The events stay valid until the next call.
    std::span<epoll_event const> wait(int patience_ms = -1) {
        auto const ready = ::epoll_wait(epoll_.get(), events_.data(),
                                        static_cast<int>(events_.size()), patience_ms);
        if (ready == -1 && errno != EINTR) throw_errno("epoll_wait");
        return std::span(events_).first(ready == -1 ? 0 : static_cast<std::size_t>(ready));
    }

    /// The same to the nanosecond; negative: for ever.
    std::span<epoll_event const> wait_for(std::chrono::nanoseconds patience) {
        using namespace std::chrono;
        auto const in_milliseconds = [&] {
            return wait(patience < patience.zero()
                            ? -1
                            : static_cast<int>(ceil<milliseconds>(patience).count()));
        };
#if defined(__SANITIZE_THREAD__)
        // In this call alone it sees what the thread that called `add` had written before.
        return in_milliseconds();
#endif
        auto const whole = duration_cast<seconds>(patience);
        timespec const timeout{whole.count(), (patience - whole).count()};
        auto const ready =
            ::epoll_pwait2(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                           patience < patience.zero() ? nullptr : &timeout, nullptr);
        // An older kernel, or a container's filter.
        if (ready == -1 && (errno == ENOSYS || errno == EPERM)) return in_milliseconds();
        if (ready == -1 && errno != EINTR) throw_errno("epoll_pwait2");
        return std::span(events_).first(ready == -1 ? 0 : static_cast<std::size_t>(ready));
    }

private:
    void control(int operation, int fd, std::uint32_t events, void* tag) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = tag;
        checked(::epoll_ctl(epoll_.get(), operation, fd, &event), "epoll_ctl");
    }

    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    std::array<epoll_event, 256> events_;
};

} // namespace thread_model
