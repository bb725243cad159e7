// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The model is a client: `requests` requests to the backend at 127.0.0.1:`backend_port`, exactly
/// `in_flight` of them in flight at once, each slot on a TCP connection of its own that is kept and
/// used again (connected inside `make`). Slot `s` issues the requests s, s + in_flight, s + 2 *
/// in_flight, ... one after another. A request is 8 bytes, its index little endian. The backend
/// answers `delay_us` microseconds later with `response_bytes` bytes, `kernel::payload(seed,
/// index)`. Call `probe.begin(index)` before the send and `probe.end(index)` when the last byte is
/// there. `checksum` is the wrap-around sum of `kernel::hash(index, response)` over all responses.
struct fetch {
    static constexpr std::string_view name = "fetch";
    static constexpr auto role = contract::role::client;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::client_environment;
    static constexpr std::string_view backend = "fetch";
    static constexpr std::array<std::string_view, 2> backend_options{"delay_us", "response_bytes"};

    struct params {
        std::uint64_t requests = 2'000;
        std::uint64_t in_flight = 100;
        std::uint64_t delay_us = 5'000;
        std::uint64_t response_bytes = 512;
    };
    static constexpr std::array fields{
        field<params>{"requests", &params::requests, 1, 10'000'000, "requests in all"},
        field<params>{"in_flight", &params::in_flight, 1, 10'000, "requests in flight at once"},
        field<params>{"delay_us", &params::delay_us, 0, 10'000'000,
                      "the backend answers so much later, microseconds"},
        field<params>{"response_bytes", &params::response_bytes, 1, 65'536, "bytes a response"},
    };

    struct outcome {
        std::uint64_t responses = 0;
        std::uint64_t checksum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"responses", &outcome::responses},
        outcome_field<outcome>{"checksum", &outcome::checksum},
    };
};

} // namespace contract
