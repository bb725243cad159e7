// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// What a server needs to listen, of an environment that has more.
template <class... Parts>
[[nodiscard]] server_environment listening(environment<Parts...> const& around) noexcept {
    server_environment found;
    found.limits = around.limits;
    static_cast<has_listener&>(found) = around;
    return found;
}

/// A server that asks others: a request is 8 bytes, a number, and its answer is what `backends`
/// backends say to that number, one after another, `backends` * `answer_bytes` bytes. All of them
/// are asked at once, each over a TCP connection of its own to 127.0.0.1:`backend_port`, which is
/// kept and used again; each client connection has its own, made when it is accepted. (The
/// backends share a port: a question says whom it is for.)
///
/// A question has `kernel::gateway_question_bytes` bytes; its answer comes `delay_us` microseconds
/// later, `kernel::gateway_tag_bytes` bytes that say to which question it belongs, and
/// `answer_bytes` bytes behind them. One question in `slow_every` requests is slow and takes
/// `slow_us`. A backend that has not answered within `limit_us` of the first questions is asked
/// once more, over the same connection and never earlier; then the answer to either question will
/// do. What comes for a request that has its answer already is passed over.
/// `kernel::gateway_request` has the questions, takes the answers and joins them.
///
/// Everything else is as in `delay`: a peer sends its next request when it has the answer to the
/// last, in any pieces; when the stop descriptor is readable, whoever waits is closed unanswered. A
/// client whose backends cannot be reached or have gone is closed.
struct gateway {
    static constexpr std::string_view name = "gateway";
    static constexpr auto role = contract::role::server;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::environment<has_listener, has_backend>;
    static constexpr std::string_view backend = "gateway";
    static constexpr std::array<std::string_view, 5> backend_options{
        "backends", "answer_bytes", "delay_us", "slow_us", "slow_every"};

    struct params {
        std::uint64_t connections = 64;
        std::uint64_t messages = 6'000;
        std::uint64_t backends = 3;
        std::uint64_t answer_bytes = 256;
        std::uint64_t delay_us = 2'000;
        std::uint64_t limit_us = 20'000;
        std::uint64_t slow_us = 200'000;
        std::uint64_t slow_every = 100;
    };
    static constexpr std::array fields{
        field<params>{"connections", &params::connections, 1, 100'000, "concurrent connections"},
        field<params>{"messages", &params::messages, 1, 1'000'000'000, "measured requests"},
        field<params>{"backends", &params::backends, 1, 4, "asked for each request"},
        field<params>{"answer_bytes", &params::answer_bytes, 1, 1'024, "bytes of each backend"},
        field<params>{"delay_us", &params::delay_us, 0, 10'000'000,
                      "from a question to its answer, microseconds"},
        field<params>{"limit_us", &params::limit_us, 1, 10'000'000,
                      "after which a backend is asked again, microseconds"},
        field<params>{"slow_us", &params::slow_us, 1, 10'000'000,
                      "from a slow question to its answer, microseconds"},
        field<params>{"slow_every", &params::slow_every, 0, 1'000'000,
                      "one question in this many requests is slow; 0: none"},
    };

    struct outcome {
        std::uint64_t accepted = 0; ///< connections
        std::uint64_t requests = 0; ///< answered
        std::uint64_t retries = 0;  ///< questions that were asked again
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"accepted", &outcome::accepted},
        outcome_field<outcome>{"requests", &outcome::requests},
        outcome_field<outcome>{"retries", &outcome::retries},
    };
};

} // namespace contract
