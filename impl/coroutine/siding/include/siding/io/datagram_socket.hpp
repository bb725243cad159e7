// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/endpoint.hpp"

#include <cstddef>
#include <span>

namespace siding {

/// What recv_from gives.
struct received_from {
    std::size_t bytes = 0; ///< as many as fitted into the buffer
    endpoint from;
};

// loop.sock_recvfrom_into and sock_sendto, for descriptors of datagrams in non-blocking mode; see
// recvfrom(2) and sendto(2). One task at a time waits to receive from a descriptor, one to send. A
// buffer must live until the await ends. Both throw std::system_error; cancelled, nothing was
// taken or sent.

/// The next datagram; what of it does not fit into the buffer is lost.
[[nodiscard]] coroutine<received_from> recv_from(int fd, std::span<std::byte> into);

/// One datagram, whole, which the kernel has taken when this resumes; the bytes of it.
[[nodiscard]] coroutine<std::size_t> send_to(int fd, std::span<std::byte const> data, endpoint to);

} // namespace siding
