// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"
#include "contract/workloads/echo.hpp"

#include <array>

namespace contract {

/// Bulk streaming, through the model's reads and its writes: the service of `echo`, asked for
/// messages of a MiB. No socket takes such a message at once, so that each connection is a stream
/// in both directions all the time, and what counts is the cost of a byte and not that of a
/// message. The load generator verifies every byte. A model may use other buffers than in `echo`.
struct pump {
    static constexpr std::string_view name = "pump";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::io_bound;
    using environment = echo::environment;

    struct params {
        std::uint64_t connections = 1;
        std::uint64_t messages = 300;
        std::uint64_t message_bytes = 1'048'576;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 10'000, "concurrent streams"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000, "measured round trips"},
        field<params>{"message_bytes", &params::message_bytes, 65'536, 16'777'216,
                      "bytes a message"},
    };
    using outcome = echo::outcome;
    static constexpr auto outcome_fields = echo::outcome_fields;
};

} // namespace contract
