// SPDX-License-Identifier: MIT
// The children of `echo`, pre-forked, one a connection. An expensive one burns where it was read:
// the kernel takes the CPU from that child in time and gives it to the others, so that there is
// nothing to hand over and `offload` changes nothing.
#include "cells.hpp"
#include "child_limit.hpp"
#include "connection_children.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <sys/socket.h>

namespace process {
namespace {

using contract::mixed;

/// Until the peer closes, resets or is shut down.
void serve_until_closed(int connection, mixed::params const& params, mixed::outcome& outcome) {
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
            auto const dear = mixed::is_dear(message.front());
            if (dear) kernel::burn(std::chrono::microseconds(params.burn_us));
            auto const sent = ::send(connection, message.data(), message.size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(message.size())) return;
            ++outcome.requests;
            outcome.dear += dear ? 1 : 0;
        }
    }
}

class child_per_connection final : public contract::session<mixed> {
public:
    child_per_connection(mixed::params const& params, mixed::environment const& around)
        : children_(params.connections, around, [params](int connection, mixed::outcome& outcome) {
              serve_until_closed(connection, params, outcome);
          }) {}

    mixed::outcome run(contract::probe& probe) override {
        mixed::outcome outcome;
        for (auto const& [mine] : children_.run(probe)) {
            outcome.accepted += mine.accepted;
            outcome.requests += mine.requests;
            outcome.dear += mine.dear;
        }
        return outcome;
    }

private:
    connection_children<mixed::outcome> children_;
};

} // namespace

std::unique_ptr<contract::session<mixed>>
make_mixed_per_connection(mixed::params const& params, mixed::environment const& environment) {
    require_children(params.connections, "connection");
    return std::make_unique<child_per_connection>(params, environment);
}

} // namespace process
