// SPDX-License-Identifier: MIT
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>

/// Every system call of the library goes through this table, so that tests can make each of them
/// fail, be interrupted, or come up short. The default entries are the calls themselves.
namespace siding::sys {

struct calls {
    ssize_t (*recv)(int fd, void* buffer, std::size_t bytes, int flags);
    ssize_t (*send)(int fd, void const* buffer, std::size_t bytes, int flags);
    ssize_t (*read)(int fd, void* buffer, std::size_t bytes);
    ssize_t (*write)(int fd, void const* buffer, std::size_t bytes);
    int (*accept)(int fd, sockaddr* address, socklen_t* length, int flags);
    int (*connect)(int fd, sockaddr const* address, socklen_t length);
    int (*poll)(int fd, short events); ///< never blocks; the ready events, or -1
    int (*socket)(int domain, int type, int protocol);
    int (*close)(int fd);
    int (*epoll_create)(int flags);
    int (*epoll_ctl)(int epoll, int operation, int fd, epoll_event* event);
    int (*epoll_wait)(int epoll, epoll_event* events, int most, timespec const* timeout);
    int (*eventfd)(unsigned initial, int flags);
    int (*pipe)(int* both, int flags);
    ssize_t (*read_at)(int fd, void* buffer, std::size_t bytes, std::uint64_t offset, int flags);
    ssize_t (*write_at)(int fd, void const* buffer, std::size_t bytes, std::uint64_t offset);
    int (*sync)(int fd, bool data_only);
    int (*pidfd_open)(pid_t process, unsigned flags);
    int (*io_uring_enter)(int ring, unsigned submit, unsigned least, unsigned flags,
                          void const* argument, std::size_t bytes);
};

/// The calls themselves.
[[nodiscard]] calls const& real() noexcept;

/// What this thread uses; nullptr: `real()`.
inline constinit thread_local calls const* replaced = nullptr;

[[nodiscard]] inline calls const& use() noexcept {
    return replaced != nullptr ? *replaced : real();
}

/// `use().write` for what may be a pipe: that nobody reads it is EPIPE and no signal.
[[nodiscard]] ssize_t write_without_signal(int fd, void const* buffer, std::size_t bytes) noexcept;

/// Replaces the calls of this thread as long as it lives.
class replacement {
public:
    explicit replacement(calls const& with) noexcept : before_(replaced) { replaced = &with; }
    replacement(replacement const&) = delete;
    replacement& operator=(replacement const&) = delete;
    ~replacement() { replaced = before_; }

private:
    calls const* before_;
};

} // namespace siding::sys
