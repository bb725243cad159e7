// SPDX-License-Identifier: MIT
// A thread a connection, which reads and writes with blocking calls until its peer closes.
#include "cells.hpp"
#include "connection_threads.hpp"
#include "contract/echo_service.hpp"
#include "thread_limit.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <sys/socket.h>

namespace thread_model {
namespace {

using contract::echo;

/// Until the peer closes, resets or is shut down. Returns the bytes sent back.
std::uint64_t echo_until_closed(int connection) {
    std::array<std::byte, 65'536> buffer;
    std::uint64_t echoed_bytes = 0;
    for (;;) {
        auto const received = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (received == 0) return echoed_bytes;
        if (received < 0) {
            if (errno == EINTR) continue;
            return echoed_bytes;
        }
        auto rest = std::span(buffer).first(static_cast<std::size_t>(received));
        while (!rest.empty()) {
            auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest = rest.subspan(static_cast<std::size_t>(sent));
                echoed_bytes += static_cast<std::uint64_t>(sent);
            } else if (errno != EINTR) {
                return echoed_bytes;
            }
        }
    }
}

class thread_per_connection final : public contract::session<echo> {
public:
    explicit thread_per_connection(contract::server_environment const& environment)
        : threads_(environment.listen_fd, environment.stop_fd, [this](int connection) {
              echoed_bytes_.fetch_add(echo_until_closed(connection), std::memory_order_relaxed);
          }) {}

    echo::outcome run(contract::probe&) override {
        auto const accepted = threads_.run();
        // Relaxed: joining the threads orders their additions before this load.
        return {accepted, echoed_bytes_.load(std::memory_order_relaxed)};
    }

private:
    std::atomic<std::uint64_t> echoed_bytes_ = 0;
    connection_threads threads_; ///< last: its threads are joined before what they add to goes
};

} // namespace

std::unique_ptr<contract::session<echo>>
make_echo_per_connection(echo::params const& params, echo::environment const& environment) {
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_per_connection(contract::pump::params const& params,
                         contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_per_connection(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_per_connection(contract::accept::params const& params,
                           contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_per_connection(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_per_connection(contract::held::params const& params,
                         contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        make_echo_per_connection(contract::as_echo(params), around));
}

} // namespace thread_model
