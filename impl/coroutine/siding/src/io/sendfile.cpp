// SPDX-License-Identifier: MIT
#include "siding/io/sendfile.hpp"

#include "pipe_signal.hpp"
#include "siding/io/socket.hpp"
#include "siding/sleep.hpp"

#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <system_error>

namespace siding {

namespace {

constexpr std::size_t block_bytes = 256 * 1024; // after each, others get their turn

/// The stream's limits of the writer's buffer, 0 as long as this lives: drain() then waits until
/// all is sent.
class no_buffer {
public:
    explicit no_buffer(stream_writer of)
        : of_(std::move(of)), before_(of_.get_write_buffer_limits()) {
        of_.set_write_buffer_limits(0, 0);
    }
    no_buffer(no_buffer const&) = delete;
    no_buffer& operator=(no_buffer const&) = delete;
    ~no_buffer() { of_.set_write_buffer_limits(before_.second, before_.first); }

private:
    stream_writer of_;
    std::pair<std::size_t, std::size_t> before_;
};

coroutine<std::uint64_t> read_and_write(stream_writer to, file from, std::uint64_t offset,
                                        std::uint64_t count) {
    std::string block;
    std::uint64_t sent = 0;
    while (sent < count) {
        block.resize(std::min<std::uint64_t>(count - sent, block_bytes));
        auto const space = std::as_writable_bytes(std::span(block));
        auto reading = from.read_at(space, offset + sent);
        auto const got = co_await std::move(reading);
        if (got == 0) break;
        to.write(std::string_view(block).substr(0, got));
        sent += got;
        auto draining = to.drain();
        co_await std::move(draining);
    }
    co_return sent;
}

} // namespace

coroutine<std::uint64_t> sock_sendfile(int socket, file from, std::uint64_t offset,
                                       std::optional<std::uint64_t> count) {
    auto const most = count.value_or(std::numeric_limits<std::uint64_t>::max());
    if (!from.is_open()) throw std::system_error(EBADF, std::generic_category(), "sendfile");
    std::uint64_t sent = 0;
    while (sent < most) {
        auto position = static_cast<off_t>(offset + sent);
        auto const wanted = std::min<std::uint64_t>(most - sent, block_bytes);
        auto const moved = sys::without_pipe_signal( // there is no MSG_NOSIGNAL for it
            [&] { return ::sendfile(socket, from.fd(), &position, wanted); });
        if (moved == 0) break; // the end of the file
        if (moved > 0) {
            sent += static_cast<std::uint64_t>(moved);
            co_await sleep(duration{0});
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            co_await writable(socket);
        } else if (errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "sendfile");
        }
    }
    co_return sent;
}

coroutine<std::uint64_t> sendfile(stream_writer to, file from, std::uint64_t offset,
                                  std::optional<std::uint64_t> count) {
    bool const is_plain_socket = to.connection()->filter() == nullptr && to.can_write_eof();
    if (!is_plain_socket) {
        auto const most = count.value_or(std::numeric_limits<std::uint64_t>::max());
        auto fallback = read_and_write(to, std::move(from), offset, most);
        co_return co_await std::move(fallback);
    }
    {
        no_buffer const until_all_is_sent(to);
        auto draining = to.drain();
        co_await std::move(draining);
    }
    auto sending = sock_sendfile(to.fd(), std::move(from), offset, count);
    co_return co_await std::move(sending);
}

} // namespace siding
