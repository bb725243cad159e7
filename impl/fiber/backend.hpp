// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <cstdint>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fiber {

/// A connection to the backend of a client workload. Connects while it still blocks: this is before
/// the clock.
inline unique_fd connect_to_backend(std::uint16_t port) {
    unique_fd fd(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(::connect(fd.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address),
            "connect to the backend");
    int const on = 1;
    checked(::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    checked(::fcntl(fd.get(), F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    return fd;
}

[[noreturn]] inline void throw_closed() {
    throw std::system_error(ECONNRESET, std::generic_category(), "the backend closed");
}

} // namespace fiber
