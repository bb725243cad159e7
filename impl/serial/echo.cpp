// SPDX-License-Identifier: MIT
// Accept, then read and write until that peer closes, then the next: two system calls a message and
// nothing else. A second connection would wait in the backlog, so that only one is honoured. A
// blocking read cannot watch the stop descriptor too; it times out ten times a second to look.
#include "cells.hpp"
#include "contract/echo_service.hpp"
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

using contract::echo;

class one_connection_at_a_time final : public contract::session<echo> {
public:
    explicit one_connection_at_a_time(contract::server_environment const& environment)
        : listen_fd_(environment.listen_fd), stop_fd_(environment.stop_fd) {}

    echo::outcome run(contract::probe&) override {
        echo::outcome outcome;
        while (auto const connection = accept_next()) {
            ++outcome.accepted;
            while (echo_once(connection.get(), outcome.echoed_bytes)) {
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
                set_options(connection.get());
                return connection;
            }
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) throw_errno("accept");
        }
    }

    static void set_options(int connection) {
        int const on = 1;
        timeval const look_at_stop{.tv_sec = 0, .tv_usec = 100'000};
        // A peer that has reset meanwhile makes these fail; the first read will tell.
        ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &look_at_stop, sizeof look_at_stop);
        ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &look_at_stop, sizeof look_at_stop);
    }

    /// False when this connection is over.
    bool echo_once(int connection, std::uint64_t& echoed_bytes) {
        auto const received = ::recv(connection, buffer_.data(), buffer_.size(), 0);
        if (received == 0) return false;
        if (received < 0) return may_try_again();
        std::span<std::byte const> rest(buffer_.data(), static_cast<std::size_t>(received));
        while (!rest.empty()) {
            auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest = rest.subspan(static_cast<std::size_t>(sent));
                echoed_bytes += static_cast<std::uint64_t>(sent);
            } else if (!may_try_again()) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] bool may_try_again() const {
        if (errno == EINTR) return true;
        if (errno != EAGAIN) return false;
        pollfd stop{stop_fd_, POLLIN, 0};
        return ::poll(&stop, 1, 0) == 0;
    }

    int listen_fd_;
    int stop_fd_;
    std::array<std::byte, 65'536> buffer_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo(echo::params const& params,
                                                   echo::environment const& environment) {
    if (params.connections != 1) {
        throw contract::declined_error("one connection at a time: the others of " +
                                       std::to_string(params.connections) +
                                       " would wait in the backlog");
    }
    return std::make_unique<one_connection_at_a_time>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump(contract::pump::params const& params, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(make_echo(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept(contract::accept::params const& params, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(make_echo(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::held>>
make_held(contract::held::params const& params, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(make_echo(contract::as_echo(params), around));
}

} // namespace serial
