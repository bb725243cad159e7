// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>
#include <cstddef>

namespace contract {

/// Echo in which some requests compute. A request has `message_bytes` bytes; if the first of them
/// is 1 the request is expensive, and the model calls `kernel::burn(burn_us)` for it before it
/// answers. The answer is the request, whole. Requests arrive on many TCP connections, in any
/// pieces; a peer sends its next request when it has the answer to the last, so that an answer
/// always fits the socket's buffer (a model may close a connection that takes no more). Everything
/// else is as in `echo`.
///
/// `offload` 0: the model burns where it serves, and what that holds up is what is measured. 1: it
/// takes its own remedy, the one that its documentation gives for work that computes: at most
/// `budget.workers` threads or children burn, beside the thread that serves. A model whose every
/// connection has a thread or a process of its own needs none and does the same at 0 and 1.
struct mixed {
    static constexpr std::string_view name = "mixed";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::mixed;
    using environment = contract::server_environment;

    struct params {
        std::uint64_t connections = 32;
        std::uint64_t messages = 4'000;
        std::uint64_t message_bytes = 64;
        std::uint64_t dear_percent = 2;
        std::uint64_t burn_us = 2'000;
        std::uint64_t offload = 0;
        std::uint64_t rate_per_s = 0;
        std::uint64_t poisson = 0;
        std::uint64_t surge_percent = 100;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 100'000, "concurrent connections"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000, "measured requests"},
        field<params>{"message_bytes", &params::message_bytes, 8, 4'096, "bytes a request"},
        field<params>{"dear_percent", &params::dear_percent, 0, 100, "share that computes, %"},
        field<params>{"burn_us", &params::burn_us, 1, 1'000'000,
                      "CPU time of an expensive request, microseconds"},
        field<params>{"offload", &params::offload, 0, 1, "1: with the model's own remedy"},
        field<params>{"rate_per_s", &params::rate_per_s, 0, 100'000'000,
                      "0: closed loop; otherwise arrivals per second of an open loop"},
        field<params>{"poisson", &params::poisson, 0, 1, "open loop: 1 Poisson, 0 constant gaps"},
        field<params>{"surge_percent", &params::surge_percent, 1, 10'000,
                      "open loop: the middle third of the messages at this share of the rate, %"},
    };

    struct outcome {
        std::uint64_t accepted = 0; ///< connections
        std::uint64_t requests = 0; ///< answered
        std::uint64_t dear = 0;     ///< of them
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"accepted", &outcome::accepted},
        outcome_field<outcome>{"requests", &outcome::requests},
        outcome_field<outcome>{"dear", &outcome::dear},
    };

    [[nodiscard]] static constexpr bool is_dear(std::byte first) noexcept {
        return first == std::byte{1};
    }
};

} // namespace contract
