// SPDX-License-Identifier: MIT
#include "siding/io/datagram_socket.hpp"

#include "siding/io/socket.hpp"

#include <cerrno>
#include <system_error>

namespace siding {

namespace {

/// True: the call is to be made again at once; false: when it would not block. Throws all else.
bool was_interrupted(char const* call) {
    if (errno == EINTR) return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    throw std::system_error(errno, std::generic_category(), call);
}

} // namespace

coroutine<received_from> recv_from(int fd, std::span<std::byte> into) {
    while (true) {
        sockaddr_storage from{};
        socklen_t length = sizeof from;
        auto* const address = reinterpret_cast<sockaddr*>(&from);
        auto const count = ::recvfrom(fd, into.data(), into.size(), 0, address, &length);
        if (count >= 0) {
            received_from const got{static_cast<std::size_t>(count), endpoint(address, length)};
            co_return got;
        }
        if (!was_interrupted("recvfrom")) co_await readable(fd);
    }
}

coroutine<std::size_t> send_to(int fd, std::span<std::byte const> data, endpoint to) {
    while (true) {
        auto const count =
            ::sendto(fd, data.data(), data.size(), MSG_NOSIGNAL, to.data(), to.size());
        if (count >= 0) co_return static_cast<std::size_t>(count);
        if (!was_interrupted("sendto")) co_await writable(fd);
    }
}

} // namespace siding
