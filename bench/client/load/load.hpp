// SPDX-License-Identifier: MIT
#pragma once

#include "client/exchange/echo.hpp"

#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>

/// The load generator: a process of its own, so that one client drives every server alike.
namespace client {

/// Addresses of this machine, in host order, from which it may connect.
struct source_addresses {
    std::uint32_t first = 0;
    std::uint32_t count = 0; ///< 0: the kernel chooses
};

/// What is to be sent, and how.
struct load {
    exchange_maker* make_exchange = &make<echo>; ///< what is said
    std::uint32_t address = INADDR_LOOPBACK;     ///< of the server, in host order
    std::uint16_t port = 0;
    /// `accept` takes them in turn: the ports of one would all be waiting after 28,000 connections.
    source_addresses sources = {INADDR_LOOPBACK + 1, 64};
    std::uint64_t connections = 1;
    std::uint64_t messages = 1; ///< measured round trips
    std::uint64_t message_bytes = 64;
    std::uint64_t pipeline = 1; ///< `http`: requests a message
    std::uint64_t body_bytes = 0;
    std::uint64_t backends = 1; ///< `gateway`: that it asks for each message
    std::uint64_t answer_bytes = 1;
    std::optional<std::uint64_t> slow_every; ///< in one message of this many, one of them is slow
    std::uint64_t warm_up = 0;               ///< round trips before the measured window
    std::uint64_t seed = 1;
    std::optional<std::uint64_t> dear_percent; ///< `mixed`: percentage of expensive messages
    /// `accept`: each message has a connection of its own, made as part of its round trip.
    bool reconnect = false;
    double rate_per_s = 0; ///< 0: closed loop
    bool poisson = false;  ///< open loop: exponential gaps instead of constant ones
    /// Open loop: the middle third of the messages comes at this percentage of the rate.
    std::uint64_t surge_percent = 100;
    std::uint64_t burst = 1; ///< open loop: how many messages are due at the same time

    [[nodiscard]] bool has_surge() const noexcept { return surge_percent != 100; }
    std::chrono::seconds timeout{60};
};

/// The server or the machine made it impossible: the text names the cause and the next step.
struct load_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// There is no way to the server at this moment: nothing is known of it.
struct no_route : load_error {
    using load_error::load_error;
};

/// The server did not accept a connection in time.
struct connect_timeout : load_error {
    using load_error::load_error;
};

} // namespace client
