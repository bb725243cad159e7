// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The cost of cancelling units that wait. `units` units are created, and unit u waits for
/// `kernel::cancel::wait_ns(seed, u)`, a time that never passes. When all of them wait, they are
/// cancelled, each by a request of its own, in the order of `kernel::cancel::order`: `burst`
/// requests, then the units that they went to are joined, then the next burst. Call
/// `probe.begin(u)` right before the request to unit u; u itself calls `probe.end(u)` as the first
/// thing after its wait was cut short, wherever the model lets it clean up. `waiting` is the
/// wrap-around sum of `kernel::cancel::waiting_mark` over the units that waited when the first was
/// cancelled, `cancelled` that of `cancelled_mark`, each computed by the unit in its clean-up, and
/// `joined` counts the joins. A unit whose wait ended in any other way leaves no second mark.
/// Creating the units is part of the run; the latency is of the cancellation alone.
struct cancel {
    static constexpr std::string_view name = "cancel";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t units = 1'000;
        std::uint64_t burst = 1;
    };
    static constexpr std::array fields{
        field<params>{"units", &params::units, 1, 1'000'000, "units that wait together"},
        field<params>{"burst", &params::burst, 1, 1'000'000, "requests before the first join"},
    };

    struct outcome {
        std::uint64_t joined = 0;
        std::uint64_t waiting = 0;
        std::uint64_t cancelled = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"joined", &outcome::joined},
        outcome_field<outcome>{"waiting", &outcome::waiting},
        outcome_field<outcome>{"cancelled", &outcome::cancelled},
    };
};

} // namespace contract
