// SPDX-License-Identifier: MIT
#include "siding/sys.hpp"

#include "pipe_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <limits>

namespace siding::sys {

namespace {

/// In whole milliseconds, rounded up: never early. -1: for ever.
int in_milliseconds(timespec const* timeout) noexcept {
    if (timeout == nullptr) return -1;
    constexpr long most_s = std::numeric_limits<int>::max() / 1000 - 1;
    if (timeout->tv_sec > most_s) return static_cast<int>(most_s * 1000); // and then again
    return static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000);
}

/// Before Linux 5.11, and in containers that do not know the call (which answer ENOSYS or EPERM),
/// waits are as long as epoll_pwait counts: in milliseconds.
int epoll_wait_ns(int epoll, epoll_event* events, int most, timespec const* timeout) noexcept {
    static std::atomic<bool> is_missing = false;
    if (!is_missing.load(std::memory_order_relaxed)) {
        auto const count = ::epoll_pwait2(epoll, events, most, timeout, nullptr);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        is_missing.store(true, std::memory_order_relaxed);
    }
    return ::epoll_pwait(epoll, events, most, in_milliseconds(timeout), nullptr);
}

} // namespace

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
        .epoll_wait = &epoll_wait_ns,
        .eventfd = [](unsigned initial, int flags) -> int { return ::eventfd(initial, flags); },
        .pipe = ::pipe2,
        .read_at = [](int fd, void* buffer, std::size_t bytes, std::uint64_t offset,
                      int flags) -> ssize_t {
            iovec const one{buffer, bytes};
            return ::preadv2(fd, &one, 1, static_cast<off_t>(offset), flags);
        },
        .write_at = [](int fd, void const* buffer, std::size_t bytes, std::uint64_t offset)
            -> ssize_t { return ::pwrite(fd, buffer, bytes, static_cast<off_t>(offset)); },
        .sync = [](int fd, bool data_only) -> int {
            return data_only ? ::fdatasync(fd) : ::fsync(fd);
        },
        .pidfd_open = [](pid_t process, unsigned flags) -> int {
            return static_cast<int>(::syscall(SYS_pidfd_open, process, flags));
        },
        .io_uring_enter = [](int ring, unsigned submit, unsigned least, unsigned flags,
                             void const* argument, std::size_t bytes) -> int {
            return static_cast<int>(
                ::syscall(SYS_io_uring_enter, ring, submit, least, flags, argument, bytes));
        },
    };
    return kernel;
}

ssize_t write_without_signal(int fd, void const* buffer, std::size_t bytes) noexcept {
    return without_pipe_signal([=] { return use().write(fd, buffer, bytes); });
}

} // namespace siding::sys
