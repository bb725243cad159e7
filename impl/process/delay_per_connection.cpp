// SPDX-License-Identifier: MIT
// The children of `echo`, pre-forked, one a connection: read a request, sleep, answer.
#include "cells.hpp"
#include "child_limit.hpp"
#include "connection_children.hpp"
#include "kernel/frames.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <sys/socket.h>
#include <thread>

namespace process {
namespace {

using contract::delay;

/// Until the peer closes, resets or is shut down.
void serve_until_closed(int connection, delay::params const& params, delay::outcome& outcome) {
    kernel::frames frames(params.message_bytes);
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
            std::this_thread::sleep_for(std::chrono::microseconds(params.delay_us));
            auto const sent = ::send(connection, message.data(), message.size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(message.size())) return;
            ++outcome.requests;
        }
    }
}

class child_per_connection final : public contract::session<delay> {
public:
    child_per_connection(delay::params const& params, delay::environment const& around)
        : children_(params.connections, around, [params](int connection, delay::outcome& outcome) {
              serve_until_closed(connection, params, outcome);
          }) {}

    delay::outcome run(contract::probe& probe) override {
        delay::outcome outcome;
        for (auto const& [mine] : children_.run(probe)) {
            outcome.accepted += mine.accepted;
            outcome.requests += mine.requests;
        }
        return outcome;
    }

private:
    connection_children<delay::outcome> children_;
};

} // namespace

std::unique_ptr<contract::session<delay>>
make_delay_per_connection(delay::params const& params, delay::environment const& environment) {
    require_children(params.connections, "connection");
    return std::make_unique<child_per_connection>(params, environment);
}

} // namespace process
