// SPDX-License-Identifier: MIT
// A child a connection, which reads, parses and answers with blocking calls until its peer closes.
#include "cells.hpp"
#include "child_limit.hpp"
#include "connection_children.hpp"
#include "kernel/http.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <sys/socket.h>

namespace process {
namespace {

using contract::http;

bool serve_once(int connection, kernel::http_exchange& exchange, std::span<std::byte> buffer,
                http::outcome& outcome) {
    auto const received = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (received <= 0) return received < 0 && errno == EINTR;
    exchange.receive(buffer.first(static_cast<std::size_t>(received)));
    for (auto rest = exchange.unsent(); !rest.empty(); rest = exchange.unsent()) {
        auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            exchange.sent(static_cast<std::size_t>(sent));
            outcome.sent_bytes += static_cast<std::uint64_t>(sent);
        } else if (errno != EINTR) {
            return false;
        }
    }
    if (exchange.over()) ::shutdown(connection, SHUT_WR);
    return true;
}

/// Until the peer closes, resets or is shut down.
void serve_until_closed(int connection, http::outcome& outcome) {
    std::array<std::byte, 65'536> buffer;
    kernel::http_exchange exchange;
    while (serve_once(connection, exchange, buffer, outcome)) {
    }
    outcome.requests += exchange.requests();
}

class child_per_connection final : public contract::session<http> {
public:
    child_per_connection(http::params const& params, http::environment const& around)
        : children_(params.connections, around, &serve_until_closed) {}

    http::outcome run(contract::probe& probe) override {
        http::outcome outcome;
        for (auto const& [mine] : children_.run(probe)) {
            outcome.accepted += mine.accepted;
            outcome.requests += mine.requests;
            outcome.sent_bytes += mine.sent_bytes;
        }
        return outcome;
    }

private:
    connection_children<http::outcome> children_;
};

} // namespace

std::unique_ptr<contract::session<http>>
make_http_per_connection(http::params const& params, http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    require_children(params.connections, "connection");
    return std::make_unique<child_per_connection>(params, environment);
}

} // namespace process
