// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"
#include "reactor.hpp"

#include <boost/fiber/operations.hpp>
#include <chrono>
#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/socket.h>

namespace fiber {

/// A connected non-blocking socket whose calls look blocking: each tries first and suspends only
/// the calling fiber. One fiber may read while another writes.
class socket {
public:
    socket(reactor& reactor, unique_fd fd) : fd_(std::move(fd)), readiness_(reactor, fd_.get()) {}

    /// What there is, at least one byte; 0 when the connection is over: end of file, reset or
    /// cancelled. A buffer with room to spare saves the next call from finding out that there is
    /// nothing more.
    std::size_t receive(std::span<std::byte> buffer) {
        // A peer that keeps the socket full yields to the others from time to time.
        if (++calls_ % calls_per_turn == 0) boost::this_fiber::yield();
        while (readiness_.wait_readable()) {
            auto const received = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
            if (received >= 0) {
                auto const bytes = static_cast<std::size_t>(received);
                if (bytes < buffer.size()) readiness_.read_was_short();
                return bytes;
            }
            if (errno == EAGAIN) {
                readiness_.reading_would_block();
            } else if (errno != EINTR) {
                return 0;
            }
        }
        return 0;
    }

    /// False when the connection is over: reset or cancelled.
    bool send_all(std::span<std::byte const> data) {
        while (!data.empty()) {
            auto const sent = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                data = data.subspan(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN) {
                readiness_.writing_would_block();
                if (!readiness_.wait_writable()) return false;
            } else if (errno != EINTR) {
                return false;
            }
        }
        return true;
    }

    /// The peer gets an end of file when it has read all.
    void shut_down_writing() noexcept { ::shutdown(fd_.get(), SHUT_WR); }

    void cancel() noexcept { readiness_.cancel(); }

private:
    static constexpr unsigned calls_per_turn = 16;

    unique_fd fd_;
    readiness readiness_;
    unsigned calls_ = 0;
};

/// A listening socket that belongs to somebody else.
class listener {
public:
    listener(reactor& reactor, int fd) : fd_(fd), readiness_(reactor, fd) {}

    /// The next connection, non-blocking and with TCP_NODELAY; none once cancelled. While the
    /// process is out of descriptors, the peers wait in the backlog and the fiber sleeps.
    unique_fd accept() {
        while (readiness_.wait_readable()) {
            unique_fd connection(::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (connection) {
                int const on = 1;
                // Fails only for a peer that has reset meanwhile; the first read will tell.
                ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                return connection;
            }
            if (errno == EAGAIN) {
                readiness_.reading_would_block();
            } else if (errno == EMFILE || errno == ENFILE) {
                boost::this_fiber::sleep_for(accept_again_after);
            } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) {
                throw_errno("accept");
            }
        }
        return {};
    }

    void cancel() noexcept { readiness_.cancel(); }

private:
    static constexpr std::chrono::milliseconds accept_again_after{10};

    int fd_;
    readiness readiness_;
};

} // namespace fiber
