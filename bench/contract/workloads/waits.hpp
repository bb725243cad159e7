// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// `waits` timed waits, all in progress at once. Wait `i` lasts `kernel::wait_ns(seed, i, ...)`,
/// drawn from [shortest_us, longest_us]. All waits are started before any is awaited; each ends on
/// its own, never early. Call `probe.begin(i)` right before wait i is armed and `probe.end(i)` as
/// the first thing its continuation does; the harness subtracts the nominal length: what is left is
/// lateness. `timer_slack_us` is how much later than asked the kernel may end a sleep, which lets
/// waits share a wake-up: the harness gives it to the thread that makes the session, whose threads
/// and children inherit it, alike for all models. No model sets it itself. The outcome proves that
/// every wait completed: `checksum` is the wrap-around sum of `kernel::mix(i)` over the completed
/// waits.
struct waits {
    static constexpr std::string_view name = "waits";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t waits = 1'000;
        std::uint64_t shortest_us = 1'000;
        std::uint64_t longest_us = 10'000;
        std::uint64_t timer_slack_us = 0;
    };
    static constexpr std::array fields{
        field<params>{"waits", &params::waits, 1, 1'000'000, "concurrent timed waits"},
        field<params>{"shortest_us", &params::shortest_us, 1, 60'000'000, "microseconds"},
        field<params>{"longest_us", &params::longest_us, 1, 60'000'000, "microseconds"},
        field<params>{
            "timer_slack_us", &params::timer_slack_us, 0, 1'000'000,
            "0: what the system sets; otherwise timer slack of all threads, microseconds"},
    };

    struct outcome {
        std::uint64_t completed = 0;
        std::uint64_t checksum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"completed", &outcome::completed},
        outcome_field<outcome>{"checksum", &outcome::checksum},
    };
};

} // namespace contract
