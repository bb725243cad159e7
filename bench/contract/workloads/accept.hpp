// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"
#include "contract/workloads/echo.hpp"

#include <array>

namespace contract {

/// Connections that live for one message: the service of `echo`, but the load generator connects
/// anew for each message, and closes when the reply is complete. `connections` of them are under
/// way at once. A latency is from before the connect to the last byte of the reply. The load
/// generator closes first, so that the ports that wait (TIME_WAIT) are its own; it spreads them
/// over 64 addresses of the loopback network.
struct accept {
    static constexpr std::string_view name = "accept";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::io_bound;
    using environment = echo::environment;

    struct params {
        std::uint64_t connections = 64;
        std::uint64_t messages = 10'000;
        std::uint64_t message_bytes = 64;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 10'000, "at once"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000,
                      "measured connections, one message each"},
        field<params>{"message_bytes", &params::message_bytes, 1, 65'536, "bytes a message"},
    };
    using outcome = echo::outcome;
    static constexpr auto outcome_fields = echo::outcome_fields;
};

} // namespace contract
