// SPDX-License-Identifier: MIT
#include "siding/io/open_connection.hpp"

#include "siding/io/getaddrinfo.hpp"
#include "siding/io/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <vector>

namespace siding {

namespace {

coroutine<stream> connect_to(endpoint to, std::size_t limit_bytes) {
    descriptor socket(
        sys::use().socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) throw std::system_error(errno, std::generic_category(), "socket");
    co_await siding::connect(socket.get(), to.data(), to.size());
    co_return stream_of(std::move(socket), limit_bytes);
}

std::system_error combined(std::vector<std::system_error> const& errors) {
    bool same = true;
    std::string all = "Multiple exceptions: ";
    for (auto const& each : errors) {
        same = same && each.code() == errors.front().code();
        all += each.what() + std::string(&each == &errors.back() ? "" : ", ");
    }
    return same ? errors.front() : std::system_error(errors.front().code(), all);
}

} // namespace

void detail::make_non_blocking(int fd) {
    auto const flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ((flags & O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)) {
        throw std::system_error(errno, std::generic_category(), "fcntl");
    }
}

stream stream_of(descriptor socket, std::size_t limit_bytes) {
    detail::make_non_blocking(socket.get());
    int const on = 1; // as asyncio; an error only says that it is not TCP
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto const both = std::make_shared<detail::connection>(std::move(socket),
                                                           detail::channel::socket, limit_bytes);
    return {stream_reader(both), stream_writer(both)};
}

coroutine<stream> open_connection(std::string host, std::uint16_t port, std::size_t limit_bytes) {
    auto asked = getaddrinfo(std::move(host), std::to_string(port));
    auto const addresses = co_await std::move(asked);
    std::vector<std::system_error> errors;
    for (auto const& each : addresses) {
        try {
            auto attempt = connect_to(each, limit_bytes);
            co_return co_await std::move(attempt);
        } catch (std::system_error const& failed) {
            errors.push_back(failed);
        }
    }
    throw combined(errors);
}

coroutine<stream> open_unix_connection(std::string path, std::size_t limit_bytes) {
    auto attempt = connect_to(endpoint::path(path), limit_bytes);
    co_return co_await std::move(attempt);
}

namespace {

std::shared_ptr<detail::connection> pipe_end(descriptor end, std::size_t limit_bytes) {
    detail::make_non_blocking(end.get());
    return std::make_shared<detail::connection>(std::move(end), detail::channel::pipe, limit_bytes);
}

} // namespace

stream_reader connect_read_pipe(descriptor end, std::size_t limit_bytes) {
    return stream_reader(pipe_end(std::move(end), limit_bytes));
}

stream_writer connect_write_pipe(descriptor end) {
    return stream_writer(pipe_end(std::move(end), default_stream_limit_bytes));
}

} // namespace siding
