// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/backend.hpp"
#include "siding/sys.hpp"

#include <sys/types.h>

#include <cerrno>

// What an ordinary system call can finish at once need not go through the ring. Each gives false if
// it would block; what was moved until then is kept in the operation.
namespace siding::detail {

[[nodiscard]] inline bool finished(io_operation& op, ssize_t result) noexcept {
    if (result < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    op.result = result < 0 ? -errno : result;
    return true;
}

[[nodiscard]] inline bool receive_now(io_operation& op) noexcept {
    return finished(op, sys::use().recv(op.fd, op.buffer, op.bytes, MSG_DONTWAIT));
}

[[nodiscard]] inline bool send_now(io_operation& op) noexcept {
    while (op.moved < op.bytes) {
        auto const sent = sys::use().send(op.fd, op.data + op.moved, op.bytes - op.moved,
                                          op.flags | MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return finished(op, sent);
        op.moved += static_cast<std::size_t>(sent);
    }
    op.result = static_cast<long>(op.moved);
    return true;
}

[[nodiscard]] inline bool write_now(io_operation& op) noexcept {
    while (op.moved < op.bytes) {
        auto const written =
            sys::write_without_signal(op.fd, op.data + op.moved, op.bytes - op.moved);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return finished(op, written);
        op.moved += static_cast<std::size_t>(written);
    }
    op.result = static_cast<long>(op.moved);
    return true;
}

} // namespace siding::detail
