// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// TCP echo. The model accepts every connection on `listen_fd` and sends each byte back, in order,
/// until that peer closes; when `stop_fd` becomes readable it closes what is left and returns. It
/// sets TCP_NODELAY and does not know the message size: a read returns what there is. A peer that
/// resets, half-closes or dribbles bytes must not disturb the others. While the process is out of
/// descriptors, new peers wait in the backlog or are turned away, and those that are connected are
/// served. The outcome counts what the model saw; the harness compares it with what the load
/// generator sent, verified and timed.
///
/// `connections`, `messages`, `message_bytes` and `rate_per_s` shape the load: closed loop at rate
/// 0 (each connection sends its next message when the reply is complete), otherwise open loop, with
/// constant or Poisson arrivals, one by one or in bursts, and latency counted from the intended
/// start.
struct echo {
    static constexpr std::string_view name = "echo";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::server_environment;

    struct params {
        std::uint64_t connections = 64;
        std::uint64_t messages = 50'000;
        std::uint64_t message_bytes = 64;
        std::uint64_t rate_per_s = 0;
        std::uint64_t poisson = 0;
        std::uint64_t surge_percent = 100;
        std::uint64_t burst = 1;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 100'000, "concurrent connections"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000, "measured round trips"},
        field<params>{"message_bytes", &params::message_bytes, 1, 1'048'576, "bytes a message"},
        field<params>{"rate_per_s", &params::rate_per_s, 0, 100'000'000,
                      "0: closed loop; otherwise arrivals per second of an open loop"},
        field<params>{"poisson", &params::poisson, 0, 1, "open loop: 1 Poisson, 0 constant gaps"},
        field<params>{"surge_percent", &params::surge_percent, 1, 10'000,
                      "open loop: the middle third of the messages at this share of the rate, %"},
        field<params>{"burst", &params::burst, 1, 10'000,
                      "open loop: messages due at the same time"},
    };

    struct outcome {
        std::uint64_t accepted = 0;     ///< connections
        std::uint64_t echoed_bytes = 0; ///< bytes sent back
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"accepted", &outcome::accepted},
        outcome_field<outcome>{"echoed_bytes", &outcome::echoed_bytes},
    };
};

} // namespace contract
