// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/descriptor.hpp"
#include "siding/io/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace coroutine_model {

/// A connection to the backend of a client workload.
inline siding::coroutine<siding::descriptor> connect_to_backend(std::uint16_t port) {
    siding::descriptor connection(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!connection) throw std::system_error(errno, std::generic_category(), "socket");
    int const on = 1;
    ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    co_await siding::connect(connection.get(), reinterpret_cast<sockaddr const*>(&address),
                             sizeof address);
    co_return connection;
}

} // namespace coroutine_model
