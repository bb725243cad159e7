// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// Busy for exactly `spin_us` by the monotonic clock (`kernel::spin_for`): an operation of known
/// length, whose measured length shows the error of the suite.
struct spin {
    static constexpr std::string_view name = "spin";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::self;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t spin_us = 1'000;
    };
    static constexpr std::array fields{
        field<params>{"spin_us", &params::spin_us, 1, 10'000'000, "busy microseconds"},
    };

    struct outcome {
        std::uint64_t spins = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"spins", &outcome::spins},
    };
};

} // namespace contract
