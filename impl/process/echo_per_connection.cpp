// SPDX-License-Identifier: MIT
// A child a connection, which reads and writes with blocking calls until its peer closes.
#include "cells.hpp"
#include "child_limit.hpp"
#include "connection_children.hpp"
#include "contract/echo_service.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <sys/socket.h>

namespace process {
namespace {

using contract::echo;

/// Until the peer closes, resets or is shut down.
void echo_until_closed(int connection, echo::outcome& outcome) {
    std::array<std::byte, 65'536> buffer;
    for (;;) {
        auto const received = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (received == 0) return;
        if (received < 0) {
            if (errno == EINTR) continue;
            return;
        }
        auto rest = std::span(buffer).first(static_cast<std::size_t>(received));
        while (!rest.empty()) {
            auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest = rest.subspan(static_cast<std::size_t>(sent));
                outcome.echoed_bytes += static_cast<std::uint64_t>(sent);
            } else if (errno != EINTR) {
                return;
            }
        }
    }
}

class child_per_connection final : public contract::session<echo> {
public:
    child_per_connection(echo::params const& params, echo::environment const& around)
        : children_(params.connections, around, &echo_until_closed) {}

    echo::outcome run(contract::probe& probe) override {
        echo::outcome outcome;
        for (auto const& [mine] : children_.run(probe)) {
            outcome.accepted += mine.accepted;
            outcome.echoed_bytes += mine.echoed_bytes;
        }
        return outcome;
    }

private:
    connection_children<echo::outcome> children_;
};

} // namespace

std::unique_ptr<contract::session<echo>>
make_echo_per_connection(echo::params const& params, echo::environment const& environment) {
    require_children(params.connections, "connection");
    return std::make_unique<child_per_connection>(params, environment);
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

} // namespace process
