// SPDX-License-Identifier: MIT
#include "siding/io/datagram.hpp"

#include "siding/errors.hpp"
#include "siding/io/socket.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace siding {

namespace {

constexpr std::size_t largest_datagram_bytes = 64 * 1024;

[[noreturn]] void fail(int error, char const* call) {
    throw std::system_error(error, std::generic_category(), call);
}

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

/// `to` may be null: the remote.
coroutine<> send_datagram(int fd, std::string data, std::optional<endpoint> to) {
    while (true) {
        auto const sent = ::sendto(fd, data.data(), data.size(), MSG_NOSIGNAL,
                                   to ? to->data() : nullptr, to ? to->size() : 0);
        if (sent >= 0) break;
        if (errno == EINTR) continue;
        if (!would_block(errno)) fail(errno, "sendto");
        co_await writable(fd);
    }
}

coroutine<datagram> receive_datagram(int fd) {
    // Not in the frame: 64 KiB for each endpoint that waits would be a lot. Nothing suspends
    // between the call that fills it and the copy.
    static thread_local std::array<char, largest_datagram_bytes> buffer;
    while (true) {
        sockaddr_storage from{};
        socklen_t length = sizeof from;
        auto* const address = reinterpret_cast<sockaddr*>(&from);
        auto const count = ::recvfrom(fd, buffer.data(), buffer.size(), 0, address, &length);
        if (count >= 0) {
            datagram got{std::string(buffer.data(), static_cast<std::size_t>(count)),
                         endpoint(address, length)};
            co_return got;
        }
        if (errno == EINTR) continue;
        if (!would_block(errno)) fail(errno, "recvfrom");
        co_await readable(fd);
    }
}

} // namespace

datagram_endpoint::datagram_endpoint(datagram_options const& options) {
    if (!options.local && !options.remote) throw value_error("unexpected address family");
    auto const family = options.local ? options.local->family() : options.remote->family();
    socket_ = descriptor(sys::use().socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) fail(errno, "socket");
    int const on = 1;
    auto const set = [&](int option) {
        if (::setsockopt(socket_.get(), SOL_SOCKET, option, &on, sizeof on) != 0) {
            fail(errno, "setsockopt");
        }
    };
    if (options.reuse_port) set(SO_REUSEPORT);
    if (options.allow_broadcast) set(SO_BROADCAST);
    if (options.local && ::bind(socket_.get(), options.local->data(), options.local->size()) != 0) {
        fail(errno, "bind");
    }
    if (options.remote &&
        ::connect(socket_.get(), options.remote->data(), options.remote->size()) != 0) {
        fail(errno, "connect");
    }
}

coroutine<datagram> datagram_endpoint::receive() { return receive_datagram(socket_.get()); }

coroutine<> datagram_endpoint::send(std::string data) {
    return send_datagram(socket_.get(), std::move(data), std::nullopt);
}

coroutine<> datagram_endpoint::send_to(std::string data, endpoint to) {
    return send_datagram(socket_.get(), std::move(data), to);
}

} // namespace siding
