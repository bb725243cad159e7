// SPDX-License-Identifier: MIT
// Accept, connect to the backends, then read a request, ask all of them, wait in poll for whoever
// answers, answer, until that peer closes, then the next.
// A second connection would wait in the backlog, so that only one is honoured. A blocking read
// cannot watch the stop descriptor too; it times out ten times a second to look.
#include "asked_backends.hpp"
#include "cells.hpp"
#include "posix.hpp"

#include <array>
#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>

namespace serial {
namespace {

using contract::gateway;

class one_connection_at_a_time final : public contract::session<gateway> {
public:
    one_connection_at_a_time(gateway::params const& params, gateway::environment const& environment)
        : params_(params),
          listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          backend_port_(environment.backend_port) {}

    gateway::outcome run(contract::probe&) override {
        gateway::outcome outcome;
        while (auto const connection = accept_next()) {
            ++outcome.accepted;
            try {
                asked_backends backends(backend_port_, params_);
                serve(connection.get(), backends, outcome);
            } catch (std::system_error const&) {
                // No backend: this client is turned away.
            }
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

    void serve(int connection, asked_backends& backends, gateway::outcome& outcome) const {
        kernel::frames frames(kernel::gateway_request_bytes);
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
                auto const reply = backends.answer(connection, message, outcome.retries);
                if (!reply) return;
                auto const sent = ::send(connection, reply->data(), reply->size(), MSG_NOSIGNAL);
                if (sent != static_cast<ssize_t>(reply->size())) return;
                ++outcome.requests;
            }
        }
    }

    [[nodiscard]] bool may_try_again() const {
        if (errno == EINTR) return true;
        if (errno != EAGAIN) return false;
        pollfd stop{stop_fd_, POLLIN, 0};
        return ::poll(&stop, 1, 0) == 0;
    }

    gateway::params params_;
    int listen_fd_;
    int stop_fd_;
    std::uint16_t backend_port_;
};

} // namespace

std::unique_ptr<contract::session<gateway>> make_gateway(gateway::params const& params,
                                                         gateway::environment const& environment) {
    if (params.connections != 1) {
        throw contract::declined_error("one connection at a time: the others of " +
                                       std::to_string(params.connections) +
                                       " would wait in the backlog");
    }
    return std::make_unique<one_connection_at_a_time>(params, environment);
}

} // namespace serial
