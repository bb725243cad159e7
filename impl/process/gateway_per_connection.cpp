// SPDX-License-Identifier: MIT
// The children of `echo`, pre-forked, one a connection, each with sockets of its own to the
// backends: read a request, ask all of them, wait in poll for whoever answers, answer.
#include "asked_backends.hpp"
#include "cells.hpp"
#include "child_limit.hpp"
#include "connection_children.hpp"

namespace process {
namespace {

using contract::gateway;

/// Until the peer closes, resets or is shut down, or a backend has gone.
void serve_until_closed(int connection, asked_backends& backends, gateway::outcome& outcome) {
    kernel::frames frames(kernel::gateway_request_bytes);
    for (;;) {
        auto const room = frames.room();
        auto const received = ::recv(connection, room.data(), room.size(), 0);
        if (received == 0) return;
        if (received < 0) {
            if (errno == EINTR) continue;
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

class child_per_connection final : public contract::session<gateway> {
public:
    child_per_connection(gateway::params const& params, gateway::environment const& around)
        : children_(
              params.connections, contract::listening(around),
              [params, port = around.backend_port](int connection, gateway::outcome& outcome) {
                  try {
                      asked_backends backends(port, params);
                      serve_until_closed(connection, backends, outcome);
                  } catch (std::system_error const&) {
                      // No backend, or no descriptor for it: this client is turned away.
                  }
              }) {}

    gateway::outcome run(contract::probe& probe) override {
        gateway::outcome outcome;
        for (auto const& [mine] : children_.run(probe)) {
            outcome.accepted += mine.accepted;
            outcome.requests += mine.requests;
            outcome.retries += mine.retries;
        }
        return outcome;
    }

private:
    connection_children<gateway::outcome> children_;
};

} // namespace

std::unique_ptr<contract::session<gateway>>
make_gateway_per_connection(gateway::params const& params,
                            gateway::environment const& environment) {
    require_children(params.connections, "connection");
    return std::make_unique<child_per_connection>(params, environment);
}

} // namespace process
