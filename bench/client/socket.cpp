// SPDX-License-Identifier: MIT
#include "client/socket.hpp"

#include "client/clock.hpp"
#include "client/load/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace client {
namespace {

std::string text_of(peer const& to) {
    return fmt::format("{}.{}.{}.{}:{}", to.address >> 24, to.address >> 16 & 255,
                       to.address >> 8 & 255, to.address & 255, to.port);
}

[[noreturn]] void fail_to_connect(peer const& to, std::uint64_t number) {
    auto const error = errno;
    if (error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN) {
        throw no_route(
            fmt::format("connection {} to {}: {}", number, text_of(to), std::strerror(error)));
    }
    auto const* const next_step =
        error == ECONNREFUSED ? "nothing listens there: start the server first or correct --port"
        : error == EMFILE || error == ENFILE
            ? "raise the limit of descriptors (ulimit -n) or ask for fewer connections"
        : error == EADDRNOTAVAIL ? "the ephemeral ports are used up: wait for TIME_WAIT to pass, "
                                   "or widen net.ipv4.ip_local_port_range"
                                 : "";
    throw load_error(fmt::format("connection {} to {}: {}{}{}", number, text_of(to),
                                 std::strerror(error), *next_step ? "; " : "", next_step));
}

/// Linux lets the send timeout bound connect, too: a full queue of a server that does not accept
/// would hold it for minutes.
void bound_connect(int fd, std::uint64_t deadline_ns) {
    auto const now = now_ns();
    auto const left_us = std::max<std::uint64_t>(
        1'000, deadline_ns > now ? (deadline_ns - now) / 1'000 : 0); // 0 is no bound
    timeval const left{static_cast<time_t>(left_us / 1'000'000),
                       static_cast<suseconds_t>(left_us % 1'000'000)};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left);
}

} // namespace

void socket::open(peer const& to, std::uint64_t number, std::uint64_t deadline_ns,
                  std::uint32_t source) {
    broken_ = false;
    file_ = proc::unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!is_open()) fail_to_connect(to, number);
    bound_connect(fd(), deadline_ns);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(source);
    int result = 0;
    if (source != 0) {
        int const later = 1; // the port is chosen by connect, which knows the peer
        ::setsockopt(fd(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
        result = ::bind(fd(), reinterpret_cast<sockaddr const*>(&address), sizeof address);
    }
    address.sin_port = htons(to.port);
    address.sin_addr.s_addr = htonl(to.address);
    if (result == 0) {
        do {
            result = ::connect(fd(), reinterpret_cast<sockaddr const*>(&address), sizeof address);
        } while (result < 0 && errno == EINTR);
    }
    if (result < 0) {
        auto const error = errno;
        close();
        if (error == EINPROGRESS || error == EAGAIN || error == ETIMEDOUT) {
            throw connect_timeout(
                fmt::format("the server did not accept connection {} in time", number));
        }
        errno = error;
        fail_to_connect(to, number);
    }
    int const on = 1;
    ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd(), F_SETFL, O_NONBLOCK);
}

void socket::close() noexcept { file_.reset(); }

} // namespace client
