// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"
#include "contract/workloads/echo.hpp"

#include <array>

namespace contract {

/// Connections that are held and mostly quiet: the service of `echo`, asked for so little that what
/// counts is what a held connection costs. The load is open: `rate_per_s` messages a second in all,
/// at constant gaps, one connection after another, so that each has its turn every `connections` /
/// `rate_per_s` seconds. A latency is from the intended start. Memory is that of the process tree
/// while all are held.
struct held {
    static constexpr std::string_view name = "held";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::io_bound;
    using environment = echo::environment;

    struct params {
        std::uint64_t connections = 10'000;
        std::uint64_t messages = 20'000;
        std::uint64_t message_bytes = 64;
        std::uint64_t rate_per_s = 10'000;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 100'000, "held at once"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000, "measured round trips"},
        field<params>{"message_bytes", &params::message_bytes, 1, 65'536, "bytes a message"},
        field<params>{"rate_per_s", &params::rate_per_s, 1, 10'000'000,
                      "messages a second, over all connections"},
    };
    using outcome = echo::outcome;
    static constexpr auto outcome_fields = echo::outcome_fields;
};

} // namespace contract
