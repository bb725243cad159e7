// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// A keep-alive HTTP/1.1 server. The protocol is `kernel::http_exchange`, one a connection and the
/// same code in every model; the model accepts every connection on `listen_fd`, sets TCP_NODELAY,
/// gives the exchange the bytes that it reads, sends what the exchange has to say before it reads
/// more, and shuts down for writing when the exchange is over and all is sent. It closes when the
/// peer closes, and all that is left when `stop_fd` becomes readable. Peers that reset, half-close,
/// dribble bytes or talk nonsense must not disturb the others, nor must more peers than the process
/// has descriptors for: those wait in the backlog or are turned away.
///
/// A message is `pipeline` requests sent at once; its reply is complete when all are answered, in
/// order, every byte as it should be. `body_bytes` 0 asks for GET, otherwise for POST of that size,
/// which come back. The load is as in `echo`. A model without the parser's library throws
/// `skipped_error` with `kernel::why_no_http()`.
struct http {
    static constexpr std::string_view name = "http";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::server_environment;

    struct params {
        std::uint64_t connections = 64;
        std::uint64_t messages = 40'000;
        std::uint64_t pipeline = 1;
        std::uint64_t body_bytes = 0;
        std::uint64_t rate_per_s = 0;
        std::uint64_t poisson = 0;
        std::uint64_t surge_percent = 100;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 100'000, "concurrent connections"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000, "measured round trips"},
        field<params>{"pipeline", &params::pipeline, 1, 256, "requests a round trip"},
        field<params>{"body_bytes", &params::body_bytes, 0, 1'048'576,
                      "0: GET; otherwise POST with this many bytes"},
        field<params>{"rate_per_s", &params::rate_per_s, 0, 100'000'000,
                      "0: closed loop; otherwise messages per second of an open loop"},
        field<params>{"poisson", &params::poisson, 0, 1, "open loop: 1 Poisson, 0 constant gaps"},
        field<params>{"surge_percent", &params::surge_percent, 1, 10'000,
                      "open loop: the middle third of the messages at this share of the rate, %"},
    };

    struct outcome {
        std::uint64_t accepted = 0;   ///< connections
        std::uint64_t requests = 0;   ///< answered with 200
        std::uint64_t sent_bytes = 0; ///< of replies
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"accepted", &outcome::accepted},
        outcome_field<outcome>{"requests", &outcome::requests},
        outcome_field<outcome>{"sent_bytes", &outcome::sent_bytes},
    };
};

} // namespace contract
