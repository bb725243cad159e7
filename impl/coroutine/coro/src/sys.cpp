// SPDX-License-Identifier: MIT
#include "coro/sys.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace coro::sys {

calls const& real() noexcept {
    static constexpr calls kernel{
        .recv = ::recv,
        .send = ::send,
        .read = ::read,
        .write = ::write,
        .accept = ::accept4,
        .connect = ::connect,
        .poll = [](int fd, short events) -> int {
            pollfd one{fd, events, 0};
            auto const ready = ::poll(&one, 1, 0);
            return ready < 0 ? ready : one.revents;
        },
        .socket = ::socket,
        .close = ::close,
        .epoll_create = ::epoll_create1,
        .epoll_ctl = ::epoll_ctl,
        .epoll_wait = [](int epoll, epoll_event* events, int most, timespec const* timeout) -> int {
            return ::epoll_pwait2(epoll, events, most, timeout, nullptr);
        },
        .eventfd = [](unsigned initial, int flags) -> int { return ::eventfd(initial, flags); },
    };
    return kernel;
}

} // namespace coro::sys
