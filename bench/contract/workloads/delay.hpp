// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// A server that waits inside each request, as for something slow: a request has `message_bytes`
/// bytes, and `delay_us` after its last byte has come, never earlier, the answer is sent, which is
/// the request. The wait is the model's own way to let time pass while others are served: a timer
/// of the loop, a sleep of the unit that serves the connection. Requests arrive on many TCP
/// connections, in any pieces; a peer sends its next request when it has the answer to the last, so
/// that a connection waits for one request at a time and an answer always fits the socket's buffer
/// (a model may close a connection that sends or takes no more than that allows). Everything else
/// is as in `echo`; when the stop descriptor is readable, whoever still waits is closed unanswered.
struct delay {
    static constexpr std::string_view name = "delay";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::server_environment;

    struct params {
        std::uint64_t connections = 1'000;
        std::uint64_t messages = 20'000;
        std::uint64_t message_bytes = 64;
        std::uint64_t delay_us = 10'000;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 100'000, "concurrent connections"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000, "measured requests"},
        field<params>{"message_bytes", &params::message_bytes, 1, 4'096, "bytes a request"},
        field<params>{"delay_us", &params::delay_us, 1, 10'000'000,
                      "from a request to its answer, microseconds"},
    };

    struct outcome {
        std::uint64_t accepted = 0; ///< connections
        std::uint64_t requests = 0; ///< answered
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"accepted", &outcome::accepted},
        outcome_field<outcome>{"requests", &outcome::requests},
    };
};

} // namespace contract
