// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The seed lesson: `fetches` simulated fetches. Fetch `i` waits `(i + 1) * step_us` microseconds
/// without using the CPU, then yields the value `kernel::fetched_value(seed, i)`. The outcome sums
/// the values with wrap-around. How fetches overlap is the model's nature and the point of the
/// lesson: one after another takes the sum of the waits, all at once the longest.
/// Call `probe.begin(i)` when fetch i starts to wait and `probe.end(i)` when it has its value.
struct fetch_data {
    static constexpr std::string_view name = "fetch_data";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::lesson;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t fetches = 3;
        std::uint64_t step_us = 10'000;
    };
    static constexpr std::array fields{
        field<params>{"fetches", &params::fetches, 1, 1'000, "simulated fetches"},
        field<params>{"step_us", &params::step_us, 1, 10'000'000,
                      "fetch i waits (i + 1) times this long, microseconds"},
    };

    struct outcome {
        std::uint64_t fetched = 0; ///< how many fetches yielded a value
        std::uint64_t sum = 0;     ///< of the values, modulo 2^64
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"fetched", &outcome::fetched},
        outcome_field<outcome>{"sum", &outcome::sum},
    };
};

} // namespace contract
