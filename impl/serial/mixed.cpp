// SPDX-License-Identifier: MIT
// Accept, then read a request, burn if it is expensive, answer, until that peer closes, then the
// next. A second connection would wait in the backlog, so that only one is honoured. A blocking
// read cannot watch the stop descriptor too; it times out ten times a second to look.
#include "cells.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"
#include "posix.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>

namespace serial {
namespace {

using contract::mixed;

class one_connection_at_a_time final : public contract::session<mixed> {
public:
    one_connection_at_a_time(mixed::params const& params, mixed::environment const& environment)
        : params_(params), listen_fd_(environment.listen_fd), stop_fd_(environment.stop_fd) {}

    mixed::outcome run(contract::probe&) override {
        mixed::outcome outcome;
        while (auto const connection = accept_next()) {
            ++outcome.accepted;
            serve(connection.get(), outcome);
        }
        return outcome;
    }

private:
    /// Waits for the next connection; none when it is time to stop.
    unique_fd accept_next() {
        for (;;) {
            std::array<pollfd, 2> ready{{{stop_fd_, POLLIN, 0}, {listen_fd_, POLLIN, 0}}};
            if (::poll(ready.data(), ready.size(), -1) == -1) {
                if (errno == EINTR) continue;
                throw_errno("poll");
            }
            if (ready[0].revents != 0) return {};
            // The accepted socket blocks, though the listening one does not.
            unique_fd connection(::accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC));
            if (connection) {
                int const on = 1;
                timeval const look_at_stop{.tv_sec = 0, .tv_usec = 100'000};
                // A peer that has reset meanwhile makes these fail; the first read will tell.
                ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &look_at_stop,
                             sizeof look_at_stop);
                return connection;
            }
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) throw_errno("accept");
        }
    }

    void serve(int connection, mixed::outcome& outcome) const {
        kernel::frames frames(params_.message_bytes);
        for (;;) {
            auto const room = frames.room();
            auto const received = ::recv(connection, room.data(), room.size(), 0);
            if (received == 0) return;
            if (received == -1) {
                if (may_try_again()) continue;
                return;
            }
            frames.received(static_cast<std::size_t>(received));
            for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                auto const dear = mixed::is_dear(message.front());
                if (dear) kernel::burn(std::chrono::microseconds(params_.burn_us));
                auto const sent = ::send(connection, message.data(), message.size(), MSG_NOSIGNAL);
                if (sent != static_cast<ssize_t>(message.size())) return;
                ++outcome.requests;
                outcome.dear += dear ? 1 : 0;
            }
        }
    }

    [[nodiscard]] bool may_try_again() const {
        if (errno == EINTR) return true;
        if (errno != EAGAIN) return false;
        pollfd stop{stop_fd_, POLLIN, 0};
        return ::poll(&stop, 1, 0) == 0;
    }

    mixed::params params_;
    int listen_fd_;
    int stop_fd_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed(mixed::params const& params,
                                                     mixed::environment const& environment) {
    if (params.connections != 1) {
        throw contract::declined_error("one connection at a time: the others of " +
                                       std::to_string(params.connections) +
                                       " would wait in the backlog");
    }
    if (params.offload == 1) {
        throw contract::declined_error("one thing after another: nobody to hand the work to");
    }
    return std::make_unique<one_connection_at_a_time>(params, environment);
}

} // namespace serial
