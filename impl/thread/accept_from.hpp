// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace thread_model {

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

} // namespace thread_model
