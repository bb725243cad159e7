// SPDX-License-Identifier: MIT
#include "io_uring/entry.hpp"

#include <poll.h>
#include <sys/socket.h>

namespace siding::detail {

void describe(io_operation const& op, io_uring_sqe& entry) noexcept {
    entry.fd = op.fd;
    switch (op.kind) {
    case io_kind::recv:
        break; // multishot: see the backend
    case io_kind::send_all:
        entry.opcode = IORING_OP_SEND;
        entry.addr = reinterpret_cast<std::uint64_t>(op.data + op.moved);
        entry.len = static_cast<std::uint32_t>(op.bytes - op.moved);
        entry.msg_flags = static_cast<std::uint32_t>(op.flags) | MSG_NOSIGNAL | MSG_WAITALL;
        break;
    case io_kind::accept:
        entry.opcode = IORING_OP_ACCEPT;
        entry.accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
        break;
    case io_kind::connect:
        entry.opcode = IORING_OP_CONNECT;
        entry.addr = reinterpret_cast<std::uint64_t>(op.address);
        entry.off = op.bytes;
        break;
    case io_kind::read:
    case io_kind::readable:
        entry.opcode = IORING_OP_POLL_ADD;
        entry.poll32_events = POLLIN | POLLRDHUP;
        break;
    case io_kind::write:
    case io_kind::writable:
        entry.opcode = IORING_OP_POLL_ADD;
        entry.poll32_events = POLLOUT;
        break;
    case io_kind::read_at:
    case io_kind::write_at:
        entry.opcode = op.kind == io_kind::read_at ? IORING_OP_READ : IORING_OP_WRITE;
        entry.addr = reinterpret_cast<std::uint64_t>(op.data);
        entry.len = static_cast<std::uint32_t>(op.bytes);
        entry.off = static_cast<file_operation const&>(op).offset;
        break;
    case io_kind::sync:
        entry.opcode = IORING_OP_FSYNC;
        entry.fsync_flags = op.flags == 0 ? 0 : IORING_FSYNC_DATASYNC;
        break;
    }
}

} // namespace siding::detail
