// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace process {

/// The next connection, non-blocking and with TCP_NODELAY; none if there is none. `patience_ms`
/// becomes -1, or for want of descriptors the time after which to try again.
inline unique_fd accept_from(int listen_fd, int& patience_ms) {
    patience_ms = -1;
    for (;;) {
        unique_fd fd(::accept4(listen_fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            int const on = 1;
            // A peer that has reset meanwhile makes this fail; the first read will tell.
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return fd;
        }
        if (errno == EAGAIN) return {};
        if (out_of_descriptors(errno)) {
            patience_ms = accept_again_after_ms;
            return {};
        }
        if (errno != EINTR && errno != ECONNABORTED) throw_errno("accept");
    }
}

/// Waits for the next connection; none when it is time to stop.
inline unique_fd accept_until(int stop_fd, int listen_fd) {
    for (;;) {
        auto patience_ms = -1;
        if (auto fd = accept_from(listen_fd, patience_ms)) return fd;
        std::array<pollfd, 2> ready{{{stop_fd, POLLIN, 0}, {listen_fd, POLLIN, 0}}};
        auto const of_interest = patience_ms == -1 ? 2u : 1u;
        if (::poll(ready.data(), of_interest, patience_ms) == -1 && errno != EINTR) {
            throw_errno("poll");
        }
        if (ready[0].revents != 0) return {};
    }
}

} // namespace process
