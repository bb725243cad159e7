// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace process {

/// A blocking connection to the backend of the `fetch` workload.
inline unique_fd connect_to_backend(std::uint16_t port) {
    unique_fd socket(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(::connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address),
            "connect to the backend");
    int const on = 1;
    checked(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    return socket;
}

/// The 8 bytes of a request: its index, little endian.
inline std::array<std::byte, 8> request_of(std::uint64_t index) noexcept {
    std::array<std::byte, 8> request;
    for (std::size_t position = 0; position < request.size(); ++position) {
        request[position] = static_cast<std::byte>(index >> (8 * position));
    }
    return request;
}

[[noreturn]] inline void throw_closed() {
    throw std::system_error(ECONNRESET, std::generic_category(), "the backend closed");
}

} // namespace process
